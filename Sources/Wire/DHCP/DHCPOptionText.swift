/// Option values as people write them: addresses and numbers where an option holds those (RFC 2132; 119: RFC 3397, 138: RFC 5417, 150: RFC
/// 5859), otherwise the text itself.
package enum DHCPOptionText {
    private enum Kind {
        case addresses, flag, domains
        /// A number of this many bytes.
        case number(Int)
    }

    /// The bytes of `text`; nil when it does not fit the option, see ``expectation(of:)``.
    package static func bytes(_ text: String, for code: UInt8) -> [UInt8]? {
        switch kind(of: code) {
        case .addresses:
            let words = text.split { $0 == "," || $0 == " " }
            let addresses = words.compactMap { IPv4Address($0) }
            guard !words.isEmpty, addresses.count == words.count else { return nil }
            var bytes: [UInt8] = []
            for address in addresses { address.write(to: &bytes) }
            return bytes
        case .domains:
            let domains = text.split { $0 == "," || $0 == " " }
            let encoded = domains.compactMap(domain)
            return domains.isEmpty || encoded.count != domains.count ? nil : encoded.flatMap(\.self)
        case .flag:
            switch text.lowercased() {
            case "yes", "true", "on", "1": return [1]
            case "no", "false", "off", "0": return [0]
            default: return nil
            }
        case .number(let byteCount):
            // Only the time offset (option 2) can be negative.
            guard let number = Int64(text), number < 1 << Int64(8 * byteCount),
                number >= (code == 2 ? Int64(Int32.min) : 0)
            else { return nil }
            return (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) }
        case nil: return Array(text.utf8)
        }
    }

    /// Describes what the option holds; nil for text.
    package static func expectation(of code: UInt8) -> String? {
        switch kind(of: code) {
        case .addresses: "one or more IPv4 addresses"
        case .domains: "one or more domains"
        case .flag: "yes or no"
        case .number(let byteCount): "a whole number of \(8 * byteCount) bits"
        case nil: nil
        }
    }

    /// Length-prefixed labels, ending with the root (RFC 1035 §3.1).
    private static func domain(_ text: Substring) -> [UInt8]? {
        let labels = (text.hasSuffix(".") ? text.dropLast() : text).split(
            separator: ".", omittingEmptySubsequences: false)
        guard
            labels.allSatisfy({
                (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            })
        else { return nil }
        return labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func kind(of code: UInt8) -> Kind? {
        switch code {
        case 1, 3...11, 16, 21, 28, 32, 33, 41, 42, 44, 45, 48, 49, 65, 68...76, 138, 150: .addresses
        case 119: .domains
        case 19, 20, 27, 29...31, 34, 36, 39: .flag
        case 23, 37, 46, 116: .number(1)
        case 13, 22, 26, 57: .number(2)
        case 2, 24, 35, 38, 58, 59, 108: .number(4)
        default: nil
        }
    }
}
