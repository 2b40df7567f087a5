@testable import Center

/// The keys of a view type with their kinds, derived by decoding an example.
final class ViewSchema {
    indirect enum Value {
        case text
        case number
        case flag
        case view(ViewSchema)
        case list(Self)
    }

    struct Key {
        var value: Value
        var isOptional = false
    }

    let type: any View.Type
    fileprivate(set) var keys: [String: Key] = [:]

    /// The name of its template, if it has one.
    var template: String? { (type as? any TemplateView.Type)?.template.name }

    private init(_ type: any View.Type) { self.type = type }

    /// One schema per type: a key is used if any template shows it.
    final class Book {
        private(set) var schemas: [ObjectIdentifier: ViewSchema] = [:]

        func schema<V: View>(of type: V.Type) throws -> ViewSchema {
            if let known = schemas[ObjectIdentifier(type)] { return known }
            let schema = ViewSchema(type)
            _ = try V(from: SchemaDecoder(book: self, filling: schema))
            schemas[ObjectIdentifier(type)] = schema
            return schema
        }
    }
}

/// A text, a number or a boolean: other properties are views or lists.
private struct UnknownValue: Error {
    var type: String
}

private struct SchemaDecoder: Decoder {
    let book: ViewSchema.Book
    /// Nil in a list.
    var filling: ViewSchema?
    var entry: EntryBox?

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(book: ViewSchema.Book, filling: ViewSchema) {
        self.book = book
        self.filling = filling
    }

    init(book: ViewSchema.Book, entry: EntryBox) {
        self.book = book
        self.entry = entry
    }

    /// The kind of a list's entries.
    final class EntryBox {
        var value: ViewSchema.Value?
    }

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let filling else { throw UnknownValue(type: "\(type)") }
        return KeyedDecodingContainer(Properties(book: book, schema: filling))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let entry else { throw UnknownValue(type: "list") }
        return Entries(book: book, entry: entry)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw UnknownValue(type: "single value")
    }

    /// An example of `type` with its kind.
    static func example<T: Decodable>(_ type: T.Type, in book: ViewSchema.Book) throws -> (
        T, ViewSchema.Value
    ) {
        if let text = "" as? T { return (text, .text) }
        if let number = 0 as? T { return (number, .number) }
        if let flag = false as? T { return (flag, .flag) }
        if let view = type as? any View.Type {
            let schema = try book.schema(of: view)
            return (try T(from: SchemaDecoder(book: book, filling: schema)), .view(schema))
        }
        let entry = EntryBox()
        let list = try T(from: SchemaDecoder(book: book, entry: entry))
        guard let value = entry.value else { throw UnknownValue(type: "\(type)") }
        return (list, .list(value))
    }

    private struct Properties<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let book: ViewSchema.Book
        let schema: ViewSchema

        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool { true }

        /// Called only for optional properties, before they are decoded.
        func decodeNil(forKey key: Key) -> Bool {
            schema.keys[key.stringValue] = ViewSchema.Key(value: .flag, isOptional: true)
            return false
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            let (example, value) = try SchemaDecoder.example(type, in: book)
            let isOptional = schema.keys[key.stringValue]?.isOptional ?? false
            schema.keys[key.stringValue] = ViewSchema.Key(value: value, isOptional: isOptional)
            return example
        }

        func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) throws
            -> KeyedDecodingContainer<Nested>
        { throw UnknownValue(type: key.stringValue) }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw UnknownValue(type: key.stringValue)
        }
        func superDecoder() throws -> any Decoder { throw UnknownValue(type: "super") }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw UnknownValue(type: key.stringValue) }
    }

    /// One entry.
    private struct Entries: UnkeyedDecodingContainer {
        let book: ViewSchema.Book
        let entry: EntryBox
        var currentIndex = 0

        var codingPath: [any CodingKey] { [] }
        var count: Int? { 1 }
        var isAtEnd: Bool { currentIndex == 1 }

        init(book: ViewSchema.Book, entry: EntryBox) {
            self.book = book
            self.entry = entry
        }

        mutating func decodeNil() -> Bool { false }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            let (example, value) = try SchemaDecoder.example(type, in: book)
            entry.value = value
            currentIndex += 1
            return example
        }

        mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) throws
            -> KeyedDecodingContainer<Nested>
        { throw UnknownValue(type: "list") }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            throw UnknownValue(type: "list of lists")
        }
        mutating func superDecoder() throws -> any Decoder { throw UnknownValue(type: "super") }
    }
}
