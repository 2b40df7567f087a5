/// Names one log-in request: when the node asked, by a clock of its boot that is never set, and a random part. A server takes them from a
/// node in the order of that clock, so that one that was recorded and is sent again is known as old, whatever was forgotten meanwhile.
package struct LogInIdentifier: Hashable, Sendable {
    private static let timeDigits = 12, randomDigits = 32

    package let text: String
    /// Milliseconds of the node's boot.
    package let time: Int

    /// - Parameter random: 16 bytes that cannot be guessed.
    package init(time: Int, random: [UInt8]) {
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        self.time = max(0, min(time, 1 << 47))
        let tail = random.prefix(Self.randomDigits / 2).map { digits($0, 2) }.joined()
        text =
            digits(self.time, Self.timeDigits) + "-"
            + tail + String(repeating: "0", count: Self.randomDigits - tail.count)
    }

    /// Nil unless `text` is one.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == Self.timeDigits + 1 + Self.randomDigits,
            bytes[Self.timeDigits] == UInt8(ascii: "-"),
            bytes.enumerated().allSatisfy({ $0 == Self.timeDigits || Self.isDigit($1) }),
            let time = Int(text.prefix(Self.timeDigits), radix: 16)
        else { return nil }
        (self.text, self.time) = (text, time)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension LogInRequest {
    /// Bytes of a request or an answer as it travels.
    package static let byteLimit = 16 << 10
    private static let textByteLimit = 256, keyByteLimit = 1_024, protocolLimit = 8

    /// Whether a server looks at it at all.
    package var isPlausible: Bool {
        let texts = [user, pool] + protocols
        return LogInIdentifier(id) != nil && publicKey.utf8.count <= Self.keyByteLimit
            && protocols.count <= Self.protocolLimit
            && texts.allSatisfy { $0.utf8.count <= Self.textByteLimit }
            && (texts + [publicKey]).allSatisfy { text in
                !text.unicodeScalars.contains { PlainText.isControl($0) }
            }
    }
}
