package import Foundation
import Yams

/// A JSON text of unknown shape, to be written as YAML.
package indirect enum JSONTree: Decodable, Equatable, Sendable {
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
