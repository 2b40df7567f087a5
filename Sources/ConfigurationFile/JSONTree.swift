package import Foundation
import Yams

/// JSON of unknown shape: to be compared, to be written as YAML, or made member by member.
package indirect enum JSONTree: Codable, Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([JSONTree])
    case object([String: JSONTree])

    package init(_ json: Data) throws { self = try JSONDecoder().decode(Self.self, from: json) }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? value.decode(Int.self) {
            self = .integer(number)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let entries = try? value.decode([JSONTree].self) {
            self = .list(entries)
        } else {
            self = .object(try value.decode([String: JSONTree].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let flag): try container.encode(flag)
        case .integer(let number): try container.encode(number)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .list(let entries): try container.encode(entries)
        case .object(let members): try container.encode(members)
        }
    }

    /// As a value would be encoded.
    package init(of value: some Encodable) throws { try self.init(JSONEncoder().encode(value)) }

    package static func list(_ texts: some Sequence<String>) -> Self { .list(texts.map { .string($0) }) }

    /// What makes `self` of `former` in the form of RFC 7396: members that differ, and null for those that are gone. Empty: nothing differs.
    package func patch(since former: Self) -> [String: JSONTree] {
        guard case .object(let new) = self, case .object(let old) = former else { return [:] }
        var patch: [String: JSONTree] = [:]
        for key in old.keys where new[key] == nil { patch[key] = .null }
        for (key, value) in new where old[key] != value {
            if case .object? = old[key], case .object = value {
                patch[key] = .object(value.patch(since: old[key] ?? .null))
            } else {
                patch[key] = value
            }
        }
        return patch
    }

    /// A text or a whole number, as text.
    package var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }

    /// Members in the order of their names.
    package var yaml: String {
        get throws { try Yams.serialize(node: node, width: -1, allowUnicode: true) }
    }

    private var node: Node {
        switch self {
        case .null: Node("null")
        case .boolean(let flag): Node(flag ? "true" : "false")
        case .integer(let number): Node(String(number))
        case .number(let number): Node(String(number))
        // Quoted wherever a reader could take it for something else.
        case .string(let text): Node(text, .implicit, Self.isPlain(text) ? .any : .doubleQuoted)
        case .list(let entries): Node(entries.map(\.node))
        case .object(let members):
            Node(
                members.sorted { $0.key < $1.key }.map { (Self.string($0.key).node, $0.value.node) })
        }
    }

    /// Whether every reader of YAML takes the word for a text.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first | 0x20) || first == 0x2F else {
            return false
        }
        guard
            text.utf8.allSatisfy({
                (97...122).contains($0 | 0x20) || (45...57).contains($0) || $0 == 0x40 || $0 == 0x5F
            })
        else { return false }
        return !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    }
}
