import Wire

/// A number with or without a fraction. Files have one with a fraction as text.
struct WrittenNumber: Decodable, Sendable {
    var value: Double

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            value = number
            return
        }
        let text = try container.decode(String.self)
        guard let number = Double(text), number.isFinite else {
            throw DecodingError.unreadable("‘\(text)’ is not a number", in: container)
        }
        value = number
    }
}
