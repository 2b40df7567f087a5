import Commands
import Foundation
import Glibc
import Testing

@testable import RoostCommand

/// A backup that others could change before it is restored.
@Suite struct BackupContentTests {
    private let staging = NSTemporaryDirectory() + "roost-backup-\(UUID().uuidString)"
    private let files = FileManager.default

    /// As a backup is unpacked.
    init() throws {
        for name in [
            "store/roost.sqlite", "store/leases.journal", "BACKUP", "keys.sealed", "images/a/b/kernel",
        ] {
            try add(name)
        }
    }

    private func add(_ name: String) throws {
        let path = "\(staging)/\(name)"
        try files.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
    }

    private func end() { try? files.removeItem(atPath: staging) }

    @Test func `a backup takes the place of no device, pipe or directory`() throws {
        defer { end() }
        let (pipe, link) = ("\(staging)/pipe", "\(staging)/link")
        let failure = unsafe mkfifo(pipe, 0o600)
        #expect(failure == 0)
        try files.createSymbolicLink(atPath: link, withDestinationPath: "/dev/null")
        for path in ["/dev/null", "/dev/full", pipe, link, staging, "\(staging)/nosuch/roost.tar.zst"] {
            let error = #expect(throws: Failure.self) { try Backup.requireTarget(path) }
            #expect(error?.text.contains(path) == true, "\(String(describing: error))")
        }
        for path in ["\(staging)/new.tar.zst", "\(staging)/BACKUP"] { try Backup.requireTarget(path) }
    }

    @Test func `where there seems to be no store, other users are told who sees it`() {
        #expect(Backup.noStore(in: "/srv", user: 0).text == "/srv contains no store (--state-directory)")
        #expect(Backup.noStore(in: "/srv", user: 1_000).text.contains("as root"))
    }

    @Test func `an empty file is no backup, and is not called unreadable`() throws {
        defer { end() }
        let path = "\(staging)/empty.tar.zst"
        try Data().write(to: URL(fileURLWithPath: path))
        for file in [path, "/dev/null"] {
            let error = #expect(throws: Failure.self) { try Restore.requireBackup(file) }
            #expect(
                error?.text.contains("is not a backup: it is empty") == true, "\(String(describing: error))")
        }
    }

    @Test func `what belongs into a backup stays, and nothing else comes with it`() throws {
        defer { end() }
        #expect(try BackupContent.clean(staging) == [])
        // Keys of another's, trees with programs in them, and the center's certificates without a passphrase.
        for name in ["keys/boot.key", "center/ca.pem", "trees/pc-1/bin/su", "lock"] { try add(name) }
        try files.createSymbolicLink(atPath: "\(staging)/volumes", withDestinationPath: "/etc")
        #expect(try BackupContent.clean(staging) == ["center", "keys", "lock", "trees", "volumes"])
        #expect(
            try files.contentsOfDirectory(atPath: staging).sorted() == [
                "BACKUP", "images", "keys.sealed", "store",
            ])
        #expect(files.fileExists(atPath: "/etc/passwd"))
    }

    @Test(arguments: [
        "images", "images/a", "images/a/b/root", "store/roost.sqlite-wal", "BACKUP", "keys.sealed",
    ])
    func `a link is in no backup`(name: String) throws {
        defer { end() }
        try? files.removeItem(atPath: "\(staging)/\(name)")
        try files.createSymbolicLink(atPath: "\(staging)/\(name)", withDestinationPath: "/etc")
        #expect(throws: Failure.self) { try BackupContent.clean(staging) }
    }

    @Test(arguments: ["store/roost.sqlite-wal", "store/more/roost.sqlite"])
    func `a store has two files`(name: String) throws {
        defer { end() }
        try add(name)
        #expect(throws: Failure.self) { try BackupContent.clean(staging) }
    }

    @Test func `a program with its owner's rights is in no backup`() throws {
        defer { end() }
        try files.setAttributes(
            [.posixPermissions: 0o4755], ofItemAtPath: "\(staging)/images/a/b/kernel")
        #expect(throws: Failure.self) { try BackupContent.clean(staging) }
    }
}
