import Commands
import Foundation
import Images
import Wire

/// What may come out of the archive of a backup: those who can write to the file may have made it anything. It is asked before each entry
/// is unpacked.
struct BackupBounds {
    /// Why nothing of a backup is unpacked; what is said of the file.
    struct Excess: Error, Equatable {
        var text: String
    }

    /// More than the files of any site's images.
    static let entryLimit = 100_000
    /// Of files that are read as a whole: more than keys and a line of text take.
    static let (keysByteLimit, noteByteLimit) = (16 << 20, 64 << 10)
    /// What an entry takes on a disk besides its content.
    private static let blockByteCount = 4_096
    /// Stays free: the store that was unpacked is brought up to this program's schema.
    private static let reserve = 64 << 20

    /// Bytes that may be written.
    private let room: Int
    /// What is said of a file that would need more.
    private let excess: String
    /// What the entries so far take.
    private(set) var byteCount = 0
    private(set) var hasKeys = false
    private var entryCount = 0
    private var reader = TarReader()

    private init(room: Int, excess: String) {
        // Sums stay far below what an integer holds.
        self.room = min(room, 1 << 60)
        self.excess = excess
    }

    /// - Parameter reason: why these are all, for people.
    init(room: Int, reason: String) {
        self.init(room: room, excess: "unpacks to more than \(room >> 20) MiB, \(reason)")
    }

    /// As much as the disk of a directory has.
    init(diskOf directory: String) {
        self.init(
            room: max(0, DiskRoom.free(directory) - Self.reserve),
            reason:
                "and the disk of \(directory) has no more room: free some space there, or restore to a larger disk (--state-directory). If your server never had so much, \(Self.advice)"
        )
    }

    /// Those of a file that was looked through with these: it must not have grown.
    var asFound: Self {
        Self(
            room: byteCount,
            excess:
                "has grown since it was looked through, so it is being changed: copy it to where only you can write"
        )
    }

    /// Looks at the next bytes of the archive, before they are unpacked.
    mutating func read(_ bytes: [UInt8]) throws {
        var reader = reader
        do {
            try reader.read(bytes) { try add($0) }
        } catch TarReader.Mistake.isForeign(let name) {
            throw Self.foreign(name)
        } catch is TarReader.Mistake {
            throw BackupArchive.Doubt.isDamaged
        }
        self.reader = reader
    }

    /// Throws when the archive did not come to its end.
    func requireEnd() throws {
        guard reader.isComplete else { throw BackupArchive.Doubt.isDamaged }
    }

    private mutating func add(_ entry: TarReader.Entry) throws {
        let parts = entry.name.split(separator: "/").filter { $0 != "." }
        guard !entry.name.hasPrefix("/"), !parts.contains("..") else { throw Self.foreign(entry.name) }
        if parts.count == 1, !entry.isDirectory {
            if parts[0] == KeyArchive.name { hasKeys = true }
            let limit =
                parts[0] == KeyArchive.name
                ? Self.keysByteLimit : parts[0] == Restore.note ? Self.noteByteLimit : .max
            guard entry.byteCount <= limit else {
                throw Excess(
                    text:
                        "has \(entry.byteCount) bytes of \(parts[0]), which has \(limit) at most: \(Self.advice)"
                )
            }
        }
        entryCount += 1
        guard entryCount <= Self.entryLimit else {
            throw Excess(text: "has more than \(Self.entryLimit) files: \(Self.advice)")
        }
        byteCount += entry.byteCount + 2 * Self.blockByteCount
        guard byteCount <= room else {
            throw Excess(text: excess)
        }
    }

    private static let advice = "others made or changed this file: take another backup"

    private static func foreign(_ name: String) -> Excess {
        Excess(
            text:
                "has ‘\(PlainText(name.beginning(length: 200)))’, and a backup has only files and directories below its own: \(advice)"
        )
    }
}
