/// An `ltsp.conf` of LTSP 19 and later, as `ltsp` takes it: a text of the shell in sections. Nothing of it is ever run.
package struct LTSPConf: Sendable {
    /// What a section does, in its order.
    enum Statement: Equatable, Sendable {
        case assign(String, ShellWord, line: Int)
        case remove(String)
        /// INCLUDE: calls the first section that matches.
        case call(ShellWord, line: Int)
        /// Calls the section with this function name.
        case callFunction(String, line: Int)
    }

    /// The text below a header.
    struct Body: Sendable {
        var statements: [Statement] = []
        var header = ""
        var line = 0
    }

    /// A header: its first matching one calls a body.
    struct Header: Sendable {
        var alternatives: [(text: [UInt8], pattern: GlobPattern)]
        var function: String
    }

    package let file: String
    package internal(set) var problems: [LTSPProblem] = []
    /// In the order of the file; the last of those with one function name counts.
    private(set) var headers: [Header] = []
    private(set) var bodies: [String: Body] = [:]
    /// The first header that is this text, without wildcards.
    private(set) var headerOfText: [[UInt8]: Int] = [:]
    /// The headers with wildcards.
    private(set) var patterns: [(index: Int, pattern: GlobPattern)] = []

    package init(_ bytes: [UInt8], file: String = "ltsp.conf") {
        self.file = file
        var reader = LTSPConfReader(file: file)
        reader.read(bytes)
        headers = reader.headers
        bodies = reader.bodies
        for (index, header) in headers.enumerated() {
            for alternative in header.alternatives {
                if alternative.pattern.hasWildcard {
                    patterns.append((index, alternative.pattern))
                } else if headerOfText[alternative.text] == nil {
                    headerOfText[alternative.text] = index
                }
            }
        }
        problems = Array(
            (reader.problems + missingSections).enumerated()
                .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
                .map(\.element).prefix(LTSPLimit.problemCount))
    }

    /// What calls a section that is not there: LTSP passes over an INCLUDE of it in silence.
    private var missingSections: [LTSPProblem] {
        bodies.values.flatMap { body in
            body.statements.compactMap { statement in
                switch statement {
                case .call(let word, let line):
                    guard let name = word.literal, function(matching: Array(name.utf8)) == nil else {
                        return nil
                    }
                    return LTSPProblem(warning: "there is no section [\(name)]", file, line)
                case .callFunction(let name, let line):
                    guard bodies[name] == nil else { return nil }
                    return LTSPProblem(warning: "there is no section [\(name)]", file, line)
                case .assign, .remove: return nil
                }
            }
        }
    }

    package var errors: [LTSPProblem] { problems.filter(\.isError) }

    /// The function of the first header that matches `text`.
    func function(matching text: [UInt8]) -> String? {
        if text.elementsEqual("unnamed".utf8) { return "unnamed" }
        let exact = headerOfText[text]
        for (index, pattern) in patterns {
            if let exact, index > exact { break }
            if pattern.matches(text) { return headers[index].function }
        }
        return exact.map { headers[$0].function }
    }
}
