import Commands
import Foundation
import Linux
import Sealing
import Testing

@testable import RoostCommand

/// The keys in a backup that cannot be opened: what is said, and that nothing is changed.
@Suite final class KeyArchiveTests {
    private let directory = NSTemporaryDirectory() + "roost-keys-\(UUID().uuidString)"
    private var path: String { "\(directory)/\(KeyArchive.name)" }

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Of the right form, and of no passphrase.
    private static let whole = "roost passphrase 1\n" + String(repeating: "7", count: 16 + 24 + 16)

    private func failure(of content: String) throws -> Failure? {
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        return #expect(throws: Failure.self) {
            try KeyArchive.unpack(in: directory, isWanted: true) { "four words and more" }
        }
    }

    @Test(arguments: [0, 5, 19, 40, 74]) func `an archive that was cut off says so`(count: Int) throws {
        let failure = try failure(of: String(Self.whole.prefix(count)))
        #expect(failure?.text.contains("cut off or damaged; nothing was changed") == true)
        #expect(failure?.code == 1 && FileManager.default.fileExists(atPath: path))
    }

    @Test func `an archive of a newer program says so, before a passphrase is asked for`() throws {
        try Data("roost passphrase 2\nand more".utf8).write(to: URL(fileURLWithPath: path))
        let failure = #expect(throws: Failure.self) {
            try KeyArchive.unpack(in: directory, isWanted: true) {
                Issue.record("asked")
                return ""
            }
        }
        #expect(failure?.text.contains("only a newer program knows") == true)
    }

    /// Root puts in place what is in it, and those who made it know its passphrase.
    @Test func `an archive brings keys, and nothing else`() throws {
        let (files, source) = (FileManager.default, "\(directory)/source")
        func seal() throws {
            let tar = FilterProgram(
                "/bin/sh", ["-c", "cd \"$0\" && tar -cf - *", source], environment: ["PATH": "/usr/bin:/bin"])
            let archive = try tar.run(input: [], secondLimit: 30, outputLimit: 1 << 20)
            let sealed = try PassphraseBox.seal(archive.output, with: "four words and more")
            try Data(sealed).write(to: URL(fileURLWithPath: path))
        }
        for name in [NodeKeys.directoryName, StateFiles.center, "trees", "store"] {
            try files.createDirectory(atPath: "\(source)/\(name)", withIntermediateDirectories: true)
            try Data(name.utf8).write(to: URL(fileURLWithPath: "\(source)/\(name)/file"))
        }
        try seal()
        try KeyArchive.unpack(in: directory, isWanted: true) { "four words and more" }
        try files.removeItem(atPath: "\(source)/trees")
        #expect(
            try files.contentsOfDirectory(atPath: directory).sorted()
                == [NodeKeys.directoryName, StateFiles.center, "source"].sorted())
        #expect(files.contents(atPath: "\(directory)/\(StateFiles.center)/file") != nil)
        try files.createSymbolicLink(
            atPath: "\(source)/\(StateFiles.center)/link", withDestinationPath: "/etc/shadow")
        try seal()
        let failure = #expect(throws: Failure.self) {
            try KeyArchive.unpack(in: directory, isWanted: true) { "four words and more" }
        }
        #expect(failure?.text.contains("center/link") == true)
    }

    @Test func `keys that are not wanted are left out, and a backup may have none`() throws {
        try Data(Self.whole.utf8).write(to: URL(fileURLWithPath: path))
        for _ in 1...2 {
            try KeyArchive.unpack(in: directory, isWanted: false)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        try KeyArchive.unpack(in: directory, isWanted: true)
    }
}
