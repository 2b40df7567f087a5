import API
import ArgumentParser
import ConfigurationFile
import Fleet
import Foundation
import Testing
import Wire

@testable import Commands
@testable import RoostCommand

/// What commands print in each format, and which commands there are.
@Suite struct OutputTests {
    @Test func `no two commands of one place have the same name`() {
        func check(_ command: any ParsableCommand.Type, _ path: String) {
            let children = command.configuration.subcommands
            let names = children.flatMap { [$0._commandName] + $0.configuration.aliases }
            let twice = Dictionary(grouping: names, by: \.self).filter { $0.value.count > 1 }.keys
            #expect(twice.isEmpty, "\(path): \(twice.sorted())")
            for child in children { check(child, "\(path) \(child._commandName)") }
        }
        check(Roost.self, "roost")
    }

    @Test func `a group is shown with what it inherits, what is below it, and its nodes`() throws {
        let path = try GroupPath("/school")
        let own: [String: SettingValue] = [
            "loader": .text("ipxe"), "root-password-hash": .text("$6$salt$hash"),
        ]
        let levels: [EffectiveSettings.Level] = [
            (.group(.site), ["locale": .text("pt_PT.UTF-8"), "loader": .text("grub")]), (.group(path), own),
        ]
        let node = MachineAnswer(
            name: try NodeName("pc-1"), isKnown: true, group: path, tags: [], macAddress: nil, address: nil,
            state: .unseen, stage: nil, failure: nil, readyAfter: nil, version: nil)
        let shown = ShownGroup(
            path: path, settings: own, below: [try GroupPath("/school/room-1")],
            effective: EffectiveSettings(levels: levels).all.map(SettingAnswer.init), nodes: [node])
        #expect(shown.inherited.map(\.name) == ["locale"])
        let json = String(decoding: try OutputOptions.data(shown), as: UTF8.self)
        #expect(json.contains(#""path" : "/school""#) && json.contains(#""name" : "pc-1""#))
        #expect(json.contains("/school/room-1") && json.contains(#""origin" : "group /school""#))
        #expect(json.contains("(set)") && !json.contains("$6$"))
        let text = GroupShow.text(
            NodeGroup(path: path, settings: ["loader": .text("ipxe")]), shown.below, shown.nodes,
            inherited: shown.inherited)
        #expect(text.contains("INHERITED") && text.contains("site") && text.contains("pc-1"))
    }

    @Test func `YAML says the same as JSON, whatever the texts are`() throws {
        let texts = [
            "plain", "yes", "No", "null", "~", "1", "1.5", "0x10", "", " a", "a: b", "- a", "#", "a\nb",
            "\u{1B}[2J",
            "ü", "2026-11-29", "{", "é\u{301}", "1_000", "=", "'", "\"", "\\n", "a #b",
        ]
        let value = ["list": texts, "other": ["x"]]
        let yaml = try JSONTree(JSONEncoder().encode(value)).yaml
        let tree = try #require(try YAMLTree.parse(yaml, file: "x"))
        guard case .mapping(let members) = tree.content,
            case .list(let entries) = members.first?.value.content
        else {
            Issue.record("\(yaml)")
            return
        }
        let read = entries.map { entry in
            if case .scalar(let text) = entry.content { text } else { "not a text" }
        }
        #expect(read == texts, "\(yaml)")
        #expect(!yaml.unicodeScalars.contains("\u{1B}"))
    }

