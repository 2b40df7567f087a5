import Wire

/// Why a text is not a name.
package struct InvalidName: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let rule: String

    package init(_ text: some StringProtocol, rule: String) {
        self.text = String(text)
        self.rule = rule
    }

    package var sentence: Sentence { "‘\(text)’ is not a valid name: \(Sentence(phrase: rule))" }

    package var description: String { sentence.english }
}

/// A node's name, which is also its host name: one DNS label (RFC 1123 §2.1) in lower case.
package struct NodeName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        let lower = text.lowercased()
        guard (1...63).contains(lower.utf8.count), lower.utf8.allSatisfy(\.isNameByte), lower.first != "-",
            lower.last != "-"
        else {
            throw InvalidName(text, rule: "1 to 63 letters, digits and hyphens, no hyphen at either end")
        }
        self.text = lower
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }

    /// For natural order.
    package var countingKey: [UInt8] { text.countingKey }

    /// This name, or the first with a number behind it, that is free.
    func firstFree(_ isFree: (NodeName) -> Bool) -> NodeName {
        if isFree(self) { return self }
        let names = (2...).lazy.compactMap { number -> NodeName? in
            let end = "-\(number)"
            return try? NodeName("\(self.text.prefix(63 - end.utf8.count))\(end)")
        }
        return names.first(where: isFree) ?? self
    }
}

extension String {
    /// For natural order: `n2` before `n10`. Each number is preceded by its number of digits.
    package var countingKey: [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(utf8.count + 4)
        var digits: [UInt8] = []
        func flush() {
            guard !digits.isEmpty else { return }
            let number = digits.drop { $0 == 0x30 }
            key += [0x30, UInt8(number.count)] + number
            digits = []
        }
        for byte in utf8 {
            if (0x30...0x39).contains(byte) {
                digits.append(byte)
            } else {
                flush()
                key.append(byte)
            }
        }
        flush()
        return key
    }
}

/// The name of a match rule: 1 to 63 lower-case letters, digits and hyphens.
package struct RuleName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy(\.isNameByte) else {
            throw InvalidName(text, rule: "1 to 63 lower-case letters, digits and hyphens")
        }
        self.text = String(text)
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A network's name, by which paths and commands call it.
package struct NetworkName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        self.text = try fileName(text)
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A place in the tree of groups: `/`, `/school`, `/school/room-12`.
package struct GroupPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The maximum depth of the tree; a school has four levels.
    package static let depthLimit = 16

    /// Empty for the site itself.
    package let parts: [String]

    package static let site = Self(parts: [])

    private init(parts: [String]) { self.parts = parts }

    package init(_ text: some StringProtocol) throws(InvalidName) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.hasPrefix("/") else {
            throw InvalidName(text, rule: "a group begins with a slash: /school/room-12")
        }
        let names: [String] = text == "/" ? [] : Array(parts.dropFirst()).map { String($0) }
        guard names.count <= Self.depthLimit else {
            throw InvalidName(text, rule: "at most \(Self.depthLimit) levels")
        }
        for name in names {
            guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy({ $0.isNameByte || $0 == 0x2E })
            else {
                throw InvalidName(
                    text, rule: "each level is 1 to 63 lower-case letters, digits, hyphens and dots")
            }
        }
        self.parts = names
    }

    /// The group itself and all its ancestors, from the site down.
    package var lineage: [GroupPath] { (0...parts.count).map { GroupPath(parts: Array(parts.prefix($0))) } }

    /// Whether `other` is this group or below it.
    package func contains(_ other: GroupPath) -> Bool { other.parts.starts(with: parts) }

    /// The last part; `/` for the site.
    package var lastPart: String { parts.last ?? "/" }

    package var parent: GroupPath? { parts.isEmpty ? nil : GroupPath(parts: Array(parts.dropLast())) }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
    package var description: String { "/" + parts.joined(separator: "/") }

    /// For natural order: `/room-9` before `/room-10`, and each group before what is below it.
    package var countingKey: [UInt8] { Array(parts.map { $0.countingKey }.joined(separator: [0])) }
}

extension Sequence<GroupPath> {
    package func inNaturalOrder() -> [GroupPath] {
        map { (key: $0.countingKey, path: $0) }.sorted {
            // Room-01 and room-1 have the same key.
            $0.key == $1.key ? $0.path < $1.path : $0.key.lexicographicallyPrecedes($1.key)
        }.map(\.path)
    }
}

/// An image's name, used in version directories, NBD exports and URLs.
package struct ImageName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        self.text = try fileName(text)
    }

    /// A name that is a constant of the program.
    init(constant: StaticString) { text = constant.description }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension UInt8 {
    /// a–z, 0–9 and the hyphen.
    fileprivate var isNameByte: Bool {
        (0x61...0x7A).contains(self) || (0x30...0x39).contains(self) || self == 0x2D
    }
}

/// A name that can be a part of a path, and a file's.
private func fileName(_ text: some StringProtocol) throws(InvalidName) -> String {
    guard (1...63).contains(text.utf8.count),
        text.utf8.allSatisfy({ $0.isNameByte || $0 == 0x2E || $0 == 0x5F }),
        text.utf8.first.map({ $0.isNameByte && $0 != 0x2D }) == true
    else {
        throw InvalidName(
            text,
            rule: "1 to 63 lower-case letters, digits, dots, hyphens and underscores, a letter or digit first"
        )
    }
    return String(text)
}

/// A name that is text in JSON, and as the key of a record.
package protocol CheckedName: Codable, RecordKey {
    init(_ text: some StringProtocol) throws(InvalidName)
}

extension CheckedName {
    package init(recordKey text: String) throws { try self.init(text) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(try container.decode(String.self))
        } catch let error as InvalidName {
            throw DecodingError.unreadable(error.description, in: container)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension NodeName: CheckedName {}
extension GroupPath: CheckedName {}
extension ImageName: CheckedName {}
extension RuleName: CheckedName {}
extension NetworkName: CheckedName {}

extension [GroupPath] {
    /// The nearest group that has all of them in it or below; the site for none.
    package var nearestCommon: GroupPath {
        guard let first else { return .site }
        return first.lineage.last { path in allSatisfy { path.contains($0) } } ?? .site
    }
}
