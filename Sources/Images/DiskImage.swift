import Foundation
import Linux

/// A disk as a file, raw or in a virtual machine's format, with a system on it.
///
/// Mounts last as long as the process's mount namespace, so callers must run in one of their own.
struct DiskImage {
    private let source: ImageSource
    private let format: Format
    private let cache: String
    private let progress: @Sendable (String) -> Void

    /// Names that `qemu-img` uses.
    enum Format: String { case raw, qcow2, vmdk, vdi, vhdx }

    /// A part of the disk that holds a file system.
    private struct Partition {
        var offset: Int
        var byteCount: Int
        /// TYPE, UUID, LABEL, PART_ENTRY_UUID, as named in blkid(8).
        var tags: [String: String]

        var type: String { tags["TYPE"] ?? "" }
    }

    /// A line of fstab(5).
    private struct Entry {
        var source: String
        var place: String
        var options: [String]
    }

    /// Below the top of a btrfs file system, where distributions put the root.
    private static let rootPlaces = ["", "root", "@", "@rootfs", "@/.snapshots/1/snapshot"]
    /// Directories of the machine's tree that also belong to the image. /home and /srv hold people's files.
    private static let wantedPlaces = ["/boot", "/usr", "/var", "/opt", "/usr/local"]
    /// Where boards and boot loaders may keep the kernel.
    private static let loaderPlaces = ["/boot/firmware", "/boot/efi", "/efi"]
    /// Settings that belong to the disk rather than the system: a node has other disks, and would wait for these.
    static let exclusions = [
        "etc/fstab", "etc/crypttab", "boot/efi/*", "swap.img", "home/*/.cache", "lost+found",
    ]

    /// - Parameter source: a disk.
    init(
        _ source: ImageSource, _ format: Format, cache: String, progress: @escaping @Sendable (String) -> Void
    ) {
        self.source = source
        self.format = format
        self.cache = cache
        self.progress = progress
    }

    /// By its first bytes: the name says nothing, and other programs' guesses could be tricked into reading other files.
    static func format(of head: Data) -> Format? {
        func holds(_ text: String, at offset: Int) -> Bool {
            head.count >= offset + text.utf8.count
                && head.dropFirst(offset).prefix(text.utf8.count).elementsEqual(text.utf8)
        }
        if head.starts(with: [0x51, 0x46, 0x49, 0xFB]) { return .qcow2 }
        if holds("KDMV", at: 0) { return .vmdk }
        if holds("vhdxfile", at: 0) { return .vhdx }
        if head.count > 68, head.dropFirst(64).starts(with: [0x7F, 0x10, 0xDA, 0xBE]) { return .vdi }
        // Two bytes make a partition table; a file that is clearly something else may contain them by chance.
        if Compression(head) != nil || holds("hsqs", at: 0) || holds("ustar", at: 257) { return nil }
        let hasTable = head.count >= 512 && head[510] == 0x55 && head[511] == 0xAA
        let isExtended = head.count > 0x43A && head[0x438] == 0x53 && head[0x439] == 0xEF
        let isFileSystem = isExtended || holds("XFSB", at: 0) || holds("_BHRfS_M", at: 0x10040)
        return hasTable || isFileSystem ? .raw : nil
    }

    var origin: String { "\(format.rawValue) disk \(source.name)" }

