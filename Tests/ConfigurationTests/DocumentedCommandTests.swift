import ArgumentParser
import Commands
import Fleet
import Foundation
import Synchronization
import Testing

@testable import RoostCommand

/// README and guide say what this program does: each command, option, setting and file in them is one that it knows.
@Suite struct DocumentedCommandTests {
    /// A line of a page.
    private struct Line {
        var place: String
        var text: String
        var isExample: Bool
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static let pages = Result {
        let guide = try FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("docs/guide").path)
        return ["README.md", "Examples/README.md"]
            + guide.filter { $0.hasSuffix(".md") }.sorted().map {
                "docs/guide/\($0)"
            }
    }

    /// Of a page; lines of examples that end with a backslash are one with the next.
    private static func lines(of page: String) throws -> [Line] {
        let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
        var (lines, isFenced): ([Line], Bool) = ([], false)
        for (number, text) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if text.hasPrefix("```") {
                isFenced.toggle()
                continue
            }
            let isExample = isFenced || text.hasPrefix("    ")
            if isExample, let last = lines.last, last.text.hasSuffix("\\") {
                lines[lines.count - 1].text = String(last.text.dropLast()) + String(text)
            } else {
                lines.append(Line(place: "\(page):\(number + 1)", text: String(text), isExample: isExample))
            }
        }
        return lines
    }

    // MARK: Words

    /// The words of each command of a shell's line, without its comment. What stands in `$( … )` within quotation marks is not looked at.
    private static func commands(in line: String) -> [[String]] {
        var (commands, words): ([[String]], [String]) = ([], [])
        var (word, quote): (String?, Character?) = (nil, nil)
        func finishWord() {
            if let whole = word { words.append(whole) }
            word = nil
        }
        func finishCommand() {
            finishWord()
            if !words.isEmpty { commands.append(words) }
            words = []
        }
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                (quote, word) = (character, word ?? "")
            } else if character == " " {
                finishWord()
            } else if character == "#", word == nil {
                break
            } else if "|;&<>()".contains(character) {
                finishCommand()
            } else {
                word = (word ?? "") + String(character)
            }
        }
        finishCommand()
        return commands
    }

    /// The words behind `roost`; nil for another program's line.
    private static func words(ofRoost command: [String]) -> [String]? {
        var words = command[...]
        while let first = words.first, first != "roost" {
            guard ["$", "exec", "sudo", "-u", "builder", "run:", "-"].contains(first) || first.contains("=")
            else { return nil }
            words = words.dropFirst()
        }
        let own = words.dropFirst()
        // A table that ‘roost’ begins a row of is no command.
        guard let first = own.first, first.first?.isNumber != true else { return nil }
        return Array(own)
    }

    @Test func `a line of a shell becomes the words of its commands`() {
        #expect(
            Self.commands(in: "pass show x | roost secret set 'a b'   # a comment") == [
                ["pass", "show", "x"], ["roost", "secret", "set", "a b"],
            ])
        #expect(
            Self.commands(in: #"roost set "a=$(b | c)" 'x=#1'"#) == [["roost", "set", "a=$(b | c)", "x=#1"]])
        #expect(Self.words(ofRoost: ["sudo", "-u", "builder", "roost", "serve"]) == ["serve"])
        #expect(
            Self.words(ofRoost: ["roost", "1.04"]) == nil && Self.words(ofRoost: ["apt", "roost"]) == nil)
    }

    // MARK: Examples

    @Test func `each command of an example is read as it is printed`() throws {
        var count = 0
        for page in try Self.pages.get() {
            for line in try Self.lines(of: page) where line.isExample {
                for words in Self.commands(in: line.text).compactMap(Self.words) {
                    count += 1
                    #expect(Misspelling.message(words) == nil, "\(line.place)")
                    let whole = words.first == "at" ? [words, Array(words.dropFirst(2))] : [words]
                    for words in whole {
                        #expect(throws: Never.self, "\(line.place): \(words)") {
                            do { _ = try Roost.parseAsRoot(words) } catch {
                                throw ValidationError(Roost.message(for: error))
                            }
                        }
                    }
                    try requireSettings(words, line.place)
                }
            }
        }
        #expect(count > 150)
    }

    /// Whether what stands before `=` in a command that changes settings is one.
    private func requireSettings(_ words: [String], _ place: String) throws {
        guard
            ["set", "plan"].contains(words.first) || words.starts(with: ["image", "set"])
                || words.starts(with: ["rule", "add"])
        else { return }
        for word in words.dropFirst(words.first == "rule" ? 4 : 1) {
            guard let name = word.prefixMatch(of: /([A-Za-z][A-Za-z0-9._-]*?)[+-]?=/)?.1 else { continue }
            #expect(throws: Never.self, "\(place): \(name)") {
                if name != "root-password" { _ = try SettingDefinition.settable(String(name)) }
            }
        }
    }

    @Test func `each example of a file is one that is read`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-docs-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var (servers, fleets) = (0, 0)
        for page in try Self.pages.get() {
            let text = try String(contentsOf: Self.root.appendingPathComponent(page), encoding: .utf8)
            for block in text.components(separatedBy: "\n```yaml\n").dropFirst() {
                let example = try #require(block.components(separatedBy: "\n```").first) + "\n"
                let keys = example.matches(of: /(?m)^([A-Za-z][A-Za-z-]*):/).map { String($0.output.1) }
                if keys.contains(where: DeclaredForms.members.contains) {
                    fleets += 1
                    let file = directory.appendingPathComponent("example-\(fleets).yaml")
                    try Data(example.utf8).write(to: file)
                    #expect(throws: Never.self, "\(page): \(example)") {
                        _ = try DeclaredFiles(reading: [file.path])
                    }
                } else if !keys.contains("on"), !keys.contains("plugin") {
                    servers += 1
                    #expect(throws: Never.self, "\(page): \(example)") {
                        _ = try ServerSettings(parsing: example, file: page)
                    }
                }
            }
        }
        #expect(servers > 5 && fleets > 3)
    }

    // MARK: Sentences

    /// What stands between marks of code, in a line.
    private static func marked(_ text: String) -> [(text: String, before: Substring)] {
        var (found, start) = ([(text: String, before: Substring)](), text.startIndex)
        for match in text.matches(of: /`([^`]+)`/) {
            found.append((String(match.output.1), text[start..<match.range.lowerBound]))
            start = match.range.upperBound
        }
        return found
    }

    /// Of the command and all below it, by name of the command.
    private static let options = Mutex<[String: Set<String>]>([:])

    private static func options(of command: any ParsableCommand.Type) -> Set<String> {
        let key = "\(command)"
        if let known = options.withLock({ $0[key] }) { return known }
        let help = Roost.helpMessage(for: command, includeHidden: true, columns: 10_000)
        // Made once: each use of a literal would compile it again.
        let option = /(?:^|[ ,\/])(--?[a-z][a-z-]*)/
        let own = help.split(separator: "\n").filter { $0.hasPrefix("  -") }.flatMap { line in
            line.matches(of: option).map { String($0.output.1) }
        }
        let all = command.configuration.subcommands.reduce(into: Set(own)) { $0.formUnion(options(of: $1)) }
        options.withLock { $0[key] = all }
        return all
    }

    /// The command that words begin with: of a noun, the noun.
    private static func command(_ words: [String]) -> (any ParsableCommand.Type)? {
        words.first.flatMap { word in
            Roost.configuration.subcommands.first { $0._commandName == word }
        }
    }

    /// Options of other programs that the pages name.
    private static let others: Set<String> = [
        // roost-agent and roost-node
        "--authority-fingerprint", "--address", "--credential", "--take-over", "--check", "--remove",
        "--user",
        "--password", "--name",
        // Benchmarks/images.py
        "--work", "--repetitions",
    ]

    /// A name that is left out is made of the type's by looking at each type of the program, at each start of it.
    @Test func `each command says its own name`() {
        var (rest, count) = ([any ParsableCommand.Type](Roost.configuration.subcommands), 0)
        while let command = rest.popLast() {
            count += 1
            #expect(command.configuration.commandName != nil, "\(command)")
            rest += command.configuration.subcommands
        }
        #expect(count > 150)
    }

    @Test func `each command and option that a sentence names exists`() throws {
        let all = Self.options(of: Roost.self)
        var count = 0
        for page in try Self.pages.get() {
            for line in try Self.lines(of: page) where !line.isExample {
                var last: (any ParsableCommand.Type)?
                for (text, before) in Self.marked(line.text) {
                    // Another sentence, or another cell, may be about another command.
                    if before.contains(/[.;|] |\|/) { last = nil }
                    let words = text.split(separator: " ").map(String.init)
                    if words.first == "roost" {
                        // Several commands in one: build|import.
                        let own = words.dropFirst().prefix { !$0.contains(/[|….\[]/) }
                        guard !own.isEmpty else { continue }
                        count += 1
                        #expect(Misspelling.message(Array(own)) == nil, "\(line.place): \(text)")
                        last = own.first == "at" ? Roost.self : Self.command(Array(own))
                    }
                    let known = last.map { Self.options(of: $0) } ?? all.union(Self.others)
                    for word in words {
                        guard let option = word.prefixMatch(of: /--[a-z][a-z-]*/) else { continue }
                        guard words.first == "roost" || words.first == word else { break }
                        #expect(known.contains(String(option.output)), "\(line.place): \(word)")
                    }
                }
            }
        }
        #expect(count > 150)
    }
}
