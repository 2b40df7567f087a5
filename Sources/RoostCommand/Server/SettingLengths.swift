import Wire

/// Values that are too long for their destination are refused when set, with both lengths: all later steps would silently cut them off.
enum SettingLengths {
    /// Bytes of one DHCP option (RFC 2132 §2); firmware does not join several with one number (RFC 3396).
    static let option = 255
    /// Bytes of `file` in a DHCP message without its zero (RFC 2131 §2): a loader's name must fit there, too.
    static let bootFile = 127
    /// Bytes of a DNS name, and of one of its labels (RFC 1035 §2.3.4).
    static let (name, label) = (253, 63)
    /// Bytes of a local socket's path without its zero (unix(7)).
    static let socketPath = 107

    /// The path of a local socket; nil when it is not one.
    static func socketPath(_ text: String) throws -> String? {
        guard text.hasPrefix("/") else { return nil }
        guard text.utf8.count <= socketPath else {
            throw TooLong("the path has \(text.utf8.count) bytes; a local socket's has at most \(socketPath)")
        }
        return text
    }

    /// A domain short enough for every node's name; nil when it is not one. Empty: no domain.
    static func domain(_ text: String) throws -> String? {
        if text.isEmpty { return text }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if let long = labels.first(where: { $0.utf8.count > label }) {
            throw TooLong("‘\(long)’ has \(long.utf8.count) bytes; a label of a domain has at most \(label)")
        }
        let isGood = labels.allSatisfy { part in
            !part.isEmpty && part.first != "-" && part.last != "-"
                && part.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D
                        || $0 == 0x5F
                }
        }
        guard isGood else { return nil }
        // A node's name is one label.
        let most = name - label - 1
        guard text.utf8.count <= most else {
            throw TooLong(
                "the domain has \(text.utf8.count) bytes; with a node's name in front, which may have \(label), \(name) have to do: at most \(most)"
            )
        }
        return text
    }

    /// The file name of a boot loader.
    static func loader(_ text: String) throws -> String? {
        guard text.utf8.count <= bootFile else {
            throw TooLong("the name has \(text.utf8.count) bytes; a DHCP answer has room for \(bootFile)")
        }
        return text.isEmpty ? nil : text
    }

    struct TooLong: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}

extension ServerSettings.Network {
    /// The problem of the options for this network's clients; nil when each fits.
    var lengthProblem: String? {
        // A client that reads the routes takes the router from them (RFC 3442).
        let routeBytes =
            routes.reduce(router == nil ? 0 : 5) { $0 + 5 + ($1.network.prefixLength + 7) / 8 }
        let all =
            [
                ("name-servers", 4 * nameServers.count), ("time-servers", 4 * timeServers.count),
                ("routes", routes.isEmpty ? 0 : routeBytes),
            ] + options.sorted { $0.key < $1.key }.map { ("option \($0.key)", $0.value.count) }
        return all.first { $0.1 > SettingLengths.option }.map {
            "\($0.0): \($0.1) bytes do not fit a DHCP option, which has at most \(SettingLengths.option)"
        }
    }
}
