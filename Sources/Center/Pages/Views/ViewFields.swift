import Mustache

/// The properties of views as templates look them up: by name, without reflection, which would cost more than everything else in a page
/// with many rows.
///
/// An absent property still hides outer ones: a row never shows its page's name.
struct ViewFields: MustacheParent, Sendable {
    fileprivate var values: [String: any Sendable] = [:]

    /// - Parameter views: the visible views; later ones hide earlier ones.
    init(_ views: any View...) throws {
        for view in views {
            let encoder = ViewEncoder()
            try view.encode(to: encoder)
            values.merge(encoder.fields.values) { $1 }
        }
    }

    fileprivate init() {}

    func child(named name: String) -> Any? { values[name] }
}

/// A text of a view. An empty one counts as false in a section.
private struct ViewText: MustacheCustomRenderable, MustacheParent {
    var renderText: String
    var isNull: Bool { renderText.isEmpty }

    func child(named name: String) -> Any? { nil }
}

/// The value of an optional property that is nil.
private struct Absent: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

/// Collects the properties of one view, or the entries of one list.
private final class ViewEncoder: Encoder {
    var fields = ViewFields()
    private var list: [any Sendable]?

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Properties(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        list = []
        return Entries(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        preconditionFailure("views hold texts, whole numbers, yes or no, and lists and views of those")
    }

    fileprivate static func shown(_ value: some Encodable) throws -> any Sendable {
        switch value {
        case let text as String: return ViewText(renderText: text)
        case let number as Int: return number
        case let flag as Bool: return flag
        default:
            let encoder = ViewEncoder()
            try value.encode(to: encoder)
            return encoder.list ?? encoder.fields
        }
    }

    private struct Properties<Key: CodingKey>: KeyedEncodingContainerProtocol {
        private static var absent: any Sendable { Absent() }

        let encoder: ViewEncoder

        var codingPath: [any CodingKey] { [] }

        func encodeNil(forKey key: Key) { set(Absent(), key) }
        func encode(_ value: String, forKey key: Key) { set(ViewText(renderText: value), key) }
        func encode(_ value: Int, forKey key: Key) { set(value, key) }
        func encode(_ value: Bool, forKey key: Key) { set(value, key) }
        func encode(_ value: some Encodable, forKey key: Key) throws {
            set(try ViewEncoder.shown(value), key)
        }

        func encodeIfPresent(_ value: String?, forKey key: Key) {
            set(value.map { ViewText(renderText: $0) } ?? Self.absent, key)
        }

        func encodeIfPresent(_ value: Int?, forKey key: Key) { set(value ?? Self.absent, key) }
        func encodeIfPresent(_ value: Bool?, forKey key: Key) { set(value ?? Self.absent, key) }
        func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws {
            if let value { try encode(value, forKey: key) } else { set(Absent(), key) }
        }

        private func set(_ value: any Sendable, _ key: Key) { encoder.fields.values[key.stringValue] = value }

        func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
            Nested
        > { encoder.container(keyedBy: type) }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            encoder.unkeyedContainer()
        }
        func superEncoder() -> any Encoder { encoder }
        func superEncoder(forKey key: Key) -> any Encoder { encoder }
    }

    private struct Entries: UnkeyedEncodingContainer {
        let encoder: ViewEncoder

        var codingPath: [any CodingKey] { [] }
        var count: Int { encoder.list?.count ?? 0 }

        func encodeNil() { encoder.list?.append(Absent()) }
        func encode(_ value: some Encodable) throws { encoder.list?.append(try ViewEncoder.shown(value)) }

        func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            encoder.container(keyedBy: type)
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.unkeyedContainer() }
        func superEncoder() -> any Encoder { encoder }
    }
}
