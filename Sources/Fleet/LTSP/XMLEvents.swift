import Wire

/// The elements of a small XML file, with their lines. Only what configuration files have is read: no external entities, no definitions.
struct XMLEvents {
    enum Event: Equatable {
        case open(name: String, attributes: [Attribute], line: Int)
        case close
        /// Text between elements that is more than blanks.
        case text(line: Int)
    }

    struct Attribute: Equatable {
        var name: String
        var value: String
    }

    /// What is wrong with the file, and where.
    struct Problem: Error, Equatable {
        var text: String
        var line: Int
    }

    private static let (byteLimit, depthLimit, elementLimit) = (4 << 20, 32, 50_000)
    private static let (nameLimit, valueLimit, attributeLimit) = (128, 4_096, 64)

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var openNames: [String] = []
    private(set) var events: [Event] = []

    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count <= Self.byteLimit else {
            throw Problem(text: "the file has more than \(Self.byteLimit) bytes", line: 1)
        }
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        while position < bytes.count { try next() }
        if let name = openNames.last { throw flaw("‘\(name)’ is not closed") }
        guard !events.isEmpty else { throw flaw("there is no element in it") }
    }

    private func flaw(_ text: String) -> Problem { Problem(text: PlainText(text).description, line: line) }

    private func isNext(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private mutating func advance() {
        if bytes[position] == 10 { line += 1 }
        position += 1
    }

    /// Skips what ends with `end`.
    private mutating func skip(through end: String, _ what: String) throws(Problem) {
        while position < bytes.count {
            if isNext(end) {
                for _ in end.utf8 { advance() }
                return
            }
            advance()
        }
        throw flaw("\(what) does not end")
    }

    private mutating func next() throws(Problem) {
        guard bytes[position] == UInt8(ascii: "<") else { return try text() }
        if isNext("<!--") {
            try skip(through: "-->", "a comment")
        } else if isNext("<?") {
            try skip(through: "?>", "a processing instruction")
        } else if isNext("<!") {
            throw flaw("definitions and sections beginning with ‘<!’ are not read")
        } else if isNext("</") {
            try close()
        } else {
            try open()
        }
    }

    private mutating func text() throws(Problem) {
        let start = line
        var isBlank = true
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if ![9, 10, 13, 32].contains(bytes[position]) { isBlank = false }
            advance()
        }
        if !isBlank { events.append(.text(line: start)) }
    }

    private mutating func close() throws(Problem) {
        position += 2
        let name = try name()
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
            throw flaw("the end tag ‘\(name)’ lacks its >")
        }
        position += 1
        guard openNames.popLast() == name else { throw flaw("‘\(name)’ ends here, but was not opened") }
        events.append(.close)
    }

    private mutating func open() throws(Problem) {
        let start = line
        position += 1
        let name = try name()
        var attributes: [Attribute] = []
        while true {
            skipBlanks()
            guard position < bytes.count else { throw flaw("‘\(name)’ does not end") }
            if isNext("/>") || isNext(">") { break }
            guard attributes.count < Self.attributeLimit else {
                throw flaw("‘\(name)’ has too many attributes")
            }
            attributes.append(try attribute())
        }
        let isEmpty = isNext("/>")
        position += isEmpty ? 2 : 1
        guard events.count < Self.elementLimit else { throw flaw("there are too many elements") }
        events.append(.open(name: name, attributes: attributes, line: start))
        if isEmpty { return events.append(.close) }
        guard openNames.count < Self.depthLimit else { throw flaw("elements are nested too deeply") }
        openNames.append(name)
    }

    private mutating func attribute() throws(Problem) -> Attribute {
        let name = try name()
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
            throw flaw("attribute ‘\(name)’ has no value")
        }
        position += 1
        skipBlanks()
        guard position < bytes.count, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[position]) else {
            throw flaw("the value of ‘\(name)’ is not in quotes")
        }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            if bytes[position] == UInt8(ascii: "<") { throw flaw("‘<’ in the value of ‘\(name)’") }
            advance()
        }
        guard position < bytes.count else { throw flaw("the value of ‘\(name)’ does not end") }
        let raw = bytes[start..<position]
        position += 1
        guard raw.count <= Self.valueLimit else { throw flaw("the value of ‘\(name)’ is too long") }
        return Attribute(name: name, value: try resolved(String(decoding: raw, as: UTF8.self)))
    }

    /// With the characters that references stand for.
    private func resolved(_ text: String) throws(Problem) -> String {
        guard text.contains("&") else { return text }
        let parts = text.split(separator: "&", omittingEmptySubsequences: false)
        var result = String(parts.first ?? "")
        for part in parts.dropFirst() {
            guard let end = part.firstIndex(of: ";"), let character = Self.character(part[..<end]) else {
                throw flaw("‘&\(part.prefix(10))’ is not a known reference")
            }
            result.append(character)
            result += part[part.index(after: end)...]
        }
        return result
    }

    private static func character(_ name: Substring) -> Character? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.dropFirst(1)
            guard name.hasPrefix("#"), (1...8).contains(digits.utf8.count),
                let number = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10)
            else { return nil }
            return Unicode.Scalar(number).map { Character($0) }
        }
    }

    private mutating func name() throws(Problem) -> String {
        let start = position
        while position < bytes.count, Self.isNamePart(bytes[position]) { position += 1 }
        guard (1...Self.nameLimit).contains(position - start) else { throw flaw("a name is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 128
            || [45, 46, 95].contains(byte)
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { advance() }
    }
}
