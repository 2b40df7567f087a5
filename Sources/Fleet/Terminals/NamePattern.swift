/// A small regular expression for names of nodes, such as `pc-(.*)`: characters, `.`, classes like `[0-9]` and `\d`, each once, `?`, `*` or
/// `+`, and groups of them.
///
/// It has neither alternatives nor groups in groups, so a match takes at most as many steps as the pattern has parts for each character: those
/// who may write one cannot hold up the server with it.
package struct NamePattern: Equatable, Sendable {
    private enum Part: Equatable, Sendable {
        case one(Class, Count)
        case groupBegins(Int)
        case groupEnds(Int)
    }

    private enum Count: Equatable, Sendable {
        case once
        case maybe
        case any
        case some
    }

    /// The characters that a part matches.
    private struct Class: Equatable, Sendable {
        var ranges: [ClosedRange<UInt8>]
        var isNegated = false

        static let all = Self(ranges: [0...255])
        static let digit = Self(ranges: [0x30...0x39])

        func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } != isNegated }
    }

    private static let lengthLimit = 200
    private let parts: [Part]
    /// How many groups it has: `\1` to `\9`.
    package let groupCount: Int

    /// Throws why it is none.
    package init(_ text: some StringProtocol) throws(InvalidSetting) {
        var reader = Reader(bytes: Array(text.utf8), text: String(text))
        try reader.read()
        (parts, groupCount) = (reader.parts, reader.groupCount)
    }

    private struct Reader {
        let bytes: [UInt8]
        let text: String
        var parts: [Part] = []
        var groupCount = 0
        private var place = 0
        private var open: Int?

        init(bytes: [UInt8], text: String) { (self.bytes, self.text) = (bytes, text) }

        mutating func read() throws(InvalidSetting) {
            guard !bytes.isEmpty, bytes.count <= NamePattern.lengthLimit else { throw problem("its length") }
            while place < bytes.count {
                let byte = bytes[place]
                place += 1
                switch byte {
                case UInt8(ascii: "("):
                    guard open == nil, groupCount < 9 else {
                        throw problem("a group in a group, or too many")
                    }
                    groupCount += 1
                    open = groupCount
                    parts.append(.groupBegins(groupCount))
                case UInt8(ascii: ")"):
                    guard let group = open else { throw problem("a bracket without its beginning") }
                    open = nil
                    parts.append(.groupEnds(group))
                case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "|"),
                    UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "^"), UInt8(ascii: "$"):
                    throw problem("‘\(Character(Unicode.Scalar(byte)))’ there")
                default: parts.append(.one(try characters(from: byte), count()))
                }
            }
            guard open == nil else { throw problem("a bracket without its end") }
        }

        private mutating func characters(from byte: UInt8) throws(InvalidSetting) -> Class {
            switch byte {
            case UInt8(ascii: "."): return .all
            case UInt8(ascii: "["): return try set()
            case UInt8(ascii: "\\"):
                guard place < bytes.count else { throw problem("a backslash at its end") }
                let next = bytes[place]
                place += 1
                if next == UInt8(ascii: "d") { return .digit }
                guard !Self.isLetterOrDigit(next) else {
                    throw problem("‘\\\(Character(Unicode.Scalar(next)))’")
                }
                return Class(ranges: [next...next])
            default: return Class(ranges: [byte...byte])
            }
        }

        private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
        }

        private mutating func set() throws(InvalidSetting) -> Class {
            var result = Class(ranges: [])
            if place < bytes.count, bytes[place] == UInt8(ascii: "^") {
                result.isNegated = true
                place += 1
            }
            while place < bytes.count, bytes[place] != UInt8(ascii: "]") {
                let first = bytes[place]
                if place + 2 < bytes.count, bytes[place + 1] == UInt8(ascii: "-"),
                    bytes[place + 2] != UInt8(ascii: "]")
                {
                    guard first <= bytes[place + 2] else { throw problem("a range that goes backwards") }
                    result.ranges.append(first...bytes[place + 2])
                    place += 3
                } else {
                    result.ranges.append(first...first)
                    place += 1
                }
            }
            guard place < bytes.count, !result.ranges.isEmpty else {
                throw problem("a class without its end")
            }
            place += 1
            return result
        }

        private mutating func count() -> Count {
            guard place < bytes.count else { return .once }
            let count: Count? =
                switch bytes[place] {
                case UInt8(ascii: "?"): .maybe
                case UInt8(ascii: "*"): .any
                case UInt8(ascii: "+"): .some
                default: nil
                }
            if count != nil { place += 1 }
            return count ?? .once
        }

        private func problem(_ what: Sentence) -> InvalidSetting {
            InvalidSetting("‘\(text)’ is not a pattern for names, such as pc-(.*): \(what)")
        }
    }

    // MARK: Matching

    /// What the groups of a match held; nil: the name is another one.
    package func groups(in name: String) -> [String]? {
        match(Array(name.utf8), from: 0, toEnd: true)?.groups
    }

    /// `name` with its first match replaced: `\1` in `replacement` stands for the first group. Nil without a match.
    package func replacing(in name: String, by replacement: String) -> String? {
        let bytes = Array(name.utf8)
        for start in 0...bytes.count {
            guard let found = match(bytes, from: start, toEnd: false) else { continue }
            return String(decoding: bytes[..<start], as: UTF8.self) + Self.filled(replacement, found.groups)
                + String(decoding: bytes[found.end...], as: UTF8.self)
        }
        return nil
    }

    /// `text` with `\1` to `\9` as the groups.
    package static func filled(_ text: String, _ groups: [String]) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped, let number = character.wholeNumberValue, (1...9).contains(number) {
                result += number <= groups.count ? groups[number - 1] : ""
                isEscaped = false
            } else if isEscaped {
                result.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    private func match(_ bytes: [UInt8], from start: Int, toEnd: Bool) -> (groups: [String], end: Int)? {
        var run = Run(parts: parts, bytes: bytes, mustEnd: toEnd, groupCount: groupCount)
        guard let end = run.end(part: 0, at: start) else { return nil }
        let groups = (0..<groupCount).map {
            String(decoding: bytes[run.begins[$0]..<run.ends[$0]], as: UTF8.self)
        }
        return (groups, end)
    }

    /// One attempt. What failed once at a place is not tried there again.
    private struct Run {
        let parts: [Part]
        let bytes: [UInt8]
        let mustEnd: Bool
        var begins: [Int]
        var ends: [Int]
        private var failed: Set<Int> = []

        init(parts: [Part], bytes: [UInt8], mustEnd: Bool, groupCount: Int) {
            (self.parts, self.bytes, self.mustEnd) = (parts, bytes, mustEnd)
            begins = Array(repeating: 0, count: groupCount)
            ends = begins
        }

        /// Where a match of the parts from `part` on ends; nil: there is none.
        mutating func end(part: Int, at place: Int) -> Int? {
            guard part < parts.count else { return mustEnd && place < bytes.count ? nil : place }
            let key = part * (bytes.count + 1) + place
            if failed.contains(key) { return nil }
            let end = attempt(part: part, at: place)
            if end == nil { failed.insert(key) }
            return end
        }

        private mutating func attempt(part: Int, at place: Int) -> Int? {
            switch parts[part] {
            case .groupBegins(let group):
                let end = end(part: part + 1, at: place)
                if end != nil { begins[group - 1] = place }
                return end
            case .groupEnds(let group):
                let end = end(part: part + 1, at: place)
                if end != nil { ends[group - 1] = place }
                return end
            case .one(let characters, let count):
                let (least, most) =
                    switch count {
                    case .once: (1, 1)
                    case .maybe: (0, 1)
                    case .any: (0, bytes.count)
                    case .some: (1, bytes.count)
                    }
                var last = place
                while last < bytes.count, last - place < most, characters.contains(bytes[last]) { last += 1 }
                while last - place >= least {
                    if let end = end(part: part + 1, at: last) { return end }
                    last -= 1
                }
                return nil
            }
        }
    }
}
