package import Fleet
import Foundation
import Linux
package import Sealing

/// The files of the nodes' volumes: `PLACE/GENERATION.ext4`, and beside it `PLACE/snapshots/NAME.ext4`. An encrypted volume has its sealed
/// key in a `.key` file beside it; a snapshot has a copy of that.
///
/// They are sparse: a volume takes only the room that its node has used. Everything is created under another name first, so that a crash
/// leaves the old state.
package struct VolumeStore: Sendable {
    package let directory: String
    /// Seals the keys of encrypted volumes.
    private let secrets: NodeSecrets

    package init(directory: String, secrets: NodeSecrets) {
        self.directory = directory
        self.secrets = secrets
    }

    /// A saved copy of a volume.
    package struct Snapshot: Codable, Sendable, Equatable {
        package var name: String
        /// Seconds since 1970.
        package var takenAt: Int
        /// Bytes on the server's disk.
        package var usedByteCount: Int
    }

    private func path(_ volume: Volume) -> String { "\(directory)/\(volume.path)" }

    private func keyPath(_ volume: Volume) -> String { "\(directory)/\(volume.keyPath)" }

    private func snapshotPath(_ place: NodeName, _ name: String, _ kind: String = "ext4") -> String {
        "\(directory)/\(place)/snapshots/\(name).\(kind)"
    }

    /// Creates an empty file system for `volume`, and its key when it is encrypted.
    package func make(_ volume: Volume) throws {
        let key = volume.isEncrypted ? VolumeKey() : nil
        if let key { try keep(secrets.seal(key), at: keyPath(volume)) }
        try putInPlace(path(volume), at: .volume) { temporary in
            // When the file already has its size, mke2fs knows what is zero and leaves no zeroing to the node: that would be 320 MiB over
            // the network for 20 GiB.
            try WholeFile.writeForNow(temporary, [])
            try setSize(of: temporary, to: volume)
            // Unwritten zeros do not decrypt to zeros: it must assume nothing, and write everything it needs.
            let isBlank = key == nil
            // Without this, the server's user would own the root directory.
            try Program("mke2fs", package: "e2fsprogs").confined(Confinement(writes: [temporary])).run(
                [
                    // The device has 4 KiB blocks: the 1 KiB blocks of a small file system could not be mounted.
                    "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", "roost-volume", "-E",
                    "\(isBlank ? "" : "nodiscard,")lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
                    temporary, "\(volume.byteCount / 4_096)",
                ], environment: isBlank ? [:] : ["UNIX_IO_NOZEROOUT": "1"])
            if let key { try VolumeCipher(key).encrypt(temporary) }
        }
    }

    /// Grows the file to the present size of `volume`, and its file system where we can read it; in an encrypted one the node does that. It
    /// must not be in use meanwhile.
    package func grow(_ volume: Volume) throws {
        let path = path(volume)
        try setSize(of: path, to: volume)
        if !volume.isEncrypted {
            try check(path)
            try Program("resize2fs", package: "e2fsprogs").confined(Confinement(writes: [path])).run([path])
        }
        try FileDescriptor(opening: path).synchronise(at: .volumeGrowth)
    }

    private func setSize(of path: String, to volume: Volume) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: UInt64(volume.byteCount))
        try file.close()
    }

    /// Repairs what an abrupt power-off left behind. 1 means: repaired.
    private func check(_ path: String) throws {
        do {
            try Program("e2fsck", package: "e2fsprogs").confined(Confinement(writes: [path])).run([
                "-f", "-p", path,
            ])
        } catch let failure as ProgramFailure where failure.status == 1 {}
    }

    /// Deletes all generations except that of `volume`. A machine still writing to one keeps it until it ends.
    package func removeOthers(than volume: Volume) throws {
        for name in try names(in: "\(directory)/\(volume.place)") {
            guard let generation = Self.generation(name), generation != volume.generation else { continue }
            try delete("\(directory)/\(volume.place)/\(name)")
        }
    }

    /// Generation of `7.ext4` and `7.key`.
    private static func generation(_ name: String) -> Int? {
        for kind in [".ext4", ".key"] where name.hasSuffix(kind) { return Int(name.dropLast(kind.count)) }
        return nil
    }

    /// A key is overwritten before its file is deleted: the key makes the volume readable.
    private func delete(_ path: String) throws {
        if path.hasSuffix(".key") {
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
            try file.write([UInt8](repeating: 0, count: file.byteCount()))
            try file.synchronise(at: .volumeKeyErasure)
        }
        try FileManager.default.removeItem(atPath: path)
    }

    /// Deletes what a crash left of changes to `volume`: earlier generations, and unfinished files. Later generations stay: they hold a
    /// node's data when the records come from an older backup.
    package func removeLeftovers(of volume: Volume) throws {
        let place = "\(directory)/\(volume.place)"
        for path in [place, "\(place)/snapshots"] {
            for name in try names(in: path) {
                let isOld = path == place && Self.generation(name).map { $0 < volume.generation } == true
                let isAlone =
                    path != place && name.hasSuffix(".key")
                    && !FileManager.default.fileExists(atPath: "\(path)/\(name.dropLast(4)).ext4")
                if isOld || isAlone || name.hasSuffix(".new") { try delete("\(path)/\(name)") }
            }
        }
    }

    /// Deletes a node's volume with all its snapshots. Its swap stays: the node may have memory in it.
    package func remove(_ place: NodeName) throws {
        let (files, path) = (FileManager.default, "\(directory)/\(place)")
        for snapshot in try snapshots(of: place) { try removeSnapshot(of: place, snapshot.name) }
        let names = try names(in: path)
        for name in names where !name.hasSuffix(".swap") { try delete("\(path)/\(name)") }
        if !names.isEmpty, try self.names(in: path).isEmpty { try files.removeItem(atPath: path) }
    }

    /// Bytes that a volume takes on the server's disk; nil when its file is missing.
    package func usedByteCount(_ volume: Volume) -> Int? { Self.usedByteCount(path(volume)) }

    // MARK: Snapshots

    package func snapshots(of place: NodeName) throws -> [Snapshot] {
        try names(in: "\(directory)/\(place)/snapshots").filter { $0.hasSuffix(".ext4") }.sorted().compactMap
        {
            let path = "\(directory)/\(place)/snapshots/\($0)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard let date = attributes[.modificationDate] as? Date else { return nil }
            return Snapshot(
                name: String($0.dropLast(5)), takenAt: Int(date.timeIntervalSince1970),
                usedByteCount: Self.usedByteCount(path) ?? 0)
        }
    }

    /// Saves a copy. The volume must not be written meanwhile.
    package func takeSnapshot(of volume: Volume, _ name: String) throws {
        if volume.isEncrypted {
            try keep(WholeFile.read(keyPath(volume)), at: snapshotPath(volume.place, name, "key"))
        }
        try copy(path(volume), to: snapshotPath(volume.place, name), at: .volumeCopy)
    }

    /// Creates the file of `volume` from a copy.
    ///
    /// - Returns: the volume with the size and encryption of the copy.
    package func restore(_ name: String, as volume: Volume) throws -> Volume {
        var restored = volume
        let sealed = snapshotPath(volume.place, name, "key")
        restored.isEncrypted = FileManager.default.fileExists(atPath: sealed)
        if restored.isEncrypted { try keep(WholeFile.read(sealed), at: keyPath(volume)) }
        try copy(snapshotPath(volume.place, name), to: path(volume), at: .volumeFromCopy)
        let attributes = try FileManager.default.attributesOfItem(atPath: path(volume))
        restored.byteCount = (attributes[.size] as? Int) ?? volume.byteCount
        return restored
    }

    package func removeSnapshot(of place: NodeName, _ name: String) throws {
        try FileManager.default.removeItem(atPath: snapshotPath(place, name))
        let sealed = snapshotPath(place, name, "key")
        if FileManager.default.fileExists(atPath: sealed) { try delete(sealed) }
    }

    /// Writes a sealed key; the file that it belongs to is created after it.
    private func keep(_ sealed: [UInt8], at path: String) throws {
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
            withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try WholeFile.replace(path, with: sealed, mode: 0o600, at: .volumeKey)
    }

    // MARK: Files

    /// Where the file system can share blocks (btrfs, XFS) a copy takes no time and no room; elsewhere holes stay holes.
    private func copy(_ source: String, to target: String, at publication: Publication) throws {
        try putInPlace(target, at: publication) { temporary in
            try Program("cp", package: "coreutils").run([
                "--reflink=auto", "--sparse=always", source, temporary,
            ])
        }
    }

    private func putInPlace(
        _ path: String, at publication: Publication, _ make: (String) throws -> Void
    ) throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let temporary = "\(path).new"
        do {
            try? FileManager.default.removeItem(atPath: temporary)
            try make(temporary)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: temporary)
            try DurableFile.publish(temporary, as: path, at: publication)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private static func usedByteCount(_ path: String) -> Int? {
        try? FileDescriptor(opening: path).allocatedByteCount()
    }

    private func names(in directory: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory)
    }
}
