/// What a member of a record in a file may be.
package indirect enum FieldForm: Equatable, Sendable {
    /// - Parameter hint: what such a text is; empty where there is nothing to say.
    case text(hint: String)
    case choice([String])
    case integer
    /// With or without a fraction.
    case number
    case boolean
    case list(FieldForm)
    /// Texts by name.
    case map
    case object([RecordField])
    /// Settings by name.
    case settings
}

/// A member of a record in a file.
package struct RecordField: Equatable, Sendable {
    package var name: String
    package var form: FieldForm
    package var isRequired: Bool

    package init(name: String, form: FieldForm, isRequired: Bool) {
        (self.name, self.form, self.isRequired) = (name, form, isRequired)
    }
}

extension DeclaredForm {
    /// The members of such records, found by what they are read from, so that none can be forgotten.
    package static var fields: [RecordField] {
        guard case .object(let fields) = FieldDiscovery.form(of: Self.self) else { return [] }
        return fields
    }
}

extension DeclaredForms {
    /// The members of each kind of record, by the list that has them.
    package static let fields: [String: [RecordField]] = Dictionary(
        uniqueKeysWithValues: all.map { ($0.member, $0.fields) })
}

extension FieldForm {
    /// What a request is read from. What cannot be found out wholly is left open: it is an object without members.
    package static func request(_ type: any Decodable.Type) -> FieldForm {
        FieldDiscovery.form(of: type, leavingOpen: true)
    }
}

/// A type that says itself what it is read from: it reads one member or another.
package protocol StatedForm {
    static var form: FieldForm { get }
}

/// Finds out what a type is read from, by letting it read.
enum FieldDiscovery {
    /// - Parameter leavingOpen: whether the members of what did not read to its end are unknown; otherwise they are those that it read.
    static func form(of type: any Decodable.Type, leavingOpen: Bool = false) -> FieldForm {
        if leavingOpen, let stated = type as? any StatedForm.Type { return stated.form }
        if let words = words(of: type) { return .choice(words) }
        if let list = type as? any ListShape.Type {
            return .list(form(of: list.entry, leavingOpen: leavingOpen))
        }
        let reader = Reader(leavingOpen: leavingOpen)
        // What it is given instead of values may not please it; what it asked for is known by then.
        let value = try? type.init(from: reader)
        switch reader.seen.form {
        case .text: return .text(hint: (type as? any WrittenAsText.Type)?.form ?? "")
        case let form?: return form
        case nil: return .object(leavingOpen && value == nil ? [] : reader.seen.fields)
        }
    }

    private static func words(of type: any Decodable.Type) -> [String]? {
        func words<Choice: CaseIterable>(_: Choice.Type) -> [String]? {
            let words = Choice.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return words.isEmpty ? nil : words
        }
        return (type as? any CaseIterable.Type).flatMap { words($0) }
    }

    /// Some value of a type, for what a record requires.
    private static func sample<T: Decodable>(_ type: T.Type) throws -> T {
        if let list = type as? any ListShape.Type, let value = list.none as? T { return value }
        for text in (words(of: type) ?? []).prefix(1) + ["a", "/a", "10.0.0.1", "02:00:00:00:00:01", "a@a"] {
            if let value = try? T(from: SampleDecoder(text: text)) { return value }
        }
        throw Nothing()
    }

    private struct Nothing: Error {}

    private final class Seen {
        var form: FieldForm?
        var fields: [RecordField] = []
    }

