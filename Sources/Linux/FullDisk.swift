import Glibc

/// What a full disk leaves of files that people write.
package enum FullDisk {
    /// Whether `path` may be the beginning of a longer file: its disk is full, and it ends where a block of the disk does. An editor, or a
    /// copy, that found no more room leaves exactly that.
    package static func mayHaveCut(_ path: String) -> Bool {
        var disk = statvfs()
        guard let byteCount = FileStatus(path, follows: true)?.byteCount, byteCount > 0,
            unsafe statvfs(path, &disk) == 0
        else { return false }
        // Images of disks and the like have no room either, and lose nothing; some file systems report no sizes at all.
        guard disk.f_flag & UInt(ST_RDONLY) == 0, disk.f_blocks > 0, disk.f_bavail == 0, disk.f_frsize > 0
        else { return false }
        return UInt(byteCount).isMultiple(of: disk.f_frsize)
    }

    /// Why such a file is not taken, for people.
    package static let reason =
        "its disk is full, and it ends with a block of it, so that it may be cut off: free some space, and write it again"
}
