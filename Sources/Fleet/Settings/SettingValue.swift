import Wire

/// The value of a setting.
package enum SettingValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([String])
    /// Shown in key order.
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
        } else if let value = try? container.decode([String: String].self) {
            self = .map(value)
        } else {
            throw DecodingError.unreadable(
                "a text, a whole number, true, false, a list of texts or an object of texts is required",
                in: container)
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
    /// For a list or a map, the entries that `other` does not have; other kinds unchanged.
    func without(_ other: SettingValue?) -> SettingValue {
        switch (self, other) {
        case (.list(let entries), .list(let others)): .list(entries.filter { !others.contains($0) })
        case (.map(let entries), .map(let others)): .map(entries.filter { others[$0.key] != $0.value })
        default: self
        }
    }
}

extension SettingValue {
    /// The key of a sealed value, as a map of one entry: no setting's map has such a key.
    private static let sealedKey = "sealed"

    /// A value sealed by a store.
    package init(sealed text: String) { self = .map([Self.sealedKey: text]) }

    /// The sealed text; nil for a value in clear.
    package var sealed: String? {
        guard case .map(let fields) = self, fields.count == 1 else { return nil }
        return fields[Self.sealedKey]
    }
}