    private struct Reader: Decoder {
        let leavingOpen: Bool
        let seen = Seen()
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
            KeyedDecodingContainer(Members<Key>(leavingOpen: leavingOpen, seen: seen))
        }
        func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Nothing() }
        func singleValueContainer() throws -> any SingleValueDecodingContainer {
            One(leavingOpen: leavingOpen, seen: seen)
        }
    }

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let leavingOpen: Bool
        let seen: Seen
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        private func note(_ key: Key, _ type: any Decodable.Type, isRequired: Bool) {
            guard !seen.fields.contains(where: { $0.name == key.stringValue }) else { return }
            let form = FieldDiscovery.form(of: type, leavingOpen: leavingOpen)
            seen.fields.append(RecordField(name: key.stringValue, form: form, isRequired: isRequired))
        }
        private func required<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T {
            note(key, type, isRequired: true)
            return try FieldDiscovery.sample(type)
        }
        private func optional<T: Decodable>(_ type: T.Type, _ key: Key) -> T? {
            note(key, type, isRequired: false)
            return nil
        }

        func contains(_ key: Key) -> Bool { false }
        func decodeNil(forKey key: Key) throws -> Bool { true }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try required(type, key) }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try required(type, key) }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try required(type, key) }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try required(type, key) }
        func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try required(type, key) }
        func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try required(type, key) }
        func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try required(type, key) }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try required(type, key) }
        func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try required(type, key) }
        func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try required(type, key) }
        func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try required(type, key) }
        func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try required(type, key) }
        func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try required(type, key) }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try required(type, key) }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { throw Nothing() }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            optional(type, key)
        }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { optional(type, key) }
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { optional(type, key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { optional(type, key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { optional(type, key) }
        func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { optional(type, key) }
        func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { optional(type, key) }
        func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { optional(type, key) }

        func nestedContainer<Inner: CodingKey>(keyedBy: Inner.Type, forKey: Key) throws
            -> KeyedDecodingContainer<Inner>
        { throw Nothing() }
        func nestedUnkeyedContainer(forKey: Key) throws -> any UnkeyedDecodingContainer { throw Nothing() }
        func superDecoder() throws -> any Decoder { throw Nothing() }
        func superDecoder(forKey: Key) throws -> any Decoder { throw Nothing() }
    }

    /// A type that is read from one value.
    private struct One: SingleValueDecodingContainer {
        let leavingOpen: Bool
        let seen: Seen
        var codingPath: [any CodingKey] { [] }

        private func note<T>(_ form: FieldForm) throws -> T {
            if seen.form == nil { seen.form = form }
            throw Nothing()
        }

        func decodeNil() -> Bool { false }
        func decode(_: Bool.Type) throws -> Bool { try note(.boolean) }
        func decode(_: String.Type) throws -> String { try note(.text(hint: "")) }
        func decode(_: Double.Type) throws -> Double { try note(.number) }
        func decode(_: Float.Type) throws -> Float { throw Nothing() }
        func decode(_: Int.Type) throws -> Int { try note(.integer) }
        func decode(_: Int8.Type) throws -> Int8 { try note(.integer) }
        func decode(_: Int16.Type) throws -> Int16 { try note(.integer) }
        func decode(_: Int32.Type) throws -> Int32 { try note(.integer) }
        func decode(_: Int64.Type) throws -> Int64 { try note(.integer) }
        func decode(_: UInt.Type) throws -> UInt { try note(.integer) }
        func decode(_: UInt8.Type) throws -> UInt8 { try note(.integer) }
        func decode(_: UInt16.Type) throws -> UInt16 { try note(.integer) }
        func decode(_: UInt32.Type) throws -> UInt32 { try note(.integer) }
        func decode(_: UInt64.Type) throws -> UInt64 { try note(.integer) }
        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            if type == [String: SettingValue].self { return try note(.settings) }
            if type == [String: String].self { return try note(.map) }
            return try note(FieldDiscovery.form(of: type, leavingOpen: leavingOpen))
        }
    }
}

/// A list, whose entries have a form.
private protocol ListShape {
    static var entry: any Decodable.Type { get }
    static var none: Self { get }
}

extension Array: ListShape where Element: Decodable {
    static var entry: any Decodable.Type { Element.self }
    static var none: Self { [] }
}

/// Gives one text, or zero, to whatever is read from it.
private struct SampleDecoder: Decoder, SingleValueDecodingContainer {
    let text: String
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private struct NotSimple: Error {}

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw NotSimple()
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw NotSimple() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { false }
    func decode(_: Bool.Type) throws -> Bool { false }
    func decode(_: String.Type) throws -> String { text }
    func decode(_: Double.Type) throws -> Double { 0 }
    func decode(_: Float.Type) throws -> Float { 0 }
    func decode(_: Int.Type) throws -> Int { 0 }
    func decode(_: Int8.Type) throws -> Int8 { 0 }
    func decode(_: Int16.Type) throws -> Int16 { 0 }
    func decode(_: Int32.Type) throws -> Int32 { 0 }
    func decode(_: Int64.Type) throws -> Int64 { 0 }
    func decode(_: UInt.Type) throws -> UInt { 0 }
    func decode(_: UInt8.Type) throws -> UInt8 { 0 }
    func decode(_: UInt16.Type) throws -> UInt16 { 0 }
    func decode(_: UInt32.Type) throws -> UInt32 { 0 }
    func decode(_: UInt64.Type) throws -> UInt64 { 0 }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try type.init(from: self) }
}
