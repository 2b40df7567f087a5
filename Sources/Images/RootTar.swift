import Foundation

/// A tar archive with the files of a root: all of it, or one layer of a container image.
struct RootTar {
    let path: String
    let compression: Compression?
    /// Whether it is a layer, whose `.wh.` names say what it deletes.
    var isLayer = false

    init(_ path: String, isLayer: Bool = false) {
        self.path = path
        self.isLayer = isLayer
        compression = Compression(ofFile: path)
    }

    /// Arguments of tar that name the archive: no part of its name is taken for a host, and its compression is not guessed.
    static func source(_ path: String, _ compression: Compression?) throws -> [String] {
        try ["--force-local", "--file", path]
            + (compression.map { ["--use-compress-program", try $0.program()] } ?? [])
    }

    /// Unpacks it, confined, with owners, modes and attributes. Leaves out the root's own /dev, which nodes fill themselves, and records
    /// that grow with user numbers: Docker's archives store their holes as zeros.
    ///
    /// - Parameters:
    ///   - filled: a directory that it fills, but not completely.
    ///   - note: called for what is lost.
    func unpack(to root: String, filling filled: String, note: @Sendable (String) -> Void) throws {
        try checkEnd()
        let confinement = Confinement(reads: [path], writes: [root], rights: .ownership)
        // Patterns apply to the arguments after them; without --anchored they would match in every directory.
        let excluded =
            // Concatenated archives are read as one, and anything else after an end is reported. What an addition has in lib/ goes where
            // the root's link lib leads; in a layer a directory takes the link's place (OCI Image Format).
            (isLayer
                ? ["--no-anchored", "--exclude=.wh.*"] : ["--ignore-zeros", "--keep-directory-symlink"])
            + ["--anchored"]
            + (["dev/*"] + ImagePacker.logInRecords).flatMap { name in
                ["", "./", "/"].map { "--exclude=\($0)\(name)" }
            }
        do {
            try extract(to: root, excluded, confinement, filling: filled, note: note)
        } catch let failure as ProgramFailure {
            throw Self.damage(of: path, failure)
        }
    }

    /// Explains tar's messages to people.
    static func damage(of path: String, _ failure: ProgramFailure) -> ImageLacks {
        ImageLacks(
            "\(path) cannot be unpacked: it is damaged or incomplete, or has names that tar does not accept:\n\(failure.said)"
        )
    }

    private func extract(
        to root: String, _ excluded: [String], _ confinement: Confinement, filling filled: String,
        note: @Sendable (String) -> Void
    ) throws {
        try Program("tar", package: "tar").confined(confinement).unpack(
            ["--extract"] + (try Self.source(path, compression))
                + [
                    "--directory", root, "--numeric-owner", "--same-permissions", "--xattrs",
                    "--xattrs-include=*",
                    "--acls", "--selinux",
                ] + excluded, filling: filled, note: note)
    }

    /// To tar, an archive that was truncated between two files is as good as a complete one, and the rest is lost. Compressed data has its
    /// own end marker, and a layer its digest.
    private func checkEnd() throws {
        guard !isLayer, compression == nil, let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        let byteCount = try file.seekToEnd()
        try file.seek(toOffset: byteCount - min(byteCount, Self.endByteCount))
        if let end = try file.readToEnd(), end.allSatisfy({ $0 == 0 }) { return }
        // Something may follow the end: tar reports whether it found one.
        let last = try Program("sh", package: "dash").confined(Confinement(reads: [path])).run(
            ["-c", "LC_ALL=C tar --list --block-number \"$@\" 2>/dev/null | tail -n 1 | head -c 1000", "sh"]
                + Self.source(path, nil))
        guard String(decoding: last, as: UTF8.self).contains("** Block of NULs **") else {
            throw ImageLacks(
                "\(path) has no end (two blocks of zeros): it is incomplete, and files are missing; download it again. If it is certainly complete: "
                    + "truncate -s +1K \(path)")
        }
    }

    /// Two blocks of zeros (POSIX.1-2017, *ustar Interchange Format*).
    private static let endByteCount: UInt64 = 1024
}
