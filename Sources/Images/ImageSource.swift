import Foundation

/// What kind of image source a file or directory is, told from its bytes rather than its name.
package struct ImageSource: Sendable {
    enum Kind: Equatable {
        /// A directory that is the root itself.
        case root
        /// An OCI layout, or an image archive that is already unpacked.
        case containerDirectory
        case containerArchive
        case rootArchive
        case squashfs
        case disk(DiskImage.Format)
    }

    /// Absolute.
    let path: String
    let kind: Kind
    /// The compression around all of it; nil: none.
    let compression: Compression?

    /// For people.
    var name: String { URL(fileURLWithPath: path).lastPathComponent }

    private init(path: String, kind: Kind, compression: Compression?) {
        self.path = path
        self.kind = kind
        self.compression = compression
    }

    /// - Throws: when it is missing or not recognised.
    package init(_ source: String) throws {
        let path = URL(fileURLWithPath: source).path
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ImageLacks(Self.advice(source) ?? "there is no \(source)")
        }
        if isDirectory.boolValue {
            self.init(
                path: path, kind: ContainerLayout.isLayout(path) ? .containerDirectory : .root,
                compression: nil)
            return
        }
        guard let outer = Compression.head(of: path) else { throw ImageLacks("\(path) cannot be read") }
        let compression = Compression(outer)
        let head = try compression?.innerHead(of: path) ?? outer
        self.init(path: path, kind: try Self.kind(of: path, head, compression), compression: compression)
    }

    /// What to do with the name of something that is not a file here; nil for a path.
    static func advice(_ source: String) -> String? {
        if source == "-" { return "an image cannot be read from standard input: write it to a file" }
        let parts = source.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[0].contains("/") || parts[0].contains(".") else {
            return nil
        }
        let (word, rest) = (parts[0].lowercased(), parts[1])
        let transports = ["oci", "oci-archive", "docker-archive", "dir"]
        if transports.contains(word), !rest.hasPrefix("//") {
            return "‘\(source)’ is skopeo's way to write a path: give the path alone"
        }
        if ["http", "https", "ftp"].contains(word) {
            return "‘\(source)’ is on another server: download it, and import the file (curl -fLO \(source))"
        }
        guard !source.hasPrefix("/"), !source.hasPrefix("."), !source.contains(where: \.isWhitespace) else {
            return nil
        }
        let reference = word == "docker" && rest.hasPrefix("//") ? source : "docker://\(source)"
        return
            "there is no file \(source); an image in a registry must be copied first: skopeo copy \(reference) oci-archive:image.tar, then import image.tar"
    }

    /// Whether parts must be mounted or files need owners: a directory that is the root itself can be used as it is.
    package static func needsMounts(_ source: String) -> Bool {
        !FileManager.default.fileExists(atPath: "\(source)/.") || ContainerLayout.isLayout(source)
    }

    /// Whether it is a disk with partitions or a file system on it.
    package var isDisk: Bool { if case .disk = kind { true } else { false } }

    private static func kind(of path: String, _ head: Data, _ compression: Compression?) throws -> Kind {
        // squashfs 4.0, little endian.
        if head.starts(with: Array("hsqs".utf8)) { return .squashfs }
        // Installation media also have a partition table.
        let foreign = ForeignFile.description(head)
        if foreign == nil, let format = DiskImage.format(of: head) { return .disk(format) }
        if let foreign { throw ImageLacks("\(path) \(foreign)") }
        if compression != nil, Compression(head) != nil {
            throw ImageLacks("\(path) is compressed twice: decompress it once, and import that file")
        }
        return try archiveKind(of: path, compression)
    }

    /// What the names in a tar archive show. The first ones are usually enough, so the remaining gigabytes need not be read.
    private static func archiveKind(of path: String, _ compression: Compression?) throws -> Kind {
        let words = try RootTar.source(path, compression)
        func names(_ script: String, _ more: [String] = []) throws -> [[Substring]] {
            let listing = try Program("sh", package: "dash").confined(Confinement(reads: [path])).run(
                ["-c", script, "sh"] + words + more)
            return String(decoding: listing, as: UTF8.self).split(separator: "\n").map {
                $0.split(separator: "/").filter { $0 != "." }
            }
        }
        let first = try names("tar --list \"$@\" 2>/dev/null | head -n 64 | head -c 1000000")
        guard !first.isEmpty else {
            throw ImageLacks(
                "\(path) cannot be imported: a directory with a root, a tar archive, a squashfs, a container image or a disk is required, "
                    + "plain or compressed by gzip, xz, zstd, lz4 or bzip2")
        }
        let roots: Set<Substring> = [
            "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
            "sbin", "srv",
            "sys", "tmp", "usr", "var",
        ]
        let texts = first.map { $0.joined(separator: "/") }
        if let machine = ForeignFile.virtualMachine(texts) { throw ImageLacks("\(path) \(machine)") }
        if first.contains(where: { $0.first.map(roots.contains) ?? false }) { return .rootArchive }
        let marks: Set<Substring> = ["oci-layout", "index.json", "manifest.json"]
        let isMarked = first.contains { $0.count == 1 && marks.contains($0[0]) }
        if isMarked || ContainerLayout.hasChains(first) { return .containerArchive }
        // tar fails for each missing name; whether the archive is valid shows when it is unpacked.
        let marked = marks.flatMap { [String($0), "./\($0)"] }.sorted()
        return try names("tar --list \"$@\" 2>/dev/null | head -c 1000", marked).isEmpty
            ? .rootArchive : .containerArchive
    }
}
