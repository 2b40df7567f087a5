package import Fleet
import Foundation
import Glibc
import Linux

/// Turns a root file system into a version: lint, kernel, modules, squashfs, manifest.
package struct ImagePacker: Sendable {
    /// How hard the root is compressed.
    package enum Effort: String, Sendable, CaseIterable {
        /// zstd 3: seconds.
        case fast
        /// zstd 19: minutes, and a seventh smaller.
        case small

        fileprivate var level: String { self == .fast ? "3" : "19" }
    }

    private let store: ImageStore
    private let effort: Effort
    private let allowed: Set<ImageLint.Rule>
    /// The kernel release to use when there are several; nil: the first choice.
    private let kernel: String?
    private let moduleArchives: ModuleArchiveCache
    private let progress: @Sendable (String) -> Void

    /// Memory in which mksquashfs keeps blocks. Its default is a quarter of the host's memory, which serving nodes needs. Less is also
    /// faster: the buffers stay near the processor.
    private static let memory = "256M"

    /// Left out of every image: files of one particular machine, and files that only grow.
    private static let exclusions =
        [
            "boot/initrd.img*", "boot/System.map*", "dev/*", "proc/*", "run/*", "sys/*", "tmp/*", "var/tmp/*",
            "var/cache/apt/*", "var/lib/apt/lists/*", "etc/machine-id", "var/lib/dbus/machine-id",
            "etc/ssh/ssh_host_*",
            "etc/hostname", "etc/resolv.conf", "var/lib/systemd/random-seed", "root/.bash_history",
            "swapfile",
        ] + logInRecords
    /// Who logged in to the original machine: one entry per user number, which makes hundreds of gigabytes of holes where numbers come from
    /// a directory service (moby/moby#5419).
    static let logInRecords = ["var/log/lastlog", "var/log/faillog"]
    /// Holes this large are reported: all of them are read, a gibibyte in about a second.
    private static let holeByteLimit = 4 << 30
    private static let kernelByteLimit = 1 << 30
    /// All holes of a root: more take a processor for hours, and a few bytes of an archive can make them.
    private static let holesByteLimit = 1 << 40

    /// - Parameters:
    ///   - cache: where archives of kernel modules are kept; nil: nowhere.
    ///   - allowed: findings that do not refuse a root.
    ///   - kernel: the kernel release to use when there are several; nil: the first choice.
    package init(
        store: ImageStore, effort: Effort, cache: String? = nil, allowed: Set<ImageLint.Rule> = [],
        kernel: String? = nil, progress: @escaping @Sendable (String) -> Void
    ) {
        self.allowed = allowed
        self.kernel = kernel
        self.store = store
        moduleArchives = ModuleArchiveCache(directory: cache.map { "\($0)/modules" })
        self.effort = effort
        self.progress = progress
    }

    /// Packs `root` and publishes the version.
    ///
    /// - Parameters:
    ///   - recipe: digest of the root's build instructions.
    ///   - excluded: patterns to leave out, in addition to the usual ones.
    ///   - base: the version that the root is a clone of.
    /// - Throws: ``MaintenanceShell/Unchanged`` when every file equals that of `base`.
    package func pack(
        root: String, as image: ImageName, origin: String, recipe: Fleet.Digest? = nil,
        excluding excluded: [String] = [], base: ImageManifest? = nil
    ) throws -> (digest: Fleet.Digest, isNew: Bool) {
        let content = RootDirectory(path: root)
        guard content.holdsSystem() else {
            throw ImageLacks(
                "\(origin) is not a root file system: \(LiveMedium.advice(content) ?? "it has neither etc nor usr")"
            )
        }
        let directory = try store.makeBuildDirectory()
        let build = directory.path
        defer { withExtendedLifetime(directory) {} }
        do {
            // The root takes longest by far. Everything else is done in parallel, including the check whether it may be packed at all.
            progress("packing the root file system")
            let stop = ProgramStop()
            let rootFile = ThreadWork {
                try file("root.squashfs", in: build) {
                    try packRoot(root, excluding: excluded, to: $0, stop: stop)
                }
            }
            let others = Result { try packOthers(root, in: build) }
            if case .failure = others { stop.stop() }
            let packed = Result { try rootFile.value() }
            let beside = try others.get()
            let manifest = manifest(
                of: image, root: root, beside, rootFile: try packed.get(), origin: origin, recipe: recipe)
            if manifest.files == base?.files { throw MaintenanceShell.Unchanged() }
            try Program.checkMayStart()
            progress("publishing")
            return try store.publish(manifest, from: build)
        } catch {
            directory.remove()
            throw error
        }
    }

    /// The parts of a version other than its root.
    private struct Others {
        var files: [ImageManifest.File]
        var packages: [ImageManifest.Package]
        var kernelRelease: String
        var architecture: String
        var hasDMCrypt: Bool
    }

    private func packOthers(_ root: String, in build: String) throws -> Others {
        try DiskRoom.require(
            try Self.leastByteCount(of: root, note: progress), in: build, for: "the version")
        for finding in try ImageLint(root: root, allowed: allowed).check() { progress("note: \(finding)") }
        let modules = try KernelModules(root: root, kernel: kernel)
        progress(
            "kernel \(modules.release)\(modules.reason.isEmpty ? "" : ", \(modules.reason)"); \(modules.needed.count) of its "
                + "modules for the initramfs")
        let kernel = try file("kernel", in: build) { path in
            // Boot loaders other than GRUB do not decompress the kernels of boards and arm64.
            if let compression = Compression(ofFile: modules.kernelPath) {
                try compression.unpack(
                    modules.kernelPath, to: path, in: build, limit: Self.kernelByteLimit)
            } else {
                try FileManager.default.copyItem(atPath: modules.kernelPath, toPath: path)
            }
        }
        let archive = try file("modules.cpio", in: build) { path in
            let isKept = try moduleArchives.makeArchive(
                of: modules, level: effort == .fast ? 9 : 19, at: path)
            if isKept { progress("the same kernel modules were packed before") }
        }
        return Others(
            files: [kernel, archive],
            packages: InstalledPackages.of(RootDirectory(path: root), note: progress),
            kernelRelease: modules.release,
            architecture: Self.architecture(
                root: root, kernelRelease: modules.release, kernel: KernelFile(ofFile: "\(build)/kernel")),
            hasDMCrypt: modules.hasDMCrypt)
    }

    /// The least that a packed root takes: no system compresses to a tenth. Large holes are reported, because mksquashfs reads them.
    ///
    /// - Throws: where holes are larger than roots have them.
    static func leastByteCount(of root: String, note: (String) -> Void) throws -> Int {
        var (byteCount, holesByteCount) = (0, 0)
        var largest = (path: "", byteCount: 0)
        DirectoryListing.walk(root) { entry in
            if entry.kind == S_IFREG {
                byteCount += entry.storedByteCount
                let holes = entry.byteCount - entry.storedByteCount
                guard holes > 0, !exclusions.contains(entry.path) else { return true }
                holesByteCount = min(holesByteCount, .max - holes) + holes
                if holes > largest.byteCount { largest = (entry.path, holes) }
                if holes > holeByteLimit {
                    note(
                        "note: \(entry.path) has \(holes >> 30) GiB of holes, which take about a second each to pack: truncate it if it contains nothing"
                    )
                }
            }
            return !ImageLint.foreignDirectories.contains(entry.path)
        }
        guard holesByteCount <= holesByteLimit else {
            throw ImageLacks(
                "its files have \(holesByteCount >> 30) GiB of holes, which would take hours to pack, most of them in \(largest.path): truncate or remove it"
            )
        }
        return byteCount / 10
    }

    /// Has a version's file written to the given path, and hashes it while it goes to the disk.
    private func file(_ name: String, in build: String, _ make: (String) throws -> Void) throws
        -> ImageManifest.File
    {
        let path = "\(build)/\(name)"
        try make(path)
        let writing = ThreadWork { try FileDescriptor(opening: path).synchronise(at: .imageFile) }
        let digest = try Fleet.Digest(ofFile: path)
        try writing.value()
        return ImageManifest.File(
            name: name, byteCount: try FileDescriptor(opening: path).byteCount(), sha256: digest)
    }

    /// Reproducible: sorted by mksquashfs, every time stamp that of the newest file, with one thread's order.
    private func packRoot(
        _ root: String, excluding excluded: [String], to path: String, stop: ProgramStop
    ) throws {
        let output = PackerOutput(progress: progress)
        let isOver = DispatchSemaphore(value: 0)
        defer { isOver.signal() }
        Thread.detachNewThread {
            while isOver.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
                // Missing until the program creates it.
                try? FileDescriptor(opening: path).beginSynchronising()
            }
        }
        // The file exists already, so the program needs to reach nothing else in the directory.
        try WholeFile.writeForNow(path, [])
        var confinement = Confinement(reads: [root], writes: [path], rights: .reading)
        // It has a limit of its own, and threads for each processor.
        confinement.memoryByteLimit = nil
        try Program("mksquashfs", package: "squashfs-tools").confined(confinement).run(
            [
                root, path, "-noappend", "-comp", "zstd", "-Xcompression-level", effort.level, "-xattrs",
                "-progress", "-mem", Self.memory,
                "-mkfs-time", "0", "-all-time", "0", "-wildcards", "-e",
            ] + Self.exclusions + excluded,
            filling: URL(fileURLWithPath: path).deletingLastPathComponent().path, stop: stop,
            progress: { output.line($0) })
        for note in output.losses(of: root) { progress(note) }
    }

    private func manifest(
        of image: ImageName, root: String, _ others: Others, rootFile: ImageManifest.File, origin: String,
        recipe: Fleet.Digest?
    ) -> ImageManifest {
        let directory = RootDirectory(path: root)
        let places = ["etc", "usr/lib"] + NixSystem(directory).configurationDirectories
        let release = Self.keyValues(
            places.lazy.compactMap { directory.text(of: "\($0)/os-release") }.first ?? "")
        return ImageManifest(
            image: image, architecture: others.architecture, kernelRelease: others.kernelRelease,
            system: release["PRETTY_NAME"] ?? "unknown", files: others.files + [rootFile],
            packages: others.packages, origin: origin, recipe: recipe, hasDMCrypt: others.hasDMCrypt)
    }

    /// As Debian names it: from the kernel file's own header, its name, or the dynamic loader that every arm64 root contains.
    static func architecture(root: String, kernelRelease: String, kernel: KernelFile?) -> String {
        if let known = kernel?.architecture { return known }
        let loaders = [
            "lib/ld-linux-aarch64.so.1", "usr/lib/ld-linux-aarch64.so.1", "lib/ld-musl-aarch64.so.1",
        ]
        let directory = RootDirectory(path: root)
        let isARM =
            ["arm64", "aarch64", "-v8", "-tegra"].contains { kernelRelease.hasSuffix($0) }
            || loaders.contains { directory.contains($0) }
        if isARM { return "arm64" }
        // A 32-bit root may well have a 64-bit kernel.
        return ["-686", "-686-pae"].contains { kernelRelease.hasSuffix($0) } ? "i386" : "amd64"
    }

    private static func keyValues(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (String(parts[0]), parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"'")))
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
