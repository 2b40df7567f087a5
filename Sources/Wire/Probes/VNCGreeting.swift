/// The first words of a VNC server (RFC 6143 §7.1.1): `RFB 003.008` and a line feed.
package struct VNCGreeting: Equatable, Sendable {
    package var major: Int
    package var minor: Int

    package static let byteCount = 12

    package init(major: Int, minor: Int) { (self.major, self.minor) = (major, minor) }

    /// Looks for it at the front of `bytes`.
    ///
    /// - Returns: nil while it has not arrived whole.
    package static func find(in bytes: [UInt8]) throws(WireError) -> Self? {
        let form = Array("RFB xxx.yyy\n".utf8)
        for (byte, expected) in zip(bytes, form) {
            let isDigit = expected == UInt8(ascii: "x") || expected == UInt8(ascii: "y")
            guard isDigit ? (48...57).contains(byte) : byte == expected else {
                throw .invalid("ProtocolVersion")
            }
        }
        guard bytes.count >= byteCount else { return nil }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 48 } }
        return Self(major: number(4..<7), minor: number(8..<11))
    }
}
