/// A value that JSON has as the text that people write.
package protocol TextCoded: Codable, CustomStringConvertible {
    /// What such a text is, for those who wrote another: `a range such as 10.77.0.100-10.77.0.200`.
    static var form: String { get }

    /// Nil for another text.
    init?(_ text: String)
}

extension TextCoded {
    package init(from decoder: any Decoder) throws { try self.init(textFrom: decoder) }
    package func encode(to encoder: any Encoder) throws { try encode(textTo: encoder) }

    /// Types with a raw value call this themselves: the standard library would have them read as that.
    init(textFrom decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.unreadable("‘\(text)’ is not \(Self.form)", in: container)
        }
        self = value
    }

    func encode(textTo encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