    @Test func `numbers, flags and what is absent keep their kind in YAML`() throws {
        let json = Data(#"{"a":1,"b":1.5,"c":true,"d":null,"e":[],"f":{},"g":"1"}"#.utf8)
        #expect(try JSONTree(json).yaml == "a: 1\nb: 1.5\nc: true\nd: null\ne: []\nf: {}\ng: \"1\"\n")
    }

    @Test(arguments: [
        (#"[{"name":"pc-1"},{"name":"pc-2"}]"#, "pc-1\npc-2\n"),
        (#"[{"path":"/school"}]"#, "/school\n"), (#"[{"image":"debian","number":3}]"#, "debian@3\n"),
        (#"[{"number":7,"who":"ann"}]"#, "7\n"), (#"{"name":"pc-1"}"#, "pc-1\n"),
        (#"{"node":{"name":"pc-1"}}"#, "pc-1\n"), ("[]", ""),
        (#"[{"server":{"name":"ts-1"},"pools":["a"]},{"server":"ts-2"}]"#, "ts-1\nts-2\n"),
        (#"[{"account":{"name":"ann"}}]"#, "ann\n"), (#"[{"pool":{"name":"room"}}]"#, "room\n"),
    ])
    func `names are a line each`(json: String, names: String) throws {
        #expect(try JSONTree(Data(json.utf8)).names() == names)
    }

    @Test func `what has no names says so`() throws {
        #expect(throws: ValidationError.self) { try JSONTree(Data(#"[{"a":1}]"#.utf8)).names() }
    }

    @Test(arguments: ["name", "xml"])
    func `a command that changes something refuses what it cannot print before it does`(format: String) {
        for parse in [
            { _ = try Undo.parse(["-o", format]) }, { _ = try Apply.parse(["-f", "x", "-o", format]) },
            { _ = try NodeImportCommand.parse(["x.csv", "-o", format]) },
            { _ = try TokenAdd.parse(["ci", "-o", format]) },
        ] as [() throws -> Void] {
            #expect(throws: (any Error).self) { try parse() }
        }
    }

    @Test func `what programs read has nothing beside it`() throws {
        for words in [["--json"], ["-o", "json"], ["-o", "yaml"]] {
            #expect(try !OutputOptions.parse(words).isForPeople && !AnswerOptions.parse(words).isForPeople)
        }
        #expect(try OutputOptions.parse([]).isForPeople && AnswerOptions.parse(["-o", "wide"]).isForPeople)
        #expect(Export.isPath("fleet") && Export.isPath("./json") && !Export.isPath("json"))
    }

    // MARK: Words

    @Test(arguments: [
        ("node tag pc-1 -teacher", "node tag pc-1 -- -teacher"),
        ("node tag pc-1 new -teacher", "node tag pc-1 new -- -teacher"),
        ("node tag pc-1 -- -teacher", "node tag pc-1 -- -teacher"), ("node tag pc-1 -h", "node tag pc-1 -h"),
        ("node tag --help", "node tag --help"), ("node tag pc-1 a --socket x", "node tag pc-1 a --socket x"),
        ("node list -o json", "node list -o json"), ("", ""),
    ])
    func `a hyphen takes a tag away`(line: String, marked: String) {
        let words = RemovedTags.marked(line.split(separator: " ").map(String.init))
        #expect(words.joined(separator: " ") == marked)
    }

    // MARK: Texts

    @Test func `a revision says what changed in each record`() {
        let before = #"{"group":"/a","settings":{"kernel-arguments":"quiet","loader":"ipxe"},"tags":[]}"#
        let after = #"{"group":"/b","settings":{"kernel-arguments":"quiet splash"},"tags":["x","y"]}"#
        #expect(
            RecordDifference.lines(from: before, to: after) == [
                "group: /a → /b", "settings.kernel-arguments: quiet → quiet splash",
                "settings.loader: ipxe → -", "tags: - → x, y",
            ])
        #expect(RecordDifference.lines(from: nil, to: #"{"name":"pc-1","tags":[]}"#) == ["name: pc-1"])
        #expect(RecordDifference.lines(from: "no JSON", to: nil) == ["value: no JSON"])
    }

    @Test(arguments: [
        (["a", "b"], ["a", "b", "c"], ["c"]), (["a", "b"], ["b", "c", "d"], ["c", "d"]),
        (["x", "x"], ["x", "x", "x"], []), ([], ["a"], ["a"]), (["a"], ["z"], ["z"]), (["a"], ["a"], []),
        (["a", "b", "a"], ["b", "a", "b"], ["b"]),
    ])
    func `a followed log goes on where it was`(shown: [String], now: [String], news: [String]) {
        #expect(Array(NodeLog.news(now, after: shown)) == news)
    }
}
