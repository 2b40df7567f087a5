import Foundation
import NodeWork
import Testing
import Wire

/// A running node's files with what it knows of others, in a directory that stands for its root.
@Suite final class KnownNodeFilesTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: "\(root)/etc", withIntermediateDirectories: true)
        try put(
            "127.0.0.1 localhost\n# Roost begins: nodes\n10.0.0.1 old\n# Roost ends: nodes\n", "/etc/hosts")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func put(_ text: String, _ path: String) throws {
        try text.write(toFile: root + path, atomically: false, encoding: .utf8)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }

    private func take(_ acts: StepAct...) throws {
        try KnownNodeFiles(root: root).take(
            StepWork(name: "known nodes", failure: .goOn, attempts: 1, secondLimit: 60, acts: acts))
    }

    @Test func `its own lines are replaced, and all else stays, also the mode`() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: "\(root)/etc/hosts")
        try take(
            .lines(path: "/etc/hosts", name: "nodes", text: "10.0.0.2 new\n"),
            .lines(path: "/etc/ssh/ssh_known_hosts", name: "nodes", text: "new ssh-ed25519 A\n"))
        #expect(
            text("/etc/hosts")
                == "127.0.0.1 localhost\n# Roost begins: nodes\n10.0.0.2 new\n# Roost ends: nodes\n")
        #expect(
            text("/etc/ssh/ssh_known_hosts")
                == "# Roost begins: nodes\nnew ssh-ed25519 A\n# Roost ends: nodes\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/etc/hosts")
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(root)/etc").sorted() == ["hosts", "ssh"])
    }

    @Test func `a reader that has the file open sees it whole`() throws {
        let reader = try #require(FileHandle(forReadingAtPath: "\(root)/etc/hosts"))
        try take(.lines(path: "/etc/hosts", name: "nodes", text: "10.0.0.2 new\n"))
        #expect(String(decoding: reader.readDataToEndOfFile(), as: UTF8.self).contains("10.0.0.1 old"))
    }

    @Test(arguments: [
        StepAct.lines(path: "/etc/shadow", name: "nodes", text: "root::1:\n"),
        .lines(path: "/etc/../etc/hosts", name: "nodes", text: ""),
        .write(path: "/etc/hosts", mode: 0o644, content: []), .shell(text: "touch /etc/bad"),
        .program(words: ["true"]), .copy(path: "/etc/hosts"),
    ])
    func `anything else is refused as a whole`(act: StepAct) throws {
        let before = text("/etc/hosts")
        #expect(throws: UsageError.self) {
            try take(.lines(path: "/etc/hosts", name: "nodes", text: "10.0.0.2 new\n"), act)
        }
        #expect(text("/etc/hosts") == before && text("/etc/shadow") == nil)
    }
}
