/// Reads the lines of an `lts.conf` and of what it includes, by the words and the grammar of getltscfg (lexer.l, parser.y).
struct LTSConfReader {
    private enum Token: Equatable {
        case equals, open, close
        case string([UInt8])
        case include([UInt8])
    }

    private enum State: Equatable {
        case between
        case name([UInt8], line: Int)
        case equals([UInt8], line: Int)
    }

    private struct Include {
        var path: String
        var line: Int
    }

    private(set) var sections: [LTSConf.Section] = []
    private(set) var problems: [LTSPProblem] = []
    /// The line of a header that is a comment, while nothing that counts stands below it.
    private var hiddenHeader: Int?
    private var file = ""
    private var line = 0
    private var text: [UInt8] = []
    /// Whether the line has a comment.
    private var hasComment = false
    private var state = State.between
    /// Behind `include`, a section begins with its header.
    private var needsHeader = true
    private var include: Include?
    /// What follows has no room.
    private var isFull = false
    /// Of variables.
    private var names: Set<String> = []

    mutating func read(_ bytes: [UInt8], _ name: String, including contents: (String) -> [UInt8]?) {
        var seen = [name]
        var next: (bytes: [UInt8], name: String)? = (bytes, name)
        var left = LTSPLimit.byteCount
        while let current = next {
            next = nil
            readFile(current.bytes, current.name, byteLimit: left)
            left -= current.bytes.count
            guard let include else { continue }
            self.include = nil
            if seen.contains(include.path) {
                warn("\(include.path) was already read", at: include.line)
            } else if seen.count == LTSPLimit.fileCount {
                fail("at most \(LTSPLimit.fileCount) files are read", at: include.line)
            } else if let bytes = contents(include.path) {
                if current.bytes.count > Self.blockByteCount {
                    warn(
                        "getltscfg loses the end of a file of this length that includes another",
                        at: include.line)
                }
                seen.append(include.path)
                next = (bytes, include.path)
            } else {
                fail("there is no file \(include.path), or it cannot be read", at: include.line)
            }
        }
    }

    /// What flex reads at once.
    private static let blockByteCount = 16 << 10

    private mutating func readFile(_ bytes: [UInt8], _ name: String, byteLimit: Int) {
        file = name
        needsHeader = true
        hiddenHeader = nil
        let text = LTSPText(bytes, file: name, byteLimit: byteLimit)
        problems += text.problems
        if text.hasByteOrderMark { fail("a byte order mark comes before the first character", at: 1) }
        if let line = text.firstCarriageReturn {
            fail("lines end as in DOS, with a carriage return", at: line)
        }
        for (index, var line) in text.lines.enumerated() {
            if index == 0, text.hasByteOrderMark { line.removeFirst(3) }
            if line.last == 0x0D { line.removeLast() }
            self.line = index + 1
            self.text = line
            hasComment = false
            noteHidden(line[...].bare)
            readLine()
            if isFull || problems.count > LTSPLimit.problemCount { return }
        }
        endSetting()
        requireSettings()
        if !text.endsWithLineEnd, hasComment {
            warn(
                "a comment in the last line needs a line end: without one, it spoils the first variable",
                at: line)
        }
    }

    /// A header that became a comment leaves its lines to the section above.
    private mutating func noteHidden(_ line: ArraySlice<UInt8>) {
        guard let first = line.first else { return }
        if first == UInt8(ascii: "#") {
            let comment = line.drop { $0 == UInt8(ascii: "#") }.bare
            let isHeader = comment.first == UInt8(ascii: "[") && comment.last == UInt8(ascii: "]")
            // A setting that is a comment, too: the whole section is meant to be one.
            if isHeader || comment.contains(UInt8(ascii: "=")) { hiddenHeader = isHeader ? self.line : nil }
            return
        }
        if let header = hiddenHeader, first != UInt8(ascii: "["), let section = sections.last {
            warn("this header is a comment: the lines below it are of [\(section.name)]", at: header)
        }
        hiddenHeader = nil
    }

    // MARK: Lines

