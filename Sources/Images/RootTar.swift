/// A tar archive with the files of a root: all of it, or one layer of a container image.
struct RootTar {
    let path: String
    let compression: Compression?
    /// Whether it is a layer, whose `.wh.` names say what it takes away.
    var isLayer = false

    init(_ path: String, isLayer: Bool = false) {
        self.path = path
        self.isLayer = isLayer
        compression = Compression(ofFile: path)
    }

    /// Words of tar that name the archive: no part of its name is a host's, and its compression is not guessed at.
    static func source(_ path: String, _ compression: Compression?) throws -> [String] {
        try ["--force-local", "--file", path]
            + (compression.map { ["--use-compress-program", try $0.program()] } ?? [])
    }

    /// Unpacks it, confined, with owners, modes and attributes. The root's own /dev stays out, which nodes fill themselves, and
    /// records that grow with the numbers of users: archives of Docker have their holes as zeros.
    ///
    /// - Parameters:
    ///   - filled: a directory that it fills, and not to the brim.
    ///   - note: hears what is lost.
    func unpack(to root: String, filling filled: String, note: @Sendable (String) -> Void) throws {
        let confinement = Confinement(reads: [path], writes: [root], rights: .ownership)
        // Patterns hold for what stands behind them; without --anchored they would hold in every directory.
        let excluded =
            (isLayer ? ["--no-anchored", "--exclude=.wh.*"] : [])
            + ["--anchored"]
            + (["dev/*"] + ImagePacker.logInRecords).flatMap { name in
                ["", "./", "/"].map { "--exclude=\($0)\(name)" }
            }
        try Program("tar", package: "tar").confined(confinement).unpack(
            ["--extract"] + (try Self.source(path, compression))
                + [
                    "--directory", root, "--numeric-owner", "--same-permissions", "--xattrs",
                    "--xattrs-include=*",
                    "--acls", "--selinux",
                ] + excluded, filling: filled, note: note)
    }
}