    /// Calls `body` with the root of the system on the disk, while it is mounted.
    func withRoot<T>(_ body: (_ root: String) throws -> T) throws -> T {
        let directory = try ImageBuilder.makeWorkDirectory(cache: cache)
        defer { directory.remove() }
        let work = directory.path
        let raw = try makeRaw(in: work)
        let partitions = try partitions(of: raw)
        var mounted: [String] = []
        defer {
            for place in mounted.reversed() {
                _ = try? Program("umount", package: "mount").run([place], isCleanup: true)
            }
        }
        var tried: [String] = []
        for (number, partition) in partitions.enumerated() {
            tried.append(partition.type.isEmpty ? "unknown" : partition.type)
            guard !["swap", "vfat", "LVM2_member", "crypto_LUKS", ""].contains(partition.type) else {
                continue
            }
            let place = "\(work)/\(number)"
            try mount(partition, of: raw, at: place)
            mounted.append(place)
            // Links on the disk are untrusted: they must not lead to directories of this host.
            let candidates = Self.rootPlaces.lazy.compactMap { RootDirectory(path: place).place(of: $0) }
            guard let root = candidates.map(RootDirectory.init(path:)).first(where: Self.isRoot) else {
                continue
            }
            progress("the system is on partition \(number + 1) (\(partition.type))")
            for entry in Self.entries(root).sorted(by: { $0.place < $1.place }) {
                guard Self.wantedPlaces.contains(entry.place),
                    let other = partitions.first(where: { Self.isSource(entry.source, $0) }),
                    let inside = root.place(of: entry.place)
                else { continue }
                try mount(
                    other, of: raw, at: inside,
                    options: entry.options.filter { $0.hasPrefix("subvol=") })
                mounted.append(inside)
            }
            mounted += mountLoaderPlaces(of: root, partitions, raw)
            return try body(root.path)
        }
        throw ImageLacks(
            "there is no system on the disk: \(partitions.count) partitions (\(tried.joined(separator: ", ")))"
                + (tried.contains("LVM2_member") || tried.contains("crypto_LUKS")
                    ? "; LVM and encrypted volumes are not supported: copy the root into a directory and import that"
                    : ""))
    }

    /// Boot loader partitions, as far as they can be mounted: most systems also have their kernel elsewhere.
    ///
    /// - Returns: their mount points.
    private func mountLoaderPlaces(of root: RootDirectory, _ partitions: [Partition], _ raw: String)
        -> [String]
    {
        Self.entries(root).filter { Self.loaderPlaces.contains($0.place) }.compactMap { entry in
            guard let other = partitions.first(where: { Self.isSource(entry.source, $0) }),
                let inside = root.place(of: entry.place)
            else { return nil }
            return (try? mount(other, of: raw, at: inside)).map { inside }
        }
    }

    /// The disk's own file, without the compression around it.
    private func makePlain(in work: String) throws -> String {
        guard let compression = source.compression else { return source.path }
        progress("unpacking \(source.name)")
        let plain = "\(work)/disk"
        try compression.unpack(source.path, to: plain, in: work)
        return plain
    }

    /// The disk as plain bytes. Virtual disks are converted, with holes where nothing was written.
    private func makeRaw(in work: String) throws -> String {
        let path = try makePlain(in: work)
        guard format != .raw else { return path }
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let header = DiskHeader([UInt8](try file.read(upToCount: DiskHeader.byteLimit) ?? Data()))
        if let dependence = header.dependence(as: format) { throw leansOnAnotherFile(dependence) }
        let images = try Program("qemu-img", package: "qemu-utils").confined(
            Confinement(reads: [path], writes: [work]))
        let told = try images.run(["info", "--output=json", "-f", format.rawValue, path])
        // Checked again, with what QEMU understood.
        guard try JSONDecoder().decode(DiskFacts.self, from: told).isWhole(at: path) else {
            throw leansOnAnotherFile("QEMU finds a reference in it")
        }
        progress("reading the disk")
        let raw = "\(work)/disk.raw"
        try images.run(["convert", "-f", format.rawValue, "-O", "raw", path, raw], filling: work)
        return raw
    }

    /// The file would be read with the importer's rights: any file or disk of this host could end up in the image.
    private func leansOnAnotherFile(_ how: String) -> ImageLacks {
        ImageLacks(
            "the disk depends on another file (\(how)); merge both where it comes from: qemu-img convert -O qcow2 \(source.name) flat.qcow2"
        )
    }

    /// All partitions, or the whole disk when it has none.
    private func partitions(of raw: String) throws -> [Partition] {
        let size = try FileDescriptor(opening: raw).byteCount()
        let places = try Self.places(on: raw, ofDiskOf: size)
        return try (places.isEmpty ? [(0, size)] : places).map { offset, byteCount in
            Partition(offset: offset, byteCount: byteCount, tags: try tags(of: raw, offset, byteCount))
        }
    }

