import ConfigurationFile
import Fleet
import Foundation
import Testing

@testable import Commands

/// Files of the configuration on their way to and from a server: reading, writing, and what stays as it is.
@Suite final class YAMLEditorTests {
    private let directory: String

    init() throws {
        directory =
            FileManager.default.temporaryDirectory.appendingPathComponent("roost-files-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    @discardableResult
    private func write(_ text: String, _ name: String = "fleet.yaml") throws -> String {
        let path = "\(directory)/\(name)"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func records(_ json: String) throws -> DeclaredRecords { try DeclaredRecords(Data(json.utf8)) }

    /// The file after an export over it; nil when it stays.
    private func updated(_ text: String, _ json: String) throws -> String? {
        let path = try write(text)
        let records = try records(json)
        return try DeclaredExport(records: records, wanted: records.all).changes(at: path).first?.after
    }

    private func problems(_ text: String) throws -> String {
        let path = try write(text)
        do { _ = try DeclaredFiles(reading: [path]) } catch {
            return "\(error)".replacing(directory + "/", with: "")
        }
        return ""
    }

    // MARK: Comments and order

    private static let school = """
        # The school.
        source: school

        groups:
          # All rooms.
          - path: /school   # since 2019
            settings:
              loader: ipxe  # firmware of 2012

              # Lisbon is behind.
              time-zone: Europe/Lisbon
          - path: /school/b
          # The first room.
          - path: /school/a
        # Machines.
        nodes:
          - {name: pc-1, group: /school}

        """

    private static let json = """
        {"revision": 7,
         "groups": [{"path": "/school", "settings": {"loader": "ipxe", "time-zone": "Europe/Lisbon"}},
                    {"path": "/school/a", "settings": {}}, {"path": "/school/b", "settings": {}}],
         "nodes": [{"name": "pc-1", "group": "/school", "macAddresses": [], "tags": [], "settings": {}}]}
        """

    @Test func `a file that says what is there stays as it is`() throws {
        #expect(try updated(Self.school, Self.json) == nil)
    }

    @Test func `a changed value keeps the comments and the order around it`() throws {
        let changed = Self.json.replacing("\"ipxe\"", with: "\"grub\"")
        #expect(
            try updated(Self.school, changed)
                == Self.school.replacing("loader: ipxe  #", with: "loader: grub  #"))
        let more = Self.json.replacing("\"ipxe\",", with: "\"ipxe\", \"locale\": \"pt_PT.UTF-8\",")
        #expect(
            try updated(Self.school, more)
                == Self.school.replacing(
                    "Europe/Lisbon\n", with: "Europe/Lisbon\n      locale: pt_PT.UTF-8\n"))
        let moved = Self.json.replacing(
            "\"/school\", \"macAddresses\": []",
            with: "\"/school/a\", \"macAddresses\": [\"52:54:00:00:00:01\"]")
        #expect(
            try updated(Self.school, moved)
                == Self.school.replacing(
                    "  - {name: pc-1, group: /school}\n",
                    with:
                        "  - name: pc-1\n    group: /school/a\n    macAddresses:\n      - \"52:54:00:00:00:01\"\n"
                ))
    }

