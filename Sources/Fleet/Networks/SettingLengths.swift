import Wire

/// What does not fit where it has to go is refused when it is set, with both numbers: everything behind here would cut it in silence.
package enum SettingLengths {
    /// Bytes of one DHCP option (RFC 2132 §2); more of them under one number (RFC 3396) firmware does not put together.
    static let option = 255
    /// Of `file` in a DHCP message without its zero (RFC 2131 §2): where a loader's name has to fit as well.
    private static let bootFile = 127
    /// Of a name in the DNS, and of one label of it (RFC 1035 §2.3.4).
    private static let (name, label) = (253, 63)
    /// Of a local socket's path without its zero (unix(7)).
    private static let socketPath = 107

    /// The path of a local socket; nil for what is none.
    package static func socketPath(_ text: String) throws -> String? {
        guard text.hasPrefix("/") else { return nil }
        guard text.utf8.count <= socketPath else {
            throw TooLong(
                "the path has \(text.utf8.count) bytes; the path of a local socket has at most \(socketPath)")
        }
        return text
    }

    /// A domain that every node's name fits in front of; nil for what is none. Empty: there is none.
    package static func domain(_ text: String) throws -> String? {
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

    /// The same, for those who have to have one.
    static func requireDomain(_ text: String) throws(InvalidSetting) -> String {
        do {
            guard let domain = try domain(text) else { throw TooLong("‘\(text)’ is not a domain") }
            return domain
        } catch {
            throw InvalidSetting("domain: \(error)")
        }
    }

    /// The name of a boot loader's file.
    package static func loader(_ text: String) throws -> String? {
        guard text.utf8.count <= bootFile else {
            throw TooLong("the name has \(text.utf8.count) bytes; a DHCP answer has room for \(bootFile)")
        }
        return text.isEmpty ? nil : text
    }

    package struct TooLong: Error, CustomStringConvertible {
        let sentence: Sentence
        init(_ sentence: Sentence) { self.sentence = sentence }

        package var description: String { sentence.english }
    }
}

extension Network {
    /// What is wrong with the options that this network's clients would be told; nil when each fits.
    package var lengthProblem: Sentence? {
        // A client that reads the routes reads the router from among them (RFC 3442).
        let routeBytes =
            routes.reduce(router == nil ? 0 : 5) { $0 + 5 + ($1.network.prefixLength + 7) / 8 }
        let all =
            [
                ("name-servers", 4 * nameServers.count), ("time-servers", 4 * timeServers.count),
                ("routes", routes.isEmpty ? 0 : routeBytes),
            ] + options.bytes.sorted { $0.key < $1.key }.map { ("option \($0.key)", $0.value.count) }
        return all.first { $0.1 > SettingLengths.option }.map {
            "\($0.0): \($0.1) bytes do not fit a DHCP option, which has at most \(SettingLengths.option)"
        }
    }
}
