import Glibc

/// The contents of a directory.
package enum DirectoryListing {
    /// The names in a directory, sorted; empty when there is no such directory.
    ///
    /// - Parameter hidden: whether to include names that begin with a dot.
    package static func names(in path: String, hidden: Bool = false) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe name(of: entry)
            if hidden && name != "." && name != ".." || !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// A file, by its path relative to the start of the walk.
    package struct Entry {
        package var path: String
        package var mode: UInt32
        package var byteCount: Int
        /// Its allocated bytes: less than ``byteCount`` when the file has holes.
        package var storedByteCount: Int

        /// One of `S_IFREG`, `S_IFDIR`, …
        package var kind: UInt32 { mode & S_IFMT }
    }

    /// Calls `visit` for everything below a directory, including hidden files; links are not followed. What cannot be read is skipped.
    ///
    /// - Parameter visit: returns whether to descend, for a directory.
    package static func walk(_ root: String, _ visit: (Entry) throws -> Bool) rethrows {
        var open = [""]
        while let place = open.popLast() {
            guard let directory = unsafe opendir("\(root)/\(place)") else { continue }
            defer { unsafe _ = closedir(directory) }
            while let entry = unsafe readdir(directory) {
                let name = unsafe name(of: entry)
                if name == "." || name == ".." { continue }
                var status = stat()
                guard unsafe fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                    continue
                }
                let path = place.isEmpty ? name : "\(place)/\(name)"
                let goesOn = try visit(
                    Entry(
                        path: path, mode: status.st_mode, byteCount: Int(status.st_size),
                        storedByteCount: Int(status.st_blocks) * 512))
                if goesOn, status.st_mode & S_IFMT == S_IFDIR { open.append(path) }
            }
        }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
    }
}
