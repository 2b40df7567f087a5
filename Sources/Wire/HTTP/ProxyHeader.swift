/// What a proxy sends first about the connection that it passes on (HAProxy's PROXY protocol, versions 1 and 2).
package struct ProxyHeader: Equatable, Sendable {
    /// The proxy's client; nil when the proxy speaks for itself or does not know.
    package var client: IPAddress?
    /// Bytes of the header.
    package var byteCount: Int

    /// Limit for version 1, including its line end (§2.1).
    private static let lineLimit = 107
    /// Limit for version 2 after the fixed sixteen bytes: addresses and whatever else proxies add.
    private static let restLimit = 4_096
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Reads the header at the beginning of `bytes`.
    ///
    /// - Returns: nil while it is incomplete.
    /// - Throws: `invalid` when there is none, `tooLong` when it is longer than one may be.
    package static func read(_ bytes: [UInt8]) throws(WireError) -> ProxyHeader? {
        guard bytes.first == signature.first else { return try line(bytes) }
        guard bytes.prefix(12).elementsEqual(signature.prefix(bytes.count)) else {
            throw .invalid("PROXY signature")
        }
        return bytes.count < 16 ? nil : try binary(bytes)
    }

    // MARK: Version 1

    private static func line(_ bytes: [UInt8]) throws(WireError) -> ProxyHeader? {
        let word = Array("PROXY ".utf8)
        guard bytes.prefix(6).elementsEqual(word.prefix(bytes.count)) else { throw .invalid("PROXY") }
        guard let end = bytes.prefix(lineLimit).firstIndex(of: 0x0A) else {
            guard bytes.count < lineLimit else {
                throw .tooLong("PROXY line", count: bytes.count, limit: lineLimit)
            }
            return nil
        }
        guard end > 6, bytes[end - 1] == 0x0D,
            let text = String(validating: bytes[6..<(end - 1)], as: UTF8.self)
        else { throw .invalid("PROXY line") }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        if words[0] == "UNKNOWN" { return ProxyHeader(client: nil, byteCount: end + 1) }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6", let client = IPAddress(words[1]),
            IPAddress(words[2]) != nil, UInt16(words[3]) != nil, UInt16(words[4]) != nil
        else { throw .invalid("PROXY line") }
        return ProxyHeader(client: client, byteCount: end + 1)
    }

    // MARK: Version 2

    private static func binary(_ bytes: [UInt8]) throws(WireError) -> ProxyHeader? {
        guard bytes[12] >> 4 == 2, bytes[12] & 0xF <= 1 else { throw .invalid("PROXY version") }
        let count = Int(bytes[14]) << 8 | Int(bytes[15])
        guard count <= restLimit else { throw .tooLong("PROXY header", count: count, limit: restLimit) }
        guard bytes.count >= 16 + count else { return nil }
        let rest = Array(bytes[16..<(16 + count)])
        // LOCAL: the proxy checks that the server is alive. Families other than IPv4 and IPv6 carry no usable address.
        let isProxied = bytes[12] & 0xF == 1
        let addressLength: Int? =
            switch bytes[13] >> 4 {
            case 1: 4
            case 2: 16
            default: nil
            }
        guard isProxied, let addressLength else { return ProxyHeader(client: nil, byteCount: 16 + count) }
        guard rest.count >= 2 * addressLength + 4 else {
            throw .truncated(needed: 2 * addressLength + 4, left: rest.count)
        }
        return ProxyHeader(
            client: IPAddress(bytes: Array(rest.prefix(addressLength))), byteCount: 16 + count)
    }
}
