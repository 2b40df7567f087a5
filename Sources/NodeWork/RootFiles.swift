import Glibc
import Linux

/// Files of a node's root, changed in small acts.
///
/// A node enters its root before (chroot), so that a link in the image cannot lead out of it.
struct RootFiles {
    /// What is put before every path: nothing, on a node.
    let root: String

    func path(_ path: String) -> String { root + path }

    func exists(_ path: String) -> Bool { unsafe access(root + path, F_OK) == 0 }

    /// Nil when there is no such file.
    func text(_ path: String) throws(SystemError) -> String? {
        do {
            return String(decoding: try WholeFile.read(root + path), as: UTF8.self)
        } catch  where error.number == SystemError.isMissing {
            return nil
        }
    }

    func mode(of path: String) throws(SystemError) -> UInt32 {
        var status = stat()
        guard unsafe stat(root + path, &status) == 0 else { throw SystemError("read \(path)") }
        return status.st_mode & 0o7777
    }

    /// Replaces a file, or a link in its place. Programs of a running node find the old one or the new one, never none or half of it.
    func write(_ path: String, mode: UInt32, _ content: [UInt8]) throws(SystemError) {
        try makeParent(of: path)
        try replace(path, mode: mode, owner: nil, content)
    }

    /// Replaces the content of a file, which keeps its owner and mode, or makes a new one.
    func rewrite(_ path: String, _ text: String, mode: UInt32 = 0o644) throws(SystemError) {
        try makeParent(of: path)
        var status = stat()
        guard unsafe lstat(root + path, &status) == 0 else {
            return try replace(path, mode: mode, owner: nil, Array(text.utf8))
        }
        if status.st_mode & S_IFMT == S_IFREG {
            return try replace(
                path, mode: status.st_mode & 0o7777, owner: (status.st_uid, status.st_gid),
                Array(text.utf8))
        }
        // A link stays one.
        let file = try FileDescriptor(opening: root + path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        try file.write(Array(text.utf8))
    }

    private func replace(
        _ path: String, mode: UInt32, owner: (uid_t, gid_t)?, _ content: [UInt8]
    ) throws(SystemError) {
        let new = "\(root)\(path).roost-new"
        if unsafe unlink(new) != 0, errno != ENOENT { throw SystemError("replace \(path)") }
        let file = try FileDescriptor(
            opening: new, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        if let (user, group) = owner, fchown(file.number, user, group) != 0 {
            throw SystemError("give \(path) its owner")
        }
        guard fchmod(file.number, mode_t(mode)) == 0 else { throw SystemError("set the mode of \(path)") }
        try file.write(content)
        guard unsafe rename(new, root + path) == 0 else {
            let error = SystemError("replace \(path)")
            unsafe unlink(new)
            throw error
        }
    }

    func makeParent(of path: String) throws(SystemError) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        try makeDirectory(String(path[..<slash]))
    }

    /// Makes a directory and those above it, where there is nothing.
    func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if unsafe mkdir(root + made, mode_t(made == path ? mode : 0o755)) != 0, errno != EEXIST {
                throw SystemError("make the directory \(made)")
            }
        }
    }

    func setOwner(_ path: String, mode: UInt32, uid: UInt32, gid: UInt32) throws(SystemError) {
        guard unsafe chown(root + path, uid, gid) == 0, unsafe chmod(root + path, mode_t(mode)) == 0 else {
            throw SystemError("give \(path) its owner")
        }
    }

    func link(_ path: String, to target: String) throws(SystemError) {
        try makeParent(of: path)
        if unsafe unlink(root + path) != 0, errno != ENOENT { throw SystemError("replace \(path)") }
        guard unsafe symlink(target, root + path) == 0 else { throw SystemError("link \(path)") }
    }

    // MARK: Lines

    /// Keeps `block` at the end of a file, between two marks.
    func keep(_ block: String, named name: String, in path: String) throws(SystemError) {
        try rewrite(path, keeping(block, named: name, in: path))
    }

    /// The same in a file that running programs read: they see it whole, before or after.
    func keepAtOnce(_ block: String, named name: String, in path: String) throws(SystemError) {
        let (before, text) = (try text(path), try keeping(block, named: name, in: path))
        if before == text { return }
        let next = path + ".roost"
        try write(next, mode: before == nil ? 0o644 : mode(of: path), Array(text.utf8))
        guard unsafe rename(root + next, root + path) == 0 else { throw SystemError("replace \(path)") }
    }

    /// The file's text with `block` at its end.
    private func keeping(_ block: String, named name: String, in path: String) throws(SystemError) -> String {
        let (begin, end) = ("# Roost begins: \(name)", "# Roost ends: \(name)")
        var lines: [Substring] = []
        var isInside = false
        for line in (try text(path) ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line == begin { isInside = true }
            if !isInside { lines.append(line) }
            if line == end { isInside = false }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        let before = lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
        return before + "\(begin)\n\(block)\(end)\n"
    }

    /// The lines of a file of fields with colons, and a change to them.
    ///
    /// - Parameter change: gets the lines; the last has no line end.
    func changeLines(of path: String, _ change: (inout [String]) -> Void) throws(SystemError) {
        var lines = (try text(path) ?? "").split(separator: "\n").map(String.init)
        change(&lines)
        try rewrite(path, lines.map { "\($0)\n" }.joined())
    }

    /// The fields of the line that begins with `key`.
    func fields(of key: String, in path: String) throws(SystemError) -> [String]? {
        (try text(path) ?? "").split(separator: "\n").lazy.map { Self.fields($0) }.first { $0.first == key }
    }

    static func fields(_ line: String) -> [String] { fields(line[...]) }

    static func fields(_ line: Substring) -> [String] {
        line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
}
