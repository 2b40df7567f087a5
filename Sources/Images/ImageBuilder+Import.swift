package import Fleet
import Foundation

extension ImageBuilder {
    /// Packs a root that was made elsewhere: a directory, a tar archive, a squashfs, a disk, or a container image.
    ///
    /// - Parameter choice: among the images in an archive.
    package func importRoot(
        _ source: ImageSource, as image: ImageName, choice: ContainerChoice = ContainerChoice()
    ) throws -> (digest: Fleet.Digest, isNew: Bool) {
        switch source.kind {
        case .root:
            return try packer.pack(
                root: try Self.innerRoot(of: source.path, note: progress), as: image,
                origin: "directory \(source.path)")
        case .disk(let format):
            let disk = DiskImage(source, format, cache: cache, progress: progress)
            return try disk.withRoot { root in
                try packer.pack(root: root, as: image, origin: disk.origin, excluding: DiskImage.exclusions)
            }
        case .containerArchive, .containerDirectory, .rootArchive, .squashfs: break
        }
        let work = try Self.makeWorkDirectory(cache: cache)
        defer { work.remove() }
        progress("unpacking \(source.path)")
        let (root, origin) = try unpack(source, in: work, choice)
        return try packer.pack(root: try Self.innerRoot(of: root, note: progress), as: image, origin: origin)
    }

    /// - Returns: the root and its origin, for people.
    private func unpack(
        _ source: ImageSource, in work: WorkDirectory, _ choice: ContainerChoice
    ) throws -> (root: String, origin: String) {
        let byteCount = (try? FileManager.default.attributesOfItem(atPath: source.path))?[.size] as? Int
        switch source.kind {
        case .rootArchive:
            let root = try Self.makeRoot(in: work)
            // Packed data is not larger than its content; otherwise, with small files, its own framing is about half.
            try DiskRoom.require(
                (byteCount ?? 0) / (source.compression == nil ? 2 : 1), in: work.path,
                for: "what is in \(source.name)")
            try RootTar(source.path).unpack(to: root, filling: work.path, note: progress)
            return (root, "archive \(source.name)")
        case .squashfs:
            var path = source.path
            try DiskRoom.require(byteCount ?? 0, in: work.path, for: "what is in \(source.name)")
            if let compression = source.compression {
                path = "\(work.path)/squashfs"
                try compression.unpack(source.path, to: path, in: work.path)
            }
            let root = "\(work.path)/root"
            let confinement = Confinement(reads: [path], writes: [work.path], rights: .ownership)
            try Program("unsquashfs", package: "squashfs-tools").confined(confinement).unpack(
                ["-quiet", "-no-progress", "-ignore-errors", "-dest", root, path], filling: work.path
            ) { [progress] note in
                // Names as the root has them.
                progress(note.replacing("\(root)/", with: ""))
            }
            return (root, "squashfs \(source.name)")
        default:
            return try ContainerArchive(source: source, choice: choice, work: work.path).unpack(progress)
        }
    }

    /// The root itself, when a source keeps all of it in one directory: `rootfs/etc` and so on.
    static func innerRoot(of root: String, note: (String) -> Void) throws -> String {
        let directory = RootDirectory(path: root)
        guard !directory.holdsSystem() else { return root }
        let inner = directory.names(in: "").filter { directory.holdsSystem(in: "\($0)/") }
        guard inner.count == 1, let name = inner.first, let place = directory.place(of: name) else {
            return root
        }
        note("note: the root is the directory \(name) in it")
        return place
    }
}
