import Fleet
import Foundation
import Linux
import Sealing
import Testing

@testable import Images

@Suite struct VolumeStoreTests {
    private let secrets = NodeSecrets()

    @Test func `removing a volume deletes its generations and snapshots, but not swap that may be in use`()
        throws
    {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("roost-volumes-\(UUID())")
            .path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let node = try NodeName("pc-1")
        let directory = "\(place)/\(node)"
        try FileManager.default.createDirectory(
            atPath: "\(directory)/snapshots", withIntermediateDirectories: true)
        for name in ["1.ext4", "boot.swap", "snapshots/first.ext4"] {
            try Data().write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        let store = VolumeStore(directory: place, secrets: secrets)
        try store.remove(node)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["boot.swap"])
        // Without swap nothing of the node is left, and removing a missing volume is not an error.
        try FileManager.default.removeItem(atPath: "\(directory)/boot.swap")
        try Data().write(to: URL(fileURLWithPath: "\(directory)/2.ext4"))
        try store.remove(node)
        #expect(!FileManager.default.fileExists(atPath: directory))
        try store.remove(node)
    }

    // MARK: Encrypted volumes

    /// A store with a volume of 64 MiB in it.
    private func withVolume(_ body: (VolumeStore, Volume, String) throws -> Void) throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("roost-volumes-\(UUID())")
            .path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let store = VolumeStore(directory: place, secrets: secrets)
        let volume = Volume(
            node: try NodeName("pc-1"), image: try ImageName("tiny"), version: 1,
            digest: try #require(Digest(String(repeating: "a", count: 64))), byteCount: 64 << 20,
            createdAt: 1,
            generation: 1, isEncrypted: true)
        try store.make(volume)
        try body(store, volume, "\(place)/pc-1")
    }

    private func key(_ path: String) throws -> VolumeKey {
        try #require(secrets.open(try WholeFile.read(path)))
    }

    @Test func `an encrypted volume is valid although every hole of its file reads as noise`() throws {
        try withVolume { _, _, directory in
            let path = "\(directory)/1.ext4"
            let cipher = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(cipher.count == 64 << 20)
            // Nothing of the file system is visible: neither its magic number nor its name.
            #expect(Array(cipher[1_080..<1_082]) != [0x53, 0xEF])
            #expect(Data(cipher).range(of: Data("roost-volume".utf8)) == nil)
            #expect(throws: ProgramFailure.self) {
                try Program("e2fsck", package: "e2fsprogs").run(["-f", "-n", path])
            }
            // dm-crypt's view of the file: zeros become noise as well.
            let plain = try VolumeCipher(try key("\(directory)/1.key")).run(
                cipher, at: 0, isEncrypting: false)
            #expect(Array(plain[1_080..<1_082]) == [0x53, 0xEF])
            let opened = "\(directory)/opened"
            try Data(plain).write(to: URL(fileURLWithPath: opened))
            try Program("e2fsck", package: "e2fsprogs").run(["-f", "-n", opened])
            // It takes little room all the same.
            #expect(try FileDescriptor(opening: path).allocatedByteCount() < 16 << 20)
            // Another secret opens nothing, and each sector has its own tweak.
            #expect(NodeSecrets().open(try WholeFile.read("\(directory)/1.key")) == nil)
            let blank = try VolumeCipher(VolumeKey()).run(
                [UInt8](repeating: 0, count: 8_192), at: 0, isEncrypting: true)
            #expect(Array(blank[..<4_096]) != Array(blank[4_096...]))
        }
    }

    @Test func `keys are deleted with their volumes, and a snapshot keeps its own`() throws {
        try withVolume { store, volume, directory in
            let first = try key("\(directory)/1.key")
            try store.takeSnapshot(of: volume, "before")
            #expect(try key("\(directory)/snapshots/before.key") == first)
            // A reset: a new key, and the old one exists only in the snapshot.
            var next = volume
            next.generation = 2
            try store.make(next)
            try store.removeOthers(than: next)
            #expect(try key("\(directory)/2.key") != first)
            #expect(!FileManager.default.fileExists(atPath: "\(directory)/1.key"))
            // Back again, with the key that opens it.
            next.generation = 3
            next.byteCount = 1
            let restored = try store.restore("before", as: next)
            #expect(restored.isEncrypted && restored.byteCount == 64 << 20)
            try store.removeOthers(than: restored)
            #expect(try key("\(directory)/3.key") == first)
            var larger = restored
            larger.byteCount = 96 << 20
            try store.grow(larger)
            #expect(try FileDescriptor(opening: "\(directory)/3.ext4").byteCount() == 96 << 20)
            // An unencrypted one beside it has no key, and what a crash left of a snapshot is deleted.
            try store.removeSnapshot(of: volume.node, "before")
            try WholeFile.writeForNow("\(directory)/snapshots/half.key", [1])
            try store.removeLeftovers(of: restored)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/snapshots").isEmpty)
            var clear = restored
            (clear.generation, clear.isEncrypted) = (4, false)
            try store.make(clear)
            try store.removeOthers(than: clear)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == [
                    "4.ext4", "snapshots",
                ])
            try store.takeSnapshot(of: clear, "clear")
            #expect(try !store.restore("clear", as: clear).isEncrypted)
            try store.remove(volume.node)
            #expect(!FileManager.default.fileExists(atPath: directory))
        }
    }
}