    @Test func `removed records go with their comments, and new ones come at the end`() throws {
        let gone = Self.json.replacing("{\"path\": \"/school/a\", \"settings\": {}}, ", with: "")
        #expect(
            try updated(Self.school, gone)
                == Self.school.replacing("  # The first room.\n  - path: /school/a\n", with: ""))
        let new = Self.json.replacing(
            "{\"path\": \"/school/b\"",
            with: "{\"path\": \"/school/c\", \"settings\": {}}, {\"path\": \"/school/b\"")
        #expect(
            try updated(Self.school, new)
                == Self.school.replacing(
                    "- path: /school/a\n", with: "- path: /school/a\n  - path: /school/c\n"))
        let unset = Self.json.replacing(", \"time-zone\": \"Europe/Lisbon\"", with: "")
        let text = try #require(try updated(Self.school, unset))
        #expect(!text.contains("time-zone") && text.contains("loader: ipxe  # firmware of 2012\n"))
        let bare = Self.json.replacing("{\"loader\": \"ipxe\", \"time-zone\": \"Europe/Lisbon\"}", with: "{}")
        let without = try #require(try updated(Self.school, bare))
        #expect(without.contains("- path: /school   # since 2019\n  - path: /school/b\n"), "\(without)")
    }

    @Test func `a directory gets a file for each kind, and records stay in their files`() throws {
        let records = try records(Self.json)
        let export = DeclaredExport(records: records, wanted: records.all)
        let fresh = try export.changes(at: "\(directory)/fresh")
        #expect(
            fresh.map { URL(fileURLWithPath: $0.path).lastPathComponent } == ["groups.yaml", "nodes.yaml"])
        #expect(fresh[1].after == "nodes:\n  - name: pc-1\n    group: /school\n")
        try write("groups:\n  - path: /school/a\n", "own/rooms/a.yaml")
        try write("# mine\n", "own/nodes.yaml")
        let changes = try export.changes(at: "\(directory)/own")
        #expect(changes.count == 2)
        #expect(changes.first { $0.path.hasSuffix("a.yaml") }?.after.contains("- path: /school/b") == true)
        #expect(
            changes.first { $0.path.hasSuffix("nodes.yaml") }?.after
                == "# mine\nnodes:\n  - name: pc-1\n    group: /school\n")
    }

    @Test func `a JSON file stays JSON`() throws {
        let path = try write("{\"nodes\": [{\"name\": \"pc-1\"}]}", "fleet.json")
        let records = try records(Self.json)
        let change = try #require(try DeclaredExport(records: records, wanted: []).changes(at: path).first)
        #expect(change.after.contains("\"group\" : \"/school\"") && !change.after.contains("/school/b"))
        #expect(try DeclaredFiles(reading: [path]).items.count == 1)
    }

    @Test func `anchors are read, and what an alias needs is not taken away`() throws {
        let text =
            "groups:\n  - path: /school/a\n    settings: &s\n      loader: ipxe\n  - path: /school/b\n    settings: *s\n"
        let same = Self.json.replacing(
            "/a\", \"settings\": {}", with: "/a\", \"settings\": {\"loader\": \"ipxe\"}"
        ).replacing("/b\", \"settings\": {}", with: "/b\", \"settings\": {\"loader\": \"ipxe\"}")
        let path = try write(text)
        let export = DeclaredExport(records: try records(same), wanted: [])
        #expect(try export.changes(at: path).isEmpty)
        let changed = try self.records(
            same.replacing("/a\", \"settings\": {\"loader\": \"ipxe\"}", with: "/a\", \"settings\": {}"))
        #expect(throws: Failure.self) {
            try DeclaredExport(records: changed, wanted: []).changes(at: path)
        }
    }

    @Test func `a difference is shown as diff shows it`() throws {
        let old = (1...9).map { "\($0)\n" }.joined()
        let new = old.replacing("5\n", with: "five\n5b\n")
        #expect(
            TextDifference.unified(old, new, oldName: "a", newName: "b")
                == "--- a\n+++ b\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n+5b\n 6\n 7\n 8\n")
        #expect(TextDifference.unified(old, old, oldName: "a", newName: "b").isEmpty)
        #expect(
            TextDifference.unified("", "x\n", oldName: "a", newName: "b").contains("@@ -0,0 +1,1 @@\n+x\n"))
    }

    // MARK: Writing

    @Test(arguments: [
        "a", "", " a", "a ", "yes", "No", "null", "~", "0123", "1e3", "0x1f", "12:30:45", "52:54:00:00:00:01",
        "2026-11-29", "10.0.0.1", "a: b", "a #b", "#a", "- a", "a:", "\"a\"", "'a'", "{a}", "[a", "a, b",
        "*a", "&a",
        "!a", "%a", "@a", "`a", "|", ">", "?", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "  a\nb", "a\n  b\n",
        "a\n \nb",
        "a\tb", "\t", "a\r\nb", "\u{1}", "\u{7F}", "\u{85}", "\u{A0}a", "\u{2028}", "é", "Ω\nω",
        "🦉",
        "\\", "a\\n", "---", "...", "--- a", "<<", "=", ".5", "-1", "+1", "1_000", "(set)", "memory < 2 GiB",
        "a\n#b\n", "a\n- b",
    ])
    func `a text is read as it was written`(text: String) throws {
        for value in [
            DeclaredValue.object(["k": .text(text)]), .object([text: .text("v")]),
            .object(["l": .list([.text(text), .text("b")])]),
            .object(["o": .object(["in": .object(["k": .text(text), "z": .text("b")])])]),
        ] {
            let lines = YAMLWriter.block(value.object ?? [:], indent: 0)
            let tree = try YAMLTree.parse(lines.map { "\($0)\n" }.joined(), file: "a")
            #expect(tree?.value == value, "\(lines)")
        }
    }

    // MARK: Reading

    @Test func `records are read with their lines`() throws {
        let path = try write(Self.school)
        let files = try DeclaredFiles(reading: [path])
        #expect(
            files.source?.text == "school"
                && files.items.map(\.keyText) == ["/school", "/school/b", "/school/a", "pc-1"])
        #expect(files.items[0].line == 6 && files.items[0].lines?["/settings/time-zone"] == 11)
        #expect(files.items[3].line == 17)
        // Windows editors, and a second file.
        try write("\u{FEFF}nodes:\r\n  - name: pc-2\r\n", "sub/b.yml")
        try write("nodes: [", ".hidden.yaml")
        #expect(try DeclaredFiles(reading: [directory]).items.count == 5)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/sub/circle", withDestinationPath: directory)
        #expect(try DeclaredFiles(reading: [directory]).items.count == 5)
    }

    @Test func `keys that begin with x- mean nothing, and are a place for anchors`() throws {
        try write(
            "x-note: text\nx-office: &office {time-zone: Europe/Berlin}\nX-other: 1\ngroups:\n  - {path: /a, settings: *office}\n",
            "fleet.yaml")
        let error = #expect(throws: UnreadableDeclaration.self) { try DeclaredFiles(reading: [directory]) }
        #expect(error.map { "\($0)" }?.contains("fleet.yaml:3: unknown key ‘X-other’") == true)
        try write(
            "x-note: text\nx-office: &office {time-zone: Europe/Berlin}\ngroups:\n  - {path: /a, settings: *office}\n",
            "fleet.yaml")
        let item = try #require(try DeclaredFiles(reading: [directory]).items.first)
        #expect(
            item.fields
                == .object(["path": .text("/a"), "settings": .object(["time-zone": .text("Europe/Berlin")])]))
    }

    @Test func `what is wrong is told with file and line`() throws {
        #expect(
            try problems("nods:\n  - name: a\n").hasPrefix(
                "fleet.yaml:1: unknown key ‘nods’; did you mean ‘nodes’?"))
        #expect(
            try problems("nodes:\n  - a\n")
                == "fleet.yaml:2: an entry of nodes must be a map of keys to values")
        #expect(try problems("nodes: a\n") == "fleet.yaml:1: nodes must be a list of records")
        #expect(try problems("- a\n").hasPrefix("fleet.yaml:1: must be a map with groups"))
        #expect(try problems("nodes:\n  - name: a\n    name: b\n").contains("given twice: name"))
        #expect(try problems("nodes:\n\t- name: a\n").hasPrefix("fleet.yaml:2: "))
        #expect(try problems("a: &a [*a]\n").hasPrefix("fleet.yaml:1: "))
        #expect(try problems("source: Not A Name\n").hasPrefix("fleet.yaml:1: source: "))
        #expect(try problems("nodes:\n  - <<: {name: a}\n").contains("merge keys"))
        #expect(try problems("nodes: []\n---\nnodes: []\n").contains("second document"))
        #expect(try problems("nodes:\n  - name: “a”\n").contains("U+201C"))
        #expect(try problems("nodes:\n  \u{A0}- name: a\n").contains("U+A0"))
        #expect(
            try problems("groups:\n  - path: /a\n    settings:\n      files: {/x: !!binary eA==}\n")
                .hasPrefix(
                    "fleet.yaml:4: the tag !!binary has no meaning here"))
        #expect(try problems("nodes: !Sub\n  - name: a\n").contains("the tag !Sub"))
        #expect(try problems("") == "" && problems("# nothing\n") == "")
        #expect(throws: UnreadableDeclaration.self) { try DeclaredFiles(reading: ["\(directory)/none"]) }
        let empty = "\(directory)/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        #expect(throws: UnreadableDeclaration.self) { try DeclaredFiles(reading: [empty]) }
    }

    @Test func `files that mean billions, are huge, or are no text are refused`() throws {
        let laughs =
            "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + (1...9).map {
                "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ", "))]\n"
            }
            .joined()
        #expect(try problems(laughs).contains("at most \(YAMLTree.countLimit) values"))
        let row = "  - {path: /a, settings: {loader: grub}}\n"
        let many = "groups:\n" + String(repeating: row, count: YAMLTree.countLimit / 4 + 1)
        #expect(try problems(many).contains(":\(YAMLTree.countLimit / 4 + 1): too much"), "one line too many")
        let lists = "groups:\n" + String(repeating: "- a\n", count: YAMLTree.countLimit)
        #expect(try problems(lists).contains(":\(YAMLTree.countLimit + 1): too much"))
        // A long text is one value.
        let lines = String(repeating: "    a; b: c\n", count: 100)
        #expect(try YAMLTree.parse("a: |\n\(lines)", file: "a.yaml") != nil)
        let deep = "nodes: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(try problems(deep).contains("levels deep"))
        let path = "\(directory)/fleet.yaml"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 100 << 20)
        try file.close()
        #expect(throws: UnreadableDeclaration.self) { try DeclaredFiles(reading: [path]) }
        try Data([0x6E, 0x00, 0xFF, 0xC3]).write(to: URL(fileURLWithPath: path))
        #expect(throws: UnreadableDeclaration.self) { try DeclaredFiles(reading: [path]) }
        // Other encodings of editors are read.
        let latin = Data("groups: # Caf".utf8) + [0xE9] + Data("\n  - path: /a\n".utf8)
        try latin.write(to: URL(fileURLWithPath: path))
        #expect(try DeclaredFiles(reading: [path]).items.count == 1)
    }
}
