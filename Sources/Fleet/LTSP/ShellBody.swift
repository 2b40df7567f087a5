/// The text of one section as a shell reads it: its plain assignments and calls. Whatever would have to be run is told, and left out.
struct ShellBody {
    private(set) var statements: [LTSPConf.Statement] = []
    private(set) var warnings: [(line: Int, text: Sentence)] = []

    private var reader: ShellReader
    /// Compound commands and parentheses that are open.
    private var open: [Compound] = []
    private var command = Command()
    /// Whether the command depends on another one’s result, or is fed by it.
    private var isJoined = false
    /// Whether a compound command has just been closed: an operator may follow.
    private var isClosed = false
    /// The operator that waits for a command or a file.
    private var waiting: (mark: String, line: Int)?

    private struct Compound {
        /// What closes it.
        var end: String
        var word: String
        var line: Int
        /// Whether its `then` or `do` has come.
        var isDivided = false
    }

    private struct Command {
        var line = 0
        var assignments: [(name: String, word: ShellWord, line: Int)] = []
        var words: [(word: ShellWord, assigned: String?)] = []
        var hasRedirection = false

        var isEmpty: Bool { assignments.isEmpty && words.isEmpty && !hasRedirection }
    }

    init(_ text: [UInt8], line: Int) { reader = ShellReader(text, line: line) }

    mutating func read() throws(ShellProblem) {
        while true {
            switch try reader.token() {
            case .word(let word, let name, let line): try take(word, name, line)
            case .mark(let mark, let line): try take(mark, line)
            case .end:
                if let waiting { throw Self.nothing(behind: waiting.mark, waiting.line) }
                let isOpen = !command.isEmpty || isClosed
                end()
                if let line = reader.joinedEnd, isOpen {
                    throw ShellProblem(
                        line: line,
                        text:
                            "the backslash at the end of the line joins it with the end of the section: remove it"
                    )
                }
                guard let open = open.first else { return }
                throw ShellProblem(
                    line: open.line, text: "‘\(open.word)’ is not ended with ‘\(open.end)’", isOpen: true)
            }
        }
    }

    private static func nothing(behind mark: String, _ line: Int) -> ShellProblem {
        ShellProblem(line: line, text: "there is nothing after ‘\(mark)’")
    }

    private mutating func take(_ word: ShellWord, _ name: String?, _ line: Int) throws(ShellProblem) {
        let isFile = waiting.map { Self.redirections.contains($0.mark) } ?? false
        waiting = nil
        // The file of a redirection.
        if isFile { return }
        isClosed = false
        if command.isEmpty { command.line = line }
        if command.isEmpty, name == nil, let literal = word.literal, try takeKeyword(literal, line) { return }
        if let name, command.words.isEmpty {
            command.assignments.append((name, word, line))
        } else {
            command.words.append((word, name))
        }
    }

    static let redirections: Set<String> = ["<", ">", ">>", ">&", "<&", ">|", "<>"]

    private mutating func take(_ mark: String, _ line: Int) throws(ShellProblem) {
        if let waiting, mark != "\n" || Self.redirections.contains(waiting.mark), mark != "(" {
            throw Self.nothing(behind: waiting.mark, waiting.line)
        }
        switch mark {
        case "<<", "<<-":
            redirect(line)
            warnings.append((line, "a text behind << is not read"))
        case _ where Self.redirections.contains(mark):
            redirect(line)
            waiting = (mark, line)
        case "(": try takeParenthesis(line)
        case ")":
            guard open.last?.end != "esac" else {
                command = Command()
                break
            }
            end()
            guard open.popLast()?.end == ")" else {
                throw ShellProblem(line: line, text: "‘)’ closes nothing")
            }
            isClosed = true
        case "\n":
            let wasEmpty = command.isEmpty
            end()
            // A line end behind && goes on.
            if !wasEmpty { isJoined = false }
        default: try takeOperator(mark, line)
        }
    }

    /// `;`, `&`, `|` and their kin: a command comes before them.
    private mutating func takeOperator(_ mark: String, _ line: Int) throws(ShellProblem) {
        let isInCase = open.last?.end == "esac"
        if mark == ";;" {
            guard isInCase else { throw ShellProblem(line: line, text: "‘;;’ stands outside of ‘case’") }
        } else if command.isEmpty, !isClosed {
            throw ShellProblem(line: line, text: "there is no command before ‘\(mark)’")
        }
        let joins = ["&&", "||", "|", "&"].contains(mark)
        if joins { isJoined = true }
        end()
        isClosed = false
        isJoined = joins && mark != "&"
        if isJoined, !isInCase { waiting = (mark, line) }
    }

    /// Opens a subshell or a pattern, or belongs to the name of a function.
    private mutating func takeParenthesis(_ line: Int) throws(ShellProblem) {
        waiting = nil
        if open.last?.end == "esac", command.words.last?.word.literal == "in" { command = Command() }
        guard command.assignments.isEmpty else {
            throw ShellProblem(
                line: line,
                text: "lists in parentheses are not of this shell: write NAME=\"WORD WORD\"")
        }
        guard command.isEmpty || command.words.count == 1 && !command.hasRedirection else {
            throw ShellProblem(line: line, text: "‘(’ cannot follow a command")
        }
        open.append(Compound(end: ")", word: "(", line: line))
    }

    /// A command may begin with its file.
    private mutating func redirect(_ line: Int) {
        if command.isEmpty { command.line = line }
        command.hasRedirection = true
    }

