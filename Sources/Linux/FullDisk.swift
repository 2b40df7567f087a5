import Glibc

/// What a full disk leaves of files that people write.
package enum FullDisk {
    /// Why `path` may be the beginning of a longer file, for people; nil: it is whole, as far as that can be known.
    ///
    /// An editor, or a copy, that found no more room leaves a file that ends where a block of the disk does. When there is room again, what
    /// it left is still cut off: then the middle of a line shows it. Of whole files, one in thousands ends with a block.
    ///
    /// - Parameter limit: longer files are not looked at; they are refused for that.
    package static func cut(of path: String, limit: Int) -> String? {
        var disk = statvfs()
        guard let status = FileStatus(path, follows: true), status.isFile, 1...limit ~= status.byteCount,
            unsafe statvfs(path, &disk) == 0
        else { return nil }
        // Images of disks and the like have no room either, and lose nothing; some file systems report no sizes at all.
        guard disk.f_flag & UInt(ST_RDONLY) == 0, disk.f_blocks > 0, disk.f_frsize > 0,
            UInt(status.byteCount).isMultiple(of: disk.f_frsize)
        else { return nil }
        if disk.f_bavail == 0 {
            return
                "its disk is full, and it ends with a block of it, so that it may be cut off: free some space, and write it again"
        }
        guard endsInLine(path, at: status.byteCount) else { return nil }
        return
            "it ends with a block of its disk and in the middle of a line, so that a full disk may have cut it off: write it again, or end its last line"
    }

    /// Why `path` has lost all its text, for people; nil: it has some, or is no file.
    package static func loss(of path: String) -> String? {
        guard let status = FileStatus(path, follows: true), status.isFile, status.byteCount == 0 else {
            return nil
        }
        return "the file is empty, as after a full disk: remove it, or write a comment (#) into it"
    }

    /// Whether the last line has no end, in any encoding of editors.
    private static func endsInLine(_ path: String, at byteCount: Int) -> Bool {
        guard let file = try? FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK) else {
            return false
        }
        var last: [UInt8] = [0, 0]
        guard unsafe pread(file.number, &last, 2, off_t(byteCount - 2)) == 2 else { return false }
        if last[1] == 0 { last.removeLast() }
        return last.last != 0x0A && last.last != 0x0D
    }
}