    /// Where the partitions of a plain disk are. A disk may come from a drive with sectors of 4096 bytes, which its file does not say.
    static func places(on raw: String, ofDiskOf byteCount: Int) throws -> [(offset: Int, byteCount: Int)] {
        let program = try Program("partx", package: "util-linux").confined(Confinement(reads: [raw]))
        for sectorByteCount in ["512", "4096"] {
            let table = try? program.run([
                "--show", "--noheadings", "--output", "START,SECTORS", "--sector-size", sectorByteCount, raw,
            ])
            let places = places(in: String(decoding: table ?? Data(), as: UTF8.self), ofDiskOf: byteCount)
            if !places.isEmpty { return places }
        }
        return []
    }

    /// Where partitions are, in sectors of 512 bytes as partx always reports them: the table of an untrusted disk may name any.
    static func places(in text: String, ofDiskOf byteCount: Int) -> [(offset: Int, byteCount: Int)] {
        text.split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            // An extended partition's own entry is two empty sectors.
            guard numbers.count == 2, numbers[1] > 2, numbers[0] >= 0, numbers[0] <= byteCount / 512,
                numbers[1] <= byteCount / 512 - numbers[0]
            else { return nil }
            return (numbers[0] * 512, numbers[1] * 512)
        }
    }

    private func tags(of raw: String, _ offset: Int, _ byteCount: Int) throws -> [String: String] {
        // It exits with 2 when it recognises nothing.
        let told = try? Program("blkid", package: "util-linux").confined(Confinement(reads: [raw])).run([
            "--probe", "--output", "export", "--offset", String(offset), "--size", String(byteCount), raw,
        ])
        let pairs = String(decoding: told ?? Data(), as: UTF8.self).split(separator: "\n").compactMap {
            line -> (String, String)? in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func mount(_ partition: Partition, of raw: String, at place: String, options: [String] = [])
        throws
    {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let mount = try Program("mount", package: "mount")
        func attempt(_ more: [String]) throws {
            let words =
                [
                    "ro", "nosuid", "nodev", "loop", "offset=\(partition.offset)",
                    "sizelimit=\(partition.byteCount)",
                ] + options
                + more
            try mount.run(["-t", partition.type, "-o", words.joined(separator: ","), raw, place])
        }
        // A journal that needs replaying cannot be replayed: nothing is written to the disk.
        let unclean = [
            "ext4": ["noload"], "ext3": ["noload"], "xfs": ["norecovery"], "btrfs": ["rescue=nologreplay"],
        ]
        do {
            try attempt(partition.type == "xfs" ? ["nouuid"] : [])
        } catch {
            guard let more = unclean[partition.type] else { throw error }
            try attempt(more + (partition.type == "xfs" ? ["nouuid"] : []))
            progress(
                "note: a file system of the disk was not shut down cleanly; its last changes may be missing")
        }
    }

    private static func isRoot(_ root: RootDirectory) -> Bool {
        // A link counts even when its target is on another partition.
        ["etc", "usr/lib"].contains { root.names(in: $0).contains("os-release") }
            || NixSystem.profiles.contains(where: root.contains)
    }

    private static func entries(_ root: RootDirectory) -> [Entry] {
        let text = root.text(of: "etc/fstab") ?? ""
        return text.split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard words.count >= 4, !words[0].hasPrefix("#") else { return nil }
            return Entry(
                source: words[0], place: words[1], options: words[3].split(separator: ",").map(String.init))
        }
    }

    /// Whether fstab refers to this partition: by UUID, label, or the partition's own UUID.
    private static func isSource(_ source: String, _ partition: Partition) -> Bool {
        let parts = source.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return false }
        let wanted = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"")).lowercased()
        let tag = ["UUID": "UUID", "LABEL": "LABEL", "PARTUUID": "PART_ENTRY_UUID"][parts[0]]
        return tag.flatMap { partition.tags[$0]?.lowercased() } == wanted
    }
}
