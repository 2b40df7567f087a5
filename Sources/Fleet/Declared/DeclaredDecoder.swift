/// Reads what can be decoded from a ``DeclaredValue``, as from JSON that says the same. Null is not there.
package struct DeclaredDecoder {
    package init() {}

    /// Throws a `DecodingError`, whose path is that of the member.
    package func decode<T: Decodable>(_ type: T.Type, from value: DeclaredValue) throws -> T {
        try Source(value: value, trail: .root).decode(type)
    }
}

/// Where a value is: a list from the inside out, made to an array only for an error.
private indirect enum Trail {
    case root
    case below(Trail, any CodingKey)

    var path: [any CodingKey] {
        var keys: [any CodingKey] = []
        var trail = self
        while case .below(let above, let key) = trail {
            keys.append(key)
            trail = above
        }
        return keys.reversed()
    }
}

/// A place in a list.
private struct IndexKey: CodingKey {
    let index: Int
    var stringValue: String { "Index \(index)" }
    var intValue: Int? { index }

    init(_ index: Int) { self.index = index }
    init?(stringValue: String) { nil }
    init?(intValue: Int) { index = intValue }
}

/// A value that something is decoded from.
private struct Source: Decoder, SingleValueDecodingContainer {
    let value: DeclaredValue
    let trail: Trail
    var codingPath: [any CodingKey] { trail.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: Any].self, "an object") }
        return KeyedDecodingContainer(Members<Key>(members: members, trail: trail))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .list(let entries) = value else { throw mismatch([Any].self, "a list") }
        return Entries(entries: entries, trail: trail)
    }
    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
        .typeMismatch(
            type,
            DecodingError.Context(
                codingPath: codingPath, debugDescription: "Expected \(wanted), found \(value.beginning)"))
    }

    // MARK: One value

    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .boolean(let flag) = value else { throw mismatch(type, "a Boolean") }
        return flag
    }
    func decode(_ type: String.Type) throws -> String {
        guard case .text(let text) = value else { throw mismatch(type, "a text") }
        return text
    }
    func decode(_ type: Double.Type) throws -> Double { Double(try number(type)) }
    func decode(_ type: Float.Type) throws -> Float { Float(try number(type)) }
    func decode(_ type: Int.Type) throws -> Int { try number(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try whole(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try whole(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try whole(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try whole(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try whole(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try whole(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try whole(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try whole(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try whole(type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if let value = value as? T { return value }
        return try type.init(from: self)
    }

    private func number(_ type: Any.Type) throws -> Int {
        guard case .integer(let number) = value else { throw mismatch(type, "a number") }
        return number
    }

    private func whole<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let number = try number(type)
        guard let fitting = T(exactly: number) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "Parsed JSON number \(number) does not fit in \(type)"))
        }
        return fitting
    }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: DeclaredValue]
    let trail: Trail
    var codingPath: [any CodingKey] { trail.path }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) -> Bool { members[key.stringValue] == nil }

    private func source(_ key: Key) throws -> Source {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key,
                DecodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "No value associated with key \"\(key.stringValue)\"."))
        }
        return Source(value: value, trail: .below(trail, key))
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try source(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try source(key).decode(type) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try source(key).decode(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try source(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try source(key).decode(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try source(key).decode(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try source(key).decode(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try source(key).decode(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try source(key).decode(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try source(key).decode(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try source(key).decode(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try source(key).decode(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try source(key).decode(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try source(key).decode(type) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try source(key).decode(type) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    {
        try source(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try source(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
        Source(value: members["super"] ?? .object([:]), trail: trail)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder { try source(key) }
}

private struct Entries: UnkeyedDecodingContainer {
    let entries: [DeclaredValue]
    let trail: Trail
    var codingPath: [any CodingKey] { trail.path }
    var count: Int? { entries.count }
    private(set) var currentIndex = 0
    var isAtEnd: Bool { currentIndex >= entries.count }

    init(entries: [DeclaredValue], trail: Trail) { (self.entries, self.trail) = (entries, trail) }

    private mutating func next() throws -> Source {
        let key = IndexKey(currentIndex)
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Any.self,
                DecodingError.Context(
                    codingPath: codingPath + [key], debugDescription: "The list ends here."))
        }
        defer { currentIndex += 1 }
        return Source(value: entries[currentIndex], trail: .below(trail, key))
    }

    mutating func decodeNil() -> Bool { false }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let source = try next()
        return try source.decode(type)
    }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws
        -> KeyedDecodingContainer<Nested>
    {
        try next().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { try next() }
}