    private mutating func readLine() {
        let tokens = tokens()
        var place = 0
        while place < tokens.count {
            switch tokens[place] {
            case .include(let path):
                endSetting()
                if let include {
                    warn("it is not read: only the last include of a file is", at: include.line)
                }
                include = Include(path: path.asText, line: line)
                requireSettings()
                needsHeader = true
            case .open:
                if case .equals(_, line) = state {
                    fail("a value with brackets in it needs quotation marks", at: line)
                    return recover(tokens)
                }
                endSetting()
                guard tokens.count > place + 2, case .string(let name) = tokens[place + 1],
                    tokens[place + 2] == .close, !name.isEmpty
                else {
                    fail(
                        "this is not a section header: [NAME], without brackets and quotation marks in it",
                        at: line)
                    return begin(section: Array(headerText))
                }
                begin(section: name)
                place += 2
            case .close:
                fail("‘]’ without ‘[’", at: line)
                return recover(tokens)
            case .equals:
                guard case .name(let name, let begin) = state else {
                    fail(
                        state == .between ? "a value with ‘=’ in it needs quotation marks" : "‘=’ twice",
                        at: line)
                    return recover(tokens)
                }
                state = .equals(name, line: begin)
            case .string(let text):
                guard take(text, isBeforeEquals: tokens.dropFirst(place + 1).first == .equals) else {
                    return recover(tokens)
                }
            }
            place += 1
        }
    }

    /// A name or a value; false when neither can be here.
    private mutating func take(_ text: [UInt8], isBeforeEquals: Bool) -> Bool {
        switch state {
        case .between:
            state = .name(text, line: line)
        case .name(let name, let begin):
            fail("‘\(name.asText)’ is not NAME = VALUE", at: begin)
            state = .between
            if begin == line { return false }
            state = .name(text, line: line)
        case .equals(let name, let begin):
            // A value may be on a later line; but there, a name is more likely.
            if begin != line, isBeforeEquals {
                endSetting()
                state = .name(text, line: line)
            } else {
                state = .between
                add(name, text, at: begin)
            }
        }
        return true
    }

    /// Ends what is begun without being a setting.
    private mutating func endSetting() {
        switch state {
        case .between: break
        case .name(let name, let begin): fail("‘\(name.asText)’ is not NAME = VALUE", at: begin)
        case .equals(let name, let begin):
            fail("there is no value after ‘=’ (\"\" is an empty one)", at: begin)
            add(name, [], at: begin)
        }
        state = .between
    }

