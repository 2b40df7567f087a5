import Wire

/// Further DHCP options that a network's clients are told, by their numbers, as people write them.
package struct NetworkOptions: Equatable, Sendable {
    /// Bytes of all together: more of them do not fit a DHCP message.
    private static let byteLimit = 1_024
    /// The address, the lease's time, the kind of message, who speaks to whom: the server makes these itself.
    private static let own: Set<UInt8> = [50, 51, 52, 53, 54, 55, 61, 82]

    package let texts: [UInt8: String]
    package let bytes: [UInt8: [UInt8]]

    package init() { (texts, bytes) = ([:], [:]) }

    /// - Parameter texts: by number; bytes begin with `0x`.
    package init(_ texts: [String: String]) throws(InvalidSetting) {
        var values: [UInt8: [UInt8]] = [:]
        var written: [UInt8: String] = [:]
        for (key, text) in texts {
            guard let code = UInt8(key), (1...254).contains(code) else {
                throw InvalidSetting("‘\(key)’ is not an option's number, 1 to 254")
            }
            // As ‘66’ and as ‘066’: which of them counted would be chance.
            guard values[code] == nil else { throw InvalidSetting("option \(code) is given twice") }
            guard !Self.own.contains(code) else {
                throw InvalidSetting("option \(code) is set by the server itself")
            }
            (values[code], written[code]) = (try Self.bytes(text, for: code), text)
        }
        let byteCount = values.values.reduce(0) { $0 + $1.count }
        guard byteCount <= Self.byteLimit else {
            throw InvalidSetting(
                "\(byteCount) bytes of options do not fit into a DHCP message, which has room for \(Self.byteLimit)"
            )
        }
        (self.texts, bytes) = (written, values)
    }

    private static func bytes(_ text: String, for code: UInt8) throws(InvalidSetting) -> [UInt8] {
        if text.hasPrefix("0x") {
            guard let bytes = HexadecimalText.bytes(text.dropFirst(2)) else {
                throw InvalidSetting("option \(code): ‘\(text)’ is not bytes in hexadecimal")
            }
            return bytes
        }
        guard let bytes = DHCPOptionText.bytes(text, for: code) else {
            let expected = Sentence(phrase: DHCPOptionText.expectation(of: code) ?? "text")
            throw InvalidSetting("option \(code): ‘\(text)’ is not \(expected) (bytes begin with 0x)")
        }
        return bytes
    }
}

extension NetworkOptions: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do throws(InvalidSetting) {
            self = try Self((try? container.decode([String: String].self)) ?? ["options": ""])
        } catch {
            throw DecodingError.unreadable(error.description, in: container)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Dictionary(uniqueKeysWithValues: texts.map { ("\($0.key)", $0.value) }))
    }
}

/// Bytes as hexadecimal digits, which may have colons and blanks between them.
enum HexadecimalText {
    /// Nil for what is none, or empty.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.filter { $0 != ":" && $0 != " " })
        guard !digits.isEmpty, digits.count.isMultiple(of: 2),
            digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
