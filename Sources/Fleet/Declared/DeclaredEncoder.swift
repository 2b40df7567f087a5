/// Makes a ``DeclaredValue`` of what can be encoded, as JSON would have it, without any text between: a fleet has a value of each record.
package struct DeclaredEncoder {
    package init() {}

    /// - Returns: nil where nothing was encoded, or nothing but null.
    package func value(of value: some Encodable) throws -> DeclaredValue? { try Self.value(of: value) }

    fileprivate static func value<T: Encodable>(of value: T) throws -> DeclaredValue? {
        switch value {
        case let text as String: return .text(text)
        case let flag as Bool: return .boolean(flag)
        case let number as Int: return .integer(number)
        default:
            let slot = Slot()
            try value.encode(to: SlotEncoder(slot: slot))
            return slot.value
        }
    }

    fileprivate static func number(_ number: some BinaryInteger) -> DeclaredValue {
        Int(exactly: number).map { .integer($0) } ?? .text("\(Double(number))")
    }

    /// What is no whole number is text in files.
    fileprivate static func number(_ number: Double) -> DeclaredValue {
        Int(exactly: number).map { .integer($0) } ?? .text("\(number)")
    }
}

/// What one value has encoded so far.
private final class Slot {
    var single: DeclaredValue?
    var members: [String: DeclaredValue]?
    var entries: [DeclaredValue]?
    /// Members and entries that others still write to.
    var open: [(name: String?, slot: Slot)] = []

    var value: DeclaredValue? {
        for (name, slot) in open {
            guard let value = slot.value else { continue }
            if let name { members?[name] = value } else { entries?.append(value) }
        }
        open = []
        return members.map { .object($0) } ?? entries.map { .list($0) } ?? single
    }

    func opened(_ name: String?) -> Slot {
        let slot = Slot()
        open.append((name, slot))
        return slot
    }
}

private struct SlotEncoder: Encoder {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        if slot.members == nil { slot.members = [:] }
        return KeyedEncodingContainer(Members<Key>(slot: slot))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if slot.entries == nil { slot.entries = [] }
        return Entries(slot: slot)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { One(slot: slot) }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {}
    func encode(_ value: Bool, forKey key: Key) { put(.boolean(value), key) }
    func encode(_ value: String, forKey key: Key) { put(.text(value), key) }
    func encode(_ value: Double, forKey key: Key) { put(DeclaredEncoder.number(value), key) }
    func encode(_ value: Int, forKey key: Key) { put(.integer(value), key) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        if let value = try DeclaredEncoder.value(of: value) { put(value, key) }
    }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key)
        -> KeyedEncodingContainer<Nested>
    {
        SlotEncoder(slot: slot.opened(key.stringValue)).container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        SlotEncoder(slot: slot.opened(key.stringValue)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { SlotEncoder(slot: slot.opened("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { SlotEncoder(slot: slot.opened(key.stringValue)) }

    private func put(_ value: DeclaredValue, _ key: Key) { slot.members?[key.stringValue] = value }
}

private struct Entries: UnkeyedEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var count: Int { (slot.entries?.count ?? 0) + slot.open.count }

    func encodeNil() {}
    func encode<T: Encodable>(_ value: T) throws {
        if let value = try DeclaredEncoder.value(of: value) { slot.entries?.append(value) }
    }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
        SlotEncoder(slot: slot.opened(nil)).container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        SlotEncoder(slot: slot.opened(nil)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { SlotEncoder(slot: slot.opened(nil)) }
}

private struct One: SingleValueEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil() {}
    func encode(_ value: Bool) { slot.single = .boolean(value) }
    func encode(_ value: String) { slot.single = .text(value) }
    func encode(_ value: Double) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: Float) { slot.single = Double("\(value)").map(DeclaredEncoder.number) }
    func encode(_ value: Int) { slot.single = .integer(value) }
    func encode(_ value: Int8) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: Int16) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: Int32) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: Int64) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: UInt) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: UInt8) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: UInt16) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: UInt32) { slot.single = DeclaredEncoder.number(value) }
    func encode(_ value: UInt64) { slot.single = DeclaredEncoder.number(value) }
    func encode<T: Encodable>(_ value: T) throws { slot.single = try DeclaredEncoder.value(of: value) }
}
