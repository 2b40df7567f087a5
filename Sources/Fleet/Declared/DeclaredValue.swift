/// A value in a file of the configuration, or in a record as JSON. What is null is not there.
package indirect enum DeclaredValue: Equatable, Sendable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([DeclaredValue])
    case object([String: DeclaredValue])

    package var object: [String: DeclaredValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }
}

extension DeclaredValue: Codable {
    package init(from decoder: any Decoder) throws {
        // Most values are texts, and each wrong guess costs an error.
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let members = try? decoder.container(keyedBy: MemberName.self) {
            var object: [String: DeclaredValue] = [:]
            for key in members.allKeys where try !members.decodeNil(forKey: key) {
                object[key.stringValue] = try members.decode(DeclaredValue.self, forKey: key)
            }
            self = .object(object)
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {
            self = .text("\(number)")
        } else {
            self = .list(try container.decode([DeclaredValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if case .object(let members) = self {
            var container = encoder.container(keyedBy: MemberName.self)
            for (name, value) in members { try container.encode(value, forKey: MemberName(name)) }
            return
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        case .list(let entries): try container.encode(entries)
        case .object(let members): try container.encode(members)
        }
    }

    /// Any name of a member.
    package struct MemberName: CodingKey {
        package let stringValue: String
        package let intValue: Int? = nil

        package init(_ name: String) { stringValue = name }
        package init(stringValue: String) { self.init(stringValue) }
        package init?(intValue: Int) { nil }
    }
}

/// For people: as in a file.
extension DeclaredValue: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text(let text): text.isEmpty ? "\"\"" : text
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "yes" : "no"
        case .list(let entries): "[\(entries.map(\.description).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        }
    }
}

extension DeclaredValue {
    /// Enough of it for an error.
    package var beginning: String {
        let text = description
        return text.unicodeScalars.count > 100
            ? "\(String(String.UnicodeScalarView(text.unicodeScalars.prefix(100))))…" : text
    }
}

/// Where a member is in a value: the JSON pointer of RFC 6901.
package struct DeclaredPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var names: [String]

    package static let whole = Self([])

    package init(_ names: [String]) { self.names = names }

    package init(pointer: String) {
        names = pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropFirst().map { name in
                guard name.contains(UInt8(ascii: "~")) else { return String(Substring(name)) }
                return String(Substring(name)).replacing("~1", with: "/").replacing("~0", with: "~")
            }
    }

    package var description: String {
        var pointer = ""
        for name in names {
            pointer += "/"
            // Searching a text costs far more than looking at its bytes, and few names have such a sign.
            let isPlain = !name.utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
            pointer += isPlain ? name : name.replacing("~", with: "~0").replacing("/", with: "~1")
        }
        return pointer
    }

    /// For people: `settings.loader`.
    package var words: String { names.joined(separator: ".") }

    package func appending(_ name: String) -> Self { Self(names + [name]) }

    package static func < (left: Self, right: Self) -> Bool {
        left.names.lexicographicallyPrecedes(right.names)
    }
}

extension DeclaredValue {
    /// What is no object, by its place. An object without members has none.
    package var leaves: [DeclaredPath: DeclaredValue] {
        var found: [DeclaredPath: DeclaredValue] = [:]
        collect(at: .whole, into: &found)
        return found
    }

    private func collect(at path: DeclaredPath, into found: inout [DeclaredPath: DeclaredValue]) {
        guard case .object(let members) = self else {
            found[path] = self
            return
        }
        for (name, value) in members { value.collect(at: path.appending(name), into: &found) }
    }

    package subscript(path: DeclaredPath) -> DeclaredValue? {
        get {
            var value: DeclaredValue? = self
            for name in path.names { value = value?.object?[name] }
            return value
        }
        set { put(newValue, at: path.names[...]) }
    }

    private mutating func put(_ value: DeclaredValue?, at names: ArraySlice<String>) {
        guard let name = names.first else {
            if let value { self = value }
            return
        }
        var members = object ?? [:]
        if names.count == 1 {
            members[name] = value
        } else if value != nil || members[name] != nil {
            var member = members[name] ?? .object([:])
            member.put(value, at: names.dropFirst())
            // What became empty by a removal goes, too.
            members[name] = value == nil && member == .object([:]) ? nil : member
        }
        self = .object(members)
    }
}
