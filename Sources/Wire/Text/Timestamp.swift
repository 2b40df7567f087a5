/// The precision of a ``Timestamp``.
package protocol TimestampUnit: Sendable {
    static func text(_ count: Int) -> String
    /// - Parameter milliseconds: since 1970.
    static func count(ofMilliseconds milliseconds: Int) -> Int
}

/// Seconds since 1970.
package enum Seconds: TimestampUnit {
    package static func text(_ count: Int) -> String { RFC3339.text(seconds: count) }
    package static func count(ofMilliseconds milliseconds: Int) -> Int { milliseconds / 1_000 }
}

/// Milliseconds since 1970.
package enum Milliseconds: TimestampUnit {
    package static func text(_ count: Int) -> String { RFC3339.text(milliseconds: count) }
    package static func count(ofMilliseconds milliseconds: Int) -> Int { milliseconds }
}

/// A number, or an optional one.
package protocol TimestampValue: Hashable, Sendable {
    /// Nil where a number is required.
    init?(count: Int?)
    var count: Int? { get }
}

extension Int: TimestampValue {
    package init?(count: Int?) {
        guard let count else { return nil }
        self = count
    }
    package var count: Int? { self }
}

extension Int?: TimestampValue {
    package init?(count: Int?) { self = count }
    package var count: Int? { self }
}

/// A moment that is text in JSON, `2026-11-29T04:55:45Z` (RFC 3339), and a number in the program. An optional property without a value is
/// left out.
///
/// A number in JSON is accepted in its unit: servers and clients before version 0.2 wrote numbers, and stores still do.
@propertyWrapper package struct Timestamp<Unit: TimestampUnit, Value: TimestampValue>: Hashable, Sendable {
    package var wrappedValue: Value

    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A moment to the second.
package typealias SecondTimestamp<Value: TimestampValue> = Timestamp<Seconds, Value>
/// A moment to the millisecond.
package typealias MillisecondTimestamp<Value: TimestampValue> = Timestamp<Milliseconds, Value>

extension CodingUserInfoKey {
    /// True for encoders that write moments as numbers: stores do, so that programs before version 0.2 can read them.
    package static var timestampsAreNumbers: Self? { Self(rawValue: "timestampsAreNumbers") }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil(), let none = Value(count: nil) {
            self.init(wrappedValue: none)
            return
        }
        let count: Int
        if let number = try? container.decode(Int.self) {
            count = number
        } else {
            let text = try container.decode(String.self)
            do throws(UnreadableMoment) {
                count = Unit.count(ofMilliseconds: try MomentText.milliseconds(text, .whole))
            } catch {
                throw DecodingError.unreadable(error.description, in: container)
            }
        }
        guard let value = Value(count: count) else {
            throw DecodingError.unreadable("the time is missing", in: container)
        }
        self.init(wrappedValue: value)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let count = wrappedValue.count else { return try container.encodeNil() }
        if let key = CodingUserInfoKey.timestampsAreNumbers, encoder.userInfo[key] as? Bool == true {
            try container.encode(count)
        } else {
            try container.encode(Unit.text(count))
        }
    }
}

// Synthesised `Codable` finds these for optional properties: no moment, no key.
extension KeyedDecodingContainer {
    package func decode<Unit>(
        _ type: Timestamp<Unit, Int?>.Type, forKey key: Key
    ) throws -> Timestamp<Unit, Int?> {
        Timestamp(wrappedValue: try decodeIfPresent(Timestamp<Unit, Int>.self, forKey: key)?.wrappedValue)
    }
}

extension KeyedEncodingContainer {
    package mutating func encode<Unit>(_ value: Timestamp<Unit, Int?>, forKey key: Key) throws {
        guard let count = value.wrappedValue else { return }
        try encode(Timestamp<Unit, Int>(wrappedValue: count), forKey: key)
    }
}