    /// After an error: the line's first ‘=’ divides name and value.
    private mutating func recover(_ tokens: [Token]) {
        state = .between
        guard tokens.count > 1, case .string(let name) = tokens[0], tokens[1] == .equals,
            let equals = text.firstIndex(of: UInt8(ascii: "="))
        else { return }
        var value = text[(equals + 1)...].bare
        if let first = value.first, first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            if let last = value.lastIndex(of: first), last > value.startIndex {
                value = value[value.index(after: value.startIndex)..<last]
            }
        } else {
            value = value.prefix { $0 != UInt8(ascii: "#") }.bare
        }
        if let last = sections.last?.settings.last, last.place.line == line, last.place.file == file {
            sections[sections.count - 1].settings.removeLast()
        }
        add(name, Array(value), at: line)
    }

    // MARK: Sections and settings

    private mutating func begin(section name: [UInt8]) {
        requireSettings()
        needsHeader = false
        guard sections.count < LTSPLimit.sectionCount else {
            isFull = true
            return fail("a file has at most \(LTSPLimit.sectionCount) sections", at: line)
        }
        sections.append(
            LTSConf.Section(
                name: name.asText, place: LTSPPlace(file: file, line: line, section: name.asText),
                key: name.map(\.lowered)))
    }

    private mutating func requireSettings() {
        guard let section = sections.last, section.settings.isEmpty, section.likes.isEmpty,
            section.place.file == file, !needsHeader
        else { return }
        fail("the section [\(section.name)] has no setting", at: section.place.line)
    }

    private mutating func add(_ name: [UInt8], _ value: [UInt8], at line: Int) {
        guard let section = sections.last, !needsHeader else {
            return fail(
                sections.isEmpty
                    ? "a setting stands above the first section"
                    : "a section header is needed behind an include",
                at: line)
        }
        let place = LTSPPlace(file: file, line: line, section: section.name)
        let upper = name.asText.uppercased()
        let index = sections.count - 1
        if upper == "LIKE" {
            sections[index].likes.append(
                LTSConf.Like(name: value.asText, place: place, key: value.map(\.lowered)))
            return
        }
        if upper == "INCLUDE" {
            warn("‘include PATH’ has no ‘=’: with one, it is a variable and includes nothing", at: line)
        }
        if !upper.isShellName { warn("‘\(name.asText)’ is not a name for a shell variable", at: line) }
        names.insert(upper)
        guard names.count <= LTSPLimit.variableCount else {
            isFull = true
            return fail("a file has at most \(LTSPLimit.variableCount) different variables", at: line)
        }
        let (word, isLost) = word(value, at: line)
        sections[index].settings.append(
            LTSConf.Setting(name: upper, text: value.asText, place: place, word: word, isLost: isLost))
    }

    /// What a shell makes of the value, which getltscfg prints between quotation marks as it is.
    private mutating func word(_ value: [UInt8], at line: Int) -> (ShellWord, isLost: Bool) {
        let plain = (ShellWord(value.isEmpty ? [] : [.text(value.asText)]), false)
        guard value.contains(where: { Array("$`\\\"".utf8).contains($0) }) else { return plain }
        var reader = ShellReader(
            [UInt8(ascii: "\"")] + value + [UInt8(ascii: "\"")], line: line)
        do throws(ShellProblem) {
            guard case .word(let word, _, _) = try reader.token() else { return plain }
            var isLost = false
            var token = try reader.token()
            if token != .end {
                // Further assignments and files may come before the command.
                command: while !isLost {
                    switch token {
                    case .word(_, let variable, _): isLost = variable == nil
                    case .mark(let mark, _) where ShellBody.redirections.contains(mark):
                        guard case .word = try reader.token() else { break command }
                    default: break command
                    }
                    token = try reader.token()
                }
                if isLost {
                    warn(
                        "a shell takes the text after the inner quotation mark for a command, and sets nothing",
                        at: line)
                } else {
                    warn(
                        "a shell takes the text after the inner quotation mark for a command",
                        at: line)
                }
            }
            if word.unknown != nil { warn(ShellWord.unknownWarning, at: line) }
            return (word, isLost)
        } catch {
            fail("as a text of the shell: \(error.text)", at: line)
            return plain
        }
    }

    private mutating func fail(_ text: Sentence, at line: Int) {
        problems.append(LTSPProblem(error: text, file, line))
    }

    private mutating func warn(_ text: Sentence, at line: Int) {
        problems.append(LTSPProblem(warning: text, file, line))
    }

    // MARK: Words of a line

    /// Between the line's first bracket and its last one.
    private var headerText: ArraySlice<UInt8> {
        let name = text.drop { $0 != UInt8(ascii: "[") }.dropFirst()
        guard let last = name.lastIndex(of: UInt8(ascii: "]")) else { return name.bare }
        return name[..<last].bare
    }

    private mutating func tokens() -> [Token] {
        if let path = includedPath { return [.include(path)] }
        var tokens: [Token] = []
        var at = 0
        var hasApostrophe = false
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "="): tokens.append(.equals)
            case UInt8(ascii: "["): tokens.append(.open)
            case UInt8(ascii: "]"): tokens.append(.close)
            case UInt8(ascii: "#"):
                hasComment = true
                return tokens
            case UInt8(ascii: "'"):
                if !hasApostrophe {
                    hasApostrophe = true
                    warn(
                        "(') is not a quotation mark here: getltscfg spoils its answer with it, so use (\") instead",
                        at: line)
                }
            case UInt8(ascii: "\""):
                guard let last = text.lastIndex(of: UInt8(ascii: "\"")), last > at else {
                    fail("a quotation mark is opened and never closed", at: line)
                    break
                }
                let value = text[at + 1..<last]
                if let hash = value.firstIndex(of: UInt8(ascii: "#")),
                    value[..<hash].contains(UInt8(ascii: "\"")), value[hash - 1].isBlank
                {
                    warn("the value goes on to the last quotation mark of the line, in the comment", at: line)
                }
                tokens.append(.string(Array(value)))
                at = last
            default:
                let plain = text[at...].prefix { !Array("=[]\"'#".utf8).contains($0) }
                if !plain.bare.isEmpty { tokens.append(.string(Array(plain.bare))) }
                at = plain.endIndex - 1
            }
            at += 1
        }
        return tokens
    }

    /// The path of `include PATH`, which is a word of its own at the beginning of a line.
    private var includedPath: [UInt8]? {
        let line = text[...].bare
        guard line.starts(with: "include".utf8) else { return nil }
        var path = line.dropFirst(7)
        guard path.first?.isBlank == true else { return nil }
        path = path.bare
        if path.first == UInt8(ascii: "\""), let last = path.lastIndex(of: UInt8(ascii: "\"")),
            last > path.startIndex
        {
            return Array(path[path.index(after: path.startIndex)..<last].bare)
        }
        let plain = path.prefix { !Array("=[]\"'#".utf8).contains($0) }
        let behind = path.dropFirst(plain.count).first
        return plain.bare.isEmpty || behind == UInt8(ascii: "=") ? nil : Array(plain.bare)
    }
}
