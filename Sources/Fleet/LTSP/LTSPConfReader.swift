/// Divides an `ltsp.conf` into sections as `ltsp` does (ini2sh in its 55-config.sh), and reads their text.
struct LTSPConfReader {
    let file: String
    private(set) var headers: [LTSPConf.Header] = []
    private(set) var bodies: [String: LTSPConf.Body] = [:]
    private(set) var problems: [LTSPProblem] = []

    private var lineOfHeader: [String: Int] = [:]
    private var function = "unnamed"
    private var header = ""
    private var headerLine = 0
    private var body: [UInt8] = []
    private var bodyLine = 1

    /// Of variables.
    private var names: Set<String> = []

    init(file: String) { self.file = file }

    mutating func read(_ bytes: [UInt8]) {
        let text = LTSPText(bytes, file: file)
        problems = text.problems
        if text.hasByteOrderMark {
            warn("the byte order mark turns the first section into one that applies everywhere", at: 1)
        }
        if let line = text.firstCarriageReturn {
            warn("lines end as in DOS: every value ends with a carriage return", at: line)
        }
        for (index, line) in text.lines.enumerated() {
            if problems.count > LTSPLimit.problemCount || headers.count > LTSPLimit.sectionCount { break }
            readLine(line, index + 1)
        }
        endBody()
        if headers.count > LTSPLimit.sectionCount {
            fail("a file has at most \(LTSPLimit.sectionCount) sections", at: headerLine)
        }
        if headers.isEmpty, !text.lines.isEmpty, !problems.contains(where: \.isError) {
            fail("it has no section header, and cannot be evaluated", at: 1)
        }
    }

    private mutating func readLine(_ line: [UInt8], _ number: Int) {
        let first = line.drop { $0 == 0x20 }
        if first.first == UInt8(ascii: "["), first.contains(UInt8(ascii: "]")) {
            endBody(at: number)
            begin(line, number)
            bodyLine = number + 1
            return
        }
        if let name = Self.included(line) {
            body += Array("section_call \"".utf8) + name + Array("\"\n".utf8)
        } else {
            body += Self.withoutBlanks(line) + [0x0A]
        }
    }

    // MARK: Headers

    private mutating func begin(_ line: [UInt8], _ number: Int) {
        let text = Self.filtered(line)
        header = Self.shown(line)
        headerLine = number
        function = String(text.map { $0.isOfShellName && $0 != 0x5F ? Character(Unicode.Scalar($0)) : "_" })
        let alternatives = text.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
            .map(Array.init)
        guard !alternatives.contains(where: \.isEmpty) else {
            return fail("[\(header)] names nothing", at: number)
        }
        if Self.losesCharacters(line) {
            warn(
                "only letters of ASCII, digits and -*./:?@_| are of a name, the rest is dropped: this is [\(text.asText)]",
                at: number)
        }
        if alternatives.count == 1, text.elementsEqual("default".utf8) {
            warn(
                "[\(header)] means nothing in an ltsp.conf: [clients] is for all machines; if this is an lts.conf, import it as one",
                at: number)
        }
        if let earlier = lineOfHeader.updateValue(number, forKey: function) {
            warn(
                "the section of line \(earlier) has the same function name (section_\(function)): this text counts for both",
                at: number)
        }
        headers.append(
            LTSPConf.Header(alternatives: alternatives.map { ($0, GlobPattern($0)) }, function: function))
    }

    /// In lower case, without a comment and all that `ltsp` drops.
    private static func filtered(_ line: [UInt8]) -> [UInt8] {
        line.prefix { $0 != UInt8(ascii: "#") }.map(\.lowered).filter {
            $0.isDecimal || (0x61...0x7A).contains($0) || Array("-*./:?@_|".utf8).contains($0)
        }
    }

    /// Whether a header has more in its line than the name between its brackets, blanks and a comment.
    private static func losesCharacters(_ line: [UInt8]) -> Bool {
        let inner = line.prefix { $0 != UInt8(ascii: "#") }.drop { $0 != UInt8(ascii: "[") }.dropFirst()
        let name = inner.prefix { $0 != UInt8(ascii: "]") }
        return inner.dropFirst(name.count + 1).contains { !$0.isBlankOrReturn }
            || name.contains { !$0.isBlankOrReturn && filtered([$0]).isEmpty }
    }

    private static func shown(_ line: [UInt8]) -> String {
        let text = line.drop { $0 != UInt8(ascii: "[") }.dropFirst()
        return text.prefix { $0 != UInt8(ascii: "]") }.bare.asText
    }

    /// The section of `INCLUDE = NAME`, at the very beginning of a line.
    private static func included(_ line: [UInt8]) -> [UInt8]? {
        guard line.prefix(7).map(\.lowered).elementsEqual("include".utf8) else { return nil }
        let rest = line.dropFirst(7).drop { $0 == 0x20 }
        guard rest.first == UInt8(ascii: "=") else { return nil }
        return filtered(Array(rest.dropFirst()))
    }

    /// Blanks around the first ‘=’ of a line that begins with a name are no part of it.
    private static func withoutBlanks(_ line: [UInt8]) -> [UInt8] {
        let name = line.prefix { $0.isOfShellName }
        let rest = line.dropFirst(name.count).drop { $0 == 0x20 }
        guard rest.first == UInt8(ascii: "=") else { return line }
        return Array(name) + [UInt8(ascii: "=")] + rest.dropFirst().drop { $0 == 0x20 }
    }

    // MARK: Text

    /// - Parameter next: the line of the next header; nil at the end.
    private mutating func endBody(at next: Int? = nil) {
        defer { body = [] }
        guard !body.isEmpty || headerLine > 0 else { return }
        var reader = ShellBody(body, line: bodyLine)
        do throws(ShellProblem) {
            try reader.read()
        } catch {
            if !error.isOpen {
                fail(error.text, at: error.line)
            } else if let next {
                fail(
                    "\(error.text) before line \(next), which is a section header because it begins with ‘[’",
                    at: error.line)
            } else {
                fail("\(error.text) before the end", at: error.line)
            }
        }
        for (line, text) in reader.warnings { warn(text, at: line) }
        for case .assign(let name, _, let line) in reader.statements
        where names.insert(name).inserted && names.count == LTSPLimit.variableCount + 1 {
            fail("a file has at most \(LTSPLimit.variableCount) different variables", at: line)
        }
        bodies[function] = LTSPConf.Body(statements: reader.statements, header: header, line: headerLine)
    }

    private mutating func fail(_ text: Sentence, at line: Int) {
        problems.append(LTSPProblem(error: text, file, line))
    }

    private mutating func warn(_ text: Sentence, at line: Int) {
        problems.append(LTSPProblem(warning: text, file, line))
    }
}
