/// A dictionary in parts. A copy shares all parts, and a change copies only its own part: with 10,000 entries, about 40 entries and 256
/// references.
package struct PartitionedDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private static var partCount: Int { 256 }

    private var parts = [[Key: Value]](repeating: [:], count: Self.partCount)
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var keys: some Sequence<Key> { lazy.map(\.key) }
    package var values: some Sequence<Value> { lazy.map(\.value) }

    package subscript(key: Key) -> Value? {
        get { parts[Self.part(of: key)][key] }
        set {
            let part = Self.part(of: key)
            let before = parts[part].count
            parts[part][key] = newValue
            count += parts[part].count - before
        }
    }

    package mutating func removeValue(forKey key: Key) -> Value? {
        let value = self[key]
        if value != nil { self[key] = nil }
        return value
    }

    /// Adds `others`, replacing present values.
    package mutating func merge(_ others: [Key: Value]) {
        for (key, value) in others { self[key] = value }
    }

    package func filter(_ isKept: (Key, Value) -> Bool) -> Self {
        var result = self
        for (key, value) in self where !isKept(key, value) { result[key] = nil }
        return result
    }

    private static func part(of key: Key) -> Int { Int(UInt(bitPattern: key.hashValue) % UInt(partCount)) }
}

extension PartitionedDictionary: Sequence {
    package func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        parts.lazy.joined().makeIterator()
    }
}

extension PartitionedDictionary: Equatable where Value: Equatable {}

extension PartitionedDictionary: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (Key, Value)...) {
        for (key, value) in elements { self[key] = value }
    }
}
