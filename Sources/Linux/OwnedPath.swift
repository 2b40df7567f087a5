import Glibc

/// A file behind all links, with what its directories let others do.
package struct OwnedPath: Sendable {
    package let path: String

    /// Nil when there is none.
    package init?(resolving path: String) {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        self.path = unsafe String(cString: real)
    }

    package func isBelow(_ directory: OwnedPath) -> Bool { path.hasPrefix("\(directory.path)/") }

    /// The first of the file and its directories up to `directory` that others than root and this process's user could change; nil: none.
    package func changeable(upTo directory: OwnedPath) -> String? {
        var place = path
        while place.utf8.count >= directory.path.utf8.count, !place.isEmpty {
            var status = stat()
            guard unsafe lstat(place, &status) == 0, status.st_mode & 0o022 == 0,
                [0, geteuid()].contains(status.st_uid)
            else { return place }
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        }
        return nil
    }

    /// Whether it is a plain file that its user may run.
    package var isProgram: Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && status.st_mode & 0o111 != 0
    }
}
