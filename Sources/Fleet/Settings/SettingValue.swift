/// The value of a setting.
package enum SettingValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([String])
    /// In key order wherever it is shown.
    case map([String: String])
}

extension SettingValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([String].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: String].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .map(let value): try container.encode(value)
        }
    }
}

extension SettingValue: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text(let value): value
        case .integer(let value): String(value)
        case .boolean(let value): value ? "yes" : "no"
        case .list(let values): values.joined(separator: ", ")
        case .map(let values):
            values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        }
    }
}

extension SettingValue {
    /// Of a list or a map what `other` does not have; all else as it is.
    func without(_ other: SettingValue?) -> SettingValue {
        switch (self, other) {
        case (.list(let entries), .list(let others)): .list(entries.filter { !others.contains($0) })
        case (.map(let entries), .map(let others)): .map(entries.filter { others[$0.key] != $0.value })
        default: self
        }
    }
}

extension SettingValue {
    /// Under which a sealed value stands, as a map of one entry: no map that is a setting has such a key.
    private static let sealedKey = "sealed"

    /// A value that a store has sealed.
    package init(sealed text: String) { self = .map([Self.sealedKey: text]) }

    /// What the store made of it; nil of a value in clear.
    package var sealed: String? {
        guard case .map(let fields) = self, fields.count == 1 else { return nil }
        return fields[Self.sealedKey]
    }
}
