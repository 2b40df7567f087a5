/// The text of one section as a shell reads it: its plain assignments and calls. Whatever would have to be run is told, and left out.
struct ShellBody {
    private(set) var statements: [LTSPConf.Statement] = []
    private(set) var warnings: [(line: Int, text: String)] = []

    private var reader: ShellReader
    /// Compound commands and parentheses that are open: what closes them, and where they begin.
    private var open: [(end: String, word: String, line: Int)] = []

    private struct Command {
        var line = 0
        var assignments: [(name: String, word: ShellWord, line: Int)] = []
        var words: [(word: ShellWord, assigned: String?)] = []
        var hasRedirection = false

        var isEmpty: Bool { assignments.isEmpty && words.isEmpty }
    }

    init(_ text: [UInt8], line: Int) { reader = ShellReader(text, line: line) }

    mutating func read() throws(ShellProblem) {
        var command = Command()
        // Whether the command depends on another one’s result, or is fed by it.
        var isJoined = false
        while true {
            switch try reader.token() {
            case .word(let word, let name, let line):
                if command.isEmpty { command.line = line }
                if command.isEmpty, name == nil, let literal = word.literal, try takeKeyword(literal, line) {
                    continue
                }
                if let name, command.words.isEmpty {
                    command.assignments.append((name, word, line))
                } else {
                    command.words.append((word, name))
                }
            case .mark(let mark, let line):
                switch mark {
                case "<", ">", "<<", ">>":
                    command.hasRedirection = true
                    if mark == "<<" { warnings.append((line, "a text behind << is not read")) }
                case "(":
                    open.append((")", "(", line))
                case ")":
                    guard open.last?.end != "esac" else {
                        command = Command()
                        break
                    }
                    end(&command, isJoined)
                    guard open.popLast()?.end == ")" else {
                        throw ShellProblem(line: line, text: "‘)’ closes nothing")
                    }
                case "&&", "||", "|", "&":
                    end(&command, true)
                    isJoined = mark != "&"
                default:
                    let wasEmpty = command.isEmpty
                    end(&command, isJoined)
                    // A line end behind && goes on.
                    if !(wasEmpty && mark == "\n") { isJoined = false }
                }
            case .end:
                end(&command, isJoined)
                guard let open = open.first else { return }
                throw ShellProblem(line: open.line, text: "‘\(open.word)’ is not ended with ‘\(open.end)’")
            }
        }
    }

    /// Words that open, divide and close compound commands.
    private mutating func takeKeyword(_ word: String, _ line: Int) throws(ShellProblem) -> Bool {
        switch word {
        case "if": open.append(("fi", word, line))
        case "while", "until", "for": open.append(("done", word, line))
        case "case": open.append(("esac", word, line))
        case "{": open.append(("}", word, line))
        case "fi", "done", "esac", "}":
            guard open.popLast()?.end == word else {
                throw ShellProblem(line: line, text: "‘\(word)’ closes nothing")
            }
            return true
        case "then", "else", "elif", "do", "!": return true
        default: return false
        }
        if open.count == 1 {
            warnings.append((line, "what is in ‘\(word)’ is not run, and its settings are not taken"))
        }
        // The words of `case` and `for` are no commands.
        return word != "case" && word != "for"
    }

    private mutating func end(_ command: inout Command, _ isJoined: Bool) {
        defer { command = Command() }
        guard !command.isEmpty, open.isEmpty else { return }
        let first = command.words.first?.word.literal ?? ""
        if isJoined || command.hasRedirection {
            tellCommand(command, "a command with a condition or a pipe")
        } else if command.words.isEmpty {
            assign(command.assignments)
        } else if first == "section_call" {
            statements += command.words.dropFirst().map { .call($0.word, line: command.line) }
        } else if first.hasPrefix("section_") {
            statements.append(.callFunction(String(first.dropFirst(8))))
        } else if first == "export" || first == "readonly" {
            assign(
                command.words.dropFirst().compactMap { word, name in name.map { ($0, word, command.line) } })
        } else if first == "unset" {
            statements += command.words.dropFirst().compactMap { $0.word.literal.map { .remove($0) } }
        } else if ![":", "true"].contains(first) || !command.assignments.isEmpty {
            tellCommand(command, "a command")
        }
    }

    private mutating func assign(_ assignments: [(name: String, word: ShellWord, line: Int)]) {
        for (name, word, line) in assignments {
            statements.append(.assign(name, word, line: line))
            if name.uppercased() == "INCLUDE" {
                warnings.append((line, "an indented INCLUDE is a variable, and includes nothing"))
            }
            if word.unknown != nil { warnings.append((line, ShellWord.unknownWarning)) }
        }
    }

    private mutating func tellCommand(_ command: Command, _ what: String) {
        // The rest of the command may be a secret.
        let first =
            command.words.first?.word.asWritten ?? command.assignments.first.map { "\($0.name)=…" } ?? ""
        let hint =
            command.words.count > 1 && command.words[1].word.asWritten.hasPrefix("=")
            ? ": blanks around ‘=’ are allowed only where the name begins the line" : ""
        warnings.append((command.line, "\(what), which is not run: \(first)\(hint)"))
    }
}

extension ShellWord {
    static let unknownWarning = "what only a shell can tell ($(…), $1) is not evaluated, and stays as written"

    /// For people: without the quotation marks.
    var asWritten: String {
        parts.map { part in
            switch part {
            case .text(let text), .unknown(let text): text
            case .variable(let name, nil): "$\(name)"
            case .variable(let name, let other?):
                "${\(name)\(other.emptyIsUnset ? ":" : "")\(other.isForSet ? "+" : "-")\(other.text)}"
            }
        }.joined()
    }
}
