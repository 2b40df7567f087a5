import Foundation

/// Room on a disk, some of which always stays free for other data on it, such as leases.
package enum DiskRoom {
    /// What is free for us, and the size of the file system; the largest numbers when it reports nothing sensible.
    private static func byteCounts(of directory: String) -> (free: Int, all: Int)? {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return nil }
        func byteCount(_ blocks: UInt) -> Int {
            let (count, overflow) = blocks.multipliedReportingOverflow(by: status.f_frsize)
            return overflow ? .max : Int(clamping: count)
        }
        return (byteCount(status.f_bavail), byteCount(status.f_blocks))
    }

    /// Bytes that are free for this process on the disk of a directory; the largest number when the file system tells nothing sensible.
    package static func free(_ directory: String) -> Int { byteCounts(of: directory)?.free ?? .max }

    /// Throws when there is clearly too little room for `byteCount` bytes, before any of them is written.
    ///
    /// - Parameter what: describes the data, for people.
    static func require(_ byteCount: Int, in directory: String, for what: String) throws {
        guard let (free, all) = byteCounts(of: directory) else { return }
        let reserve = min(all / 10, 1 << 30)
        guard free - reserve < byteCount else { return }
        throw NoRoom(
            what: what, directory: directory, neededByteCount: byteCount,
            freeByteCount: max(0, free - reserve))
    }

    fileprivate static func isNearlyFull(_ directory: String) -> Int? {
        guard let (free, all) = byteCounts(of: directory), free < min(all / 10, 1 << 30) else { return nil }
        return free
    }
}

/// There was no room, so nothing was started.
package struct NoRoom: Error, Equatable, CustomStringConvertible {
    var what: String
    var directory: String
    var neededByteCount: Int
    var freeByteCount: Int

    package var description: String {
        "there is not enough space for \(what) on the disk of \(directory): at least \(max(1, neededByteCount >> 20)) MiB are needed, and "
            + "\(freeByteCount >> 20) MiB can be used (a tenth of the disk, or 1 GiB, stays free); free some space, or choose other "
            + "directories with --cache and --state-directory"
    }
}

/// A disk that a program was filling up; other data on it, such as leases, needs room as well.
package struct DiskNearlyFull: Error, CustomStringConvertible {
    package var directory: String
    package var freeByteCount: Int

    package var description: String {
        "stopped, because the disk of \(directory) is nearly full (\(freeByteCount >> 20) MiB are left): "
            + "what is unpacked there is larger than that, or an archive bomb; free some space, or choose other directories with --cache and "
            + "--state-directory"
    }

    /// What stays free: a tenth, but no more than a gibibyte.
    static func check(_ directory: String) throws {
        if let free = DiskRoom.isNearlyFull(directory) {
            throw Self(directory: directory, freeByteCount: free)
        }
    }
}