    /// Words that open, divide and close compound commands.
    private mutating func takeKeyword(_ word: String, _ line: Int) throws(ShellProblem) -> Bool {
        switch word {
        case "if": open.append(Compound(end: "fi", word: word, line: line))
        case "while", "until", "for": open.append(Compound(end: "done", word: word, line: line))
        case "case": open.append(Compound(end: "esac", word: word, line: line))
        case "{": open.append(Compound(end: "}", word: word, line: line))
        case "fi", "done", "esac", "}":
            let isCut = ["fi", "done"].contains(word) && open.last?.isDivided != true
            guard !isCut, open.popLast()?.end == word else {
                throw ShellProblem(line: line, text: "‘\(word)’ closes nothing")
            }
            isClosed = true
            return true
        case "then", "do", "else", "elif":
            let end = word == "do" ? "done" : "fi"
            guard let last = open.indices.last, open[last].end == end,
                open[last].isDivided == (word == "else" || word == "elif")
            else { throw ShellProblem(line: line, text: "‘\(word)’ belongs to nothing") }
            open[last].isDivided = word != "elif"
            return true
        case "!": return true
        default: return false
        }
        if open.count == 1 {
            warnings.append((line, "what is in ‘\(word)’ is not run, and its settings are not taken"))
        }
        // The words of `case` and `for` are no commands.
        return word != "case" && word != "for"
    }

    /// Commands of the shell itself: what is assigned before them stays.
    private static let specialCommands: Set<String> = [
        ":", ".", "eval", "exec", "export", "readonly", "set", "shift", "times", "trap", "unset",
    ]

    private mutating func end() {
        defer { command = Command() }
        guard !command.isEmpty, open.isEmpty else { return }
        let first = command.words.first?.word.literal ?? ""
        if isJoined || command.hasRedirection {
            return tellCommand(command, "a command with a condition, a pipe or a file")
        }
        guard !command.words.isEmpty else { return assign(command.assignments) }
        if Self.specialCommands.contains(first) { assign(command.assignments) }
        switch first {
        case "section_call":
            statements += command.words.dropFirst().map { .call($0.word, line: command.line) }
        case _ where first.hasPrefix("section_"):
            statements.append(.callFunction(String(first.dropFirst(8)), line: command.line))
        case "export", "readonly":
            assign(
                command.words.dropFirst().compactMap { word, name in
                    guard let name else { return word.quotedAssignment.map { ($0, $1, command.line) } }
                    return (name, word, command.line)
                })
            // A shell ends here; of the section, nothing further counts.
            let isSpread = command.words.dropFirst().contains { word, name in
                name == nil && word.quotedAssignment == nil && word.literal?.isShellName == false
                    && word.literal != "-p"
            }
            if isSpread { tellCommand(command, "a command", isSpread: true) }
        case "unset":
            statements += command.words.dropFirst().compactMap { $0.word.literal.map { .remove($0) } }
        case ":":
            for (word, _) in command.words.dropFirst() { assignDefaults(of: word, command.line) }
        case "true" where command.assignments.isEmpty: break
        default: tellCommand(command, "a command")
        }
    }

    private mutating func assign(_ assignments: [(name: String, word: ShellWord, line: Int)]) {
        for (name, word, line) in assignments {
            assignDefaults(of: word, line)
            statements.append(.assign(name, word, line: line))
            if name.uppercased() == "INCLUDE" {
                warnings.append((line, "an indented INCLUDE is a variable, and includes nothing"))
            }
            if name.uppercased() == "LIKE" {
                warnings.append((line, "LIKE means nothing in an ltsp.conf: INCLUDE takes a section over"))
            }
            if word.unknown != nil { warnings.append((line, ShellWord.unknownWarning)) }
        }
    }

    /// `${NAME:=WORD}` sets a variable that has no value.
    private mutating func assignDefaults(of word: ShellWord, _ line: Int) {
        statements += word.assignments.map { .assign($0.name, $0.word, line: line) }
    }

    private mutating func tellCommand(_ command: Command, _ what: Sentence, isSpread: Bool? = nil) {
        // The rest of the command may be a secret.
        let first =
            command.words.first?.word.asWritten ?? command.assignments.first.map { "\($0.name)=…" } ?? ""
        let isSpread =
            isSpread ?? (command.words.count > 1 && command.words[1].word.asWritten.hasPrefix("="))
        warnings.append(
            (
                command.line,
                isSpread
                    ? "\(what), which is not run: \(first): blanks around ‘=’ are allowed only where the name begins the line"
                    : "\(what), which is not run: \(first)"
            ))
    }
}

extension ShellWord {
    static let unknownWarning: Sentence =
        "what only a shell can tell ($(…), $1) is not evaluated, and stays as written"

    /// The name and the value of `"NAME=VALUE"` behind `export`.
    fileprivate var quotedAssignment: (String, ShellWord)? {
        guard case .text(let text)? = parts.first, let equals = text.firstIndex(of: "="),
            text[..<equals].isShellName
        else { return nil }
        let rest = String(text[text.index(after: equals)...])
        return (String(text[..<equals]), ShellWord((rest.isEmpty ? [] : [.text(rest)]) + parts.dropFirst()))
    }

    /// For people: without the quotation marks.
    var asWritten: String {
        parts.map { part in
            switch part {
            case .text(let text), .unknown(let text): text
            case .variable(let name): "$\(name)"
            case .changed(_, _, let written): written
            }
        }.joined()
    }
}
