import Glibc

/// Files and directories that get their names once they are complete and on the disk.
package enum DurableFile {
    /// What must be on the disk before the rename.
    package enum Content {
        case file
        /// A directory with these files.
        case directory(files: [String])
        /// A directory with thousands of files: its whole file system is synchronised.
        case tree
    }

    /// Makes what is at `source` durable and moves it to `target`, replacing a file there: after a crash there is the old one or the new
    /// one.
    package static func publish(
        _ source: String, _ content: Content = .file, as target: String, at publication: Publication
    ) throws(SystemError) {
        publication.pass(.sync)
        try synchronise(source, content)
        publication.pass(.rename)
        try rename(source, target)
        publication.pass(.directory)
        try synchroniseDirectory(of: target)
    }

    /// The same for a directory that another user may change meanwhile: only a name is created there.
    package static func publish(
        _ source: String, _ content: Content = .file, as name: String,
        in directory: borrowing ForeignDirectory, at publication: Publication
    ) throws(SystemError) {
        publication.pass(.sync)
        try synchronise(source, content)
        publication.pass(.rename)
        try directory.take(source, as: name)
        publication.pass(.directory)
        try directory.synchronise()
    }

    /// Gives a file that was made in `directory` its final name.
    package static func publish(
        _ file: borrowing FileDescriptor, named temporary: String, as name: String,
        in directory: borrowing ForeignDirectory, at publication: Publication
    ) throws(SystemError) {
        publication.pass(.sync)
        try file.synchronise()
        publication.pass(.rename)
        try directory.name(temporary, as: name)
        publication.pass(.directory)
        try directory.synchronise()
    }

    private static func synchronise(_ source: String, _ content: Content) throws(SystemError) {
        let open = try FileDescriptor(opening: source)
        switch content {
        case .file: try open.synchronise()
        case .directory(let files):
            for name in files { try FileDescriptor(opening: "\(source)/\(name)").synchronise() }
            try open.synchronise()
        case .tree: try open.synchroniseFileSystem()
        }
    }

    /// Renames what is at `source`, already durable, to `target`.
    package static func move(_ source: String, to target: String, at move: Move) throws(SystemError) {
        move.pass(.rename)
        try rename(source, target)
        move.pass(.directory)
        try synchroniseDirectory(of: target)
        try synchroniseDirectory(of: source)
    }

    static func rename(_ source: String, _ target: String) throws(SystemError) {
        guard unsafe Glibc.rename(source, target) == 0 else {
            throw SystemError("rename \(source) to \(target)")
        }
    }

    /// Makes the names in a file's directory durable.
    static func synchroniseDirectory(of path: String) throws(SystemError) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        try FileDescriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY).synchronise()
    }
}
