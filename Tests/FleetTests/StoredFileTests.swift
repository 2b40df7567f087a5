import Testing
import Wire

@testable import Fleet

/// Files on the server that nodes get.
@Suite struct StoredFileTests {
    private static func file(_ name: String, _ digit: Character, byteCount: Int = 3) throws -> StoredFile {
        StoredFile(
            name: try StoredFileName(name), digest: Sample.digest(digit), byteCount: byteCount, changedAt: 1)
    }

    /// A node with the settings, on a site with these files.
    private static func snapshot(
        _ files: [StoredFile], configured: [String: String], with contents: StoredContents = StoredContents()
    ) throws -> (snapshot: FleetSnapshot, node: NodeContents) {
        let sample = try Sample.snapshot(nodeSettings: ["files": .map(configured)])
        let snapshot = try sample.applying(files.map { .storedFile($0.name, $0) }, revision: 2)
        let node = try NodeContents(
            for: Sample.mac, being: snapshot.node(at: Sample.mac), in: snapshot, policy: Sample.policy(),
            stored: contents, hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") })
        return (snapshot, node)
    }

    @Test(arguments: ["", ".x", "-x", "a b", "a/b", "ü", String(repeating: "a", count: 101)])
    func `a name is a plain word`(text: String) {
        #expect(throws: InvalidName.self) { try StoredFileName(text) }
    }

    @Test func `contents are any bytes, and digits that are none are refused`() {
        let all = (0...255).map { UInt8($0) }
        #expect(KeptBytes.bytes(of: KeptBytes.text(of: all)) == all)
        #expect(KeptBytes.text(of: [0, 10, 255]) == "000aff" && KeptBytes.bytes(of: "") == [])
        #expect(KeptBytes.bytes(of: "0g") == nil && KeptBytes.bytes(of: "012") == nil)
        #expect(KeptBytes.bytes(of: "sealed:AAAA") == nil)
    }

    @Test func `a node gets the bytes of the file that its setting names, with their mode`() throws {
        let contents = StoredContents()
        contents.add([0, 255, 7], Sample.digest("a"))
        let (_, node) = try Self.snapshot(
            [Self.file("tool.bin", "a")],
            configured: ["/usr/bin/tool:755": "stored:tool.bin", "/etc/motd": "hi"], with: contents)
        let step = try #require(node.steps.first { $0.name == "files" })
        #expect(
            node.complete(step.work).acts == [
                .write(path: "/etc/motd", mode: 0o644, content: Array("hi\n".utf8)),
                .write(path: "/usr/bin/tool", mode: 0o755, content: [0, 255, 7]),
            ])
        let archive = configurationArchive(of: node)
        #expect(String(decoding: archive, as: UTF8.self).contains("files/usr/bin/tool\0"))
    }

    @Test func `another content changes the step's mark`() throws {
        let contents = StoredContents()
        contents.add([1], Sample.digest("a"))
        contents.add([2], Sample.digest("b"))
        let marks = try ["a", "b"].map { (digit: Character) -> [UInt8]? in
            let (_, node) = try Self.snapshot(
                [Self.file("x", digit)], configured: ["/x": "stored:x"], with: contents)
            return node.steps.first { $0.name == "files" }.map { node.bytes(of: $0) }
        }
        #expect(marks[0] != nil && marks[0] != marks[1])
    }

    @Test func `a file that cannot be had is a step of its own that fails, and the others are written`()
        throws
    {
        let contents = StoredContents()
        contents.add([UInt8](repeating: 0, count: StoredFile.nodeByteLimit), Sample.digest("c"))
        contents.add([1], Sample.digest("d"))
        let (_, node) = try Self.snapshot(
            [Self.file("lost", "b"), Self.file("large", "c"), Self.file("small", "d")],
            configured: [
                "/a": "stored:nowhere", "/b": "stored:lost", "/c": "stored:large", "/d": "stored:small",
                "/e": "text",
            ], with: contents)
        let files = node.steps.filter { $0.setting == "files" }
        #expect(files.map(\.name) == ["files", "file /a", "file /b", "file /d"])
        #expect(files.first?.work.acts == [.copy(path: "/c"), .copy(path: "/e")])
        let reasons = files.dropFirst().map { "\($0.work.acts)" }
        #expect(reasons[0].contains("roost file list") && reasons[1].contains("put it there again"))
        #expect(reasons[2].contains("4 MiB"))
    }

    @Test func `a value that begins like a name and is none is refused, other text is text`() throws {
        let files = Settings.files.definition
        for text in ["stored:", "stored:a b", "stored:../x"] {
            let value = SettingValue.map(["/x": text])
            #expect(files.newProblem(value)?.english.contains("does not name a file") == true, "\(text)")
        }
        #expect(files.newProblem(.map(["/x": "stored:a\nb"])) == nil)
        #expect(try ConfiguredFile(reading: "/x", "stored:a.b").stored?.text == "a.b")
        #expect(try ConfiguredFile(reading: "/x", " stored:a").stored == nil)
    }

    @Test func `a file that a setting names stays, and sizes have limits`() throws {
        let (snapshot, _) = try Self.snapshot([Self.file("x", "a")], configured: ["/x": "stored:x"])
        let name = try StoredFileName("x")
        #expect(snapshot.usesOfStoredFiles.map(\.place) == ["node pc-1"])
        #expect(throws: StoreError.self) { try snapshot.applying([.storedFile(name, nil)], revision: 3) }
        let node = try #require(snapshot.node(at: Sample.mac))
        var without = node
        without.settings = [:]
        _ = try snapshot.applying([.storedFile(name, nil), .node(node.name, without)], revision: 3)
        let large = try Self.file("y", "a", byteCount: StoredFile.byteLimit + 1)
        #expect(throws: InvalidSetting.self) {
            try snapshot.applying([.storedFile(large.name, large)], revision: 3)
        }
        let many = try (0...16).map { try Self.file("f\($0)", "a", byteCount: StoredFile.byteLimit) }
        #expect(throws: StoreError.self) {
            try snapshot.applying(many.map { .storedFile($0.name, $0) }, revision: 3)
        }
    }

    @Test func `contents that nothing names go when they take too much memory, not before`() {
        let contents = StoredContents()
        let (kept, old) = (Sample.digest("a"), Sample.digest("b"))
        contents.add([1], kept)
        contents.add([2], old)
        contents.keep([kept])
        #expect(contents[old] != nil)
        contents.add([UInt8](repeating: 0, count: StoredFile.wholeByteLimit + 1), old)
        contents.keep([kept])
        #expect(contents[old] == nil && contents[kept] == [1])
    }

    @Test func `a replaced or removed content is not undone`() throws {
        let (one, other) = (try Self.file("x", "a"), try Self.file("x", "b"))
        #expect(StoredFile.undoProblem(from: one, to: other) != nil)
        #expect(StoredFile.undoProblem(from: one, to: nil) != nil)
        #expect(StoredFile.undoProblem(from: nil, to: one) == nil)
        #expect(StoredFile.undoProblem(from: one, to: one) == nil)
    }
}
