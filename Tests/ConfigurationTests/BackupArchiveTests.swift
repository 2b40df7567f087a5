import Foundation
import Glibc
import Linux
import Sealing
import Testing

@testable import RoostCommand

/// Backups that others could change before they are restored.
@Suite struct BackupArchiveTests {
    private let directory = NSTemporaryDirectory() + "roost-archive-\(UUID().uuidString)"
    private let files = FileManager.default
    private let secrets = NodeSecrets()

    init() throws {
        try files.createDirectory(atPath: "\(directory)/state", withIntermediateDirectories: true)
        // What zstd cannot make smaller, and what it can.
        let random = (0..<20_000).map { _ in UInt8.random(in: .min ... .max) }
        try Data(random).write(to: URL(fileURLWithPath: "\(directory)/state/store"))
        try Data(count: 60_000).write(to: URL(fileURLWithPath: "\(directory)/state/BACKUP"))
    }

    private func end() { try? files.removeItem(atPath: directory) }

    private func make(signedBy secrets: NodeSecrets?) throws -> Data {
        let path = "\(directory)/\(UUID().uuidString)"
        let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL)
        try BackupArchive.write(["-C", "\(directory)/state", "."], to: file, signedBy: secrets)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// What a server with `secrets` says against the bytes of a backup; nil: nothing.
    private func doubt(of bytes: Data, secrets: NodeSecrets?) throws -> BackupArchive.Doubt? {
        let (path, place) = ("\(directory)/backup", "\(directory)/staging")
        try? files.removeItem(atPath: place)
        try files.createDirectory(atPath: place, withIntermediateDirectories: false)
        try bytes.write(to: URL(fileURLWithPath: path))
        guard try BackupArchive.isSigned(path) else { return .isUnsigned }
        do {
            var bounds = BackupBounds(room: 1 << 30, reason: "")
            let looked = try BackupArchive.survey(path, &bounds)
            let content = try BackupArchive.unpack(path, ["-C", place], bounds.asFound)
            #expect(looked.sha256 == content.sha256 && looked.code == content.code)
            return content.doubt(own: secrets, theirs: nil, hasKeys: false)
        } catch let doubt as BackupArchive.Doubt { return doubt }
    }

    @Test func `a backup is believed as its server made it, and tar reads it as it is`() throws {
        defer { end() }
        let whole = try make(signedBy: secrets)
        #expect(try doubt(of: whole, secrets: secrets) == nil)
        #expect(
            files.contentsEqual(atPath: "\(directory)/staging/store", andPath: "\(directory)/state/store"))
        #expect(try doubt(of: whole, secrets: NodeSecrets()) == .isForeign)
        #expect(try doubt(of: whole, secrets: nil) == .isForeign)
        let list = try ChildProcess(
            "/bin/tar", ["--zstd", "-tf", "\(directory)/backup"], input: STDIN_FILENO, output: STDOUT_FILENO,
            errors: STDERR_FILENO)
        #expect(list.wait() == 0)
        // A version that did not sign.
        #expect(try doubt(of: make(signedBy: nil), secrets: secrets) == .isUnsigned)
    }

    @Test func `a backup is refused with any byte changed, added, or left out`() throws {
        defer { end() }
        let whole = try make(signedBy: secrets)
        // All of the code at its end, and places everywhere in the archive.
        let places =
            Array(stride(from: 0, to: whole.count, by: whole.count / 40)) + (whole.count - 60..<whole.count)
        for place in places {
            var changed = whole
            changed[place] ^= 1
            #expect(try doubt(of: changed, secrets: secrets) != nil, "byte \(place) of \(whole.count)")
        }
        for changed in [
            whole + [0], whole.dropLast(), whole.dropFirst(), whole + whole, whole.prefix(whole.count / 2),
            Data(), whole.prefix(whole.count - 56) + [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0] + whole.suffix(56),
        ] {
            #expect(try doubt(of: Data(changed), secrets: secrets) != nil, "\(changed.count) bytes")
        }
        // The code of another backup of the same server.
        try Data("other".utf8).write(to: URL(fileURLWithPath: "\(directory)/state/store"))
        let other = try make(signedBy: secrets)
        let mixed = other.dropLast(32) + whole.suffix(32)
        #expect(try doubt(of: Data(mixed), secrets: secrets) == .isForeign)
    }

    @Test func `on a new machine, the keys in a backup show who made it`() throws {
        defer { end() }
        let (code, sha256) = (secrets.backupCode(of: [1]), [1] as [UInt8])
        let content = BackupArchive.Content(sha256: sha256, code: code)
        #expect(content.doubt(own: nil, theirs: secrets, hasKeys: true) == nil)
        #expect(content.doubt(own: NodeSecrets(), theirs: secrets, hasKeys: true) == nil)
        #expect(content.doubt(own: secrets, theirs: NodeSecrets(), hasKeys: true) == nil)
        #expect(content.doubt(own: nil, theirs: nil, hasKeys: true) == .needsKeys)
        #expect(content.doubt(own: nil, theirs: NodeSecrets(), hasKeys: true) == .isChanged)
        let unsigned = BackupArchive.Content(sha256: sha256, code: nil)
        #expect(unsigned.doubt(own: secrets, theirs: secrets, hasKeys: true) == .isUnsigned)
    }
}
