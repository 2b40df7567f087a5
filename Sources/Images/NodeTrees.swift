package import Fleet
import Foundation
import Linux

/// The nodes' own copies of an image's root, file by file: `DIRECTORY/PLACE/GENERATION`. Only root can create them.
package struct NodeTrees: Sendable {
    package let directory: String
    private let images: ImageStore
    private let note: @Sendable (String) -> Void

    /// - Parameter note: called for parts of a root that are left out.
    package init(directory: String, images: ImageStore, note: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.images = images
        self.note = note
    }

    /// Copies the root of the version that `volume` names. A crash leaves either nothing or all of it.
    package func make(_ volume: Volume) throws {
        let path = "\(directory)/\(volume.path)"
        let root = try images.root(of: volume)
        let parent = "\(directory)/\(volume.place)"
        // No user of this host can enter it: it contains setuid programs that would make them root.
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: parent)
        try Self.delete("\(path).new")
        do {
            // Opened by descriptor: replacing the file does not make us read another one.
            let confinement = Confinement(writes: [parent], rights: .ownership, inputPath: "/root.squashfs")
            try Program("unsquashfs", package: "squashfs-tools").confined(confinement).unpack(
                ["-quiet", "-no-progress", "-ignore-errors", "-d", "\(path).new", "/root.squashfs"],
                file: root.number,
                filling: directory, note: { note("\(volume.node): \($0)") })
            try Self.delete(path)
            try DurableFile.publish("\(path).new", .tree, as: path, at: .tree)
        } catch {
            try? Self.delete("\(path).new")
            throw error
        }
    }

    /// The generations of a node, in order.
    package func generations(of node: NodeName) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(node)")) ?? []
        return names.compactMap { Int($0) }.sorted()
    }

    /// Deletes all generations but that of `volume`.
    package func removeOthers(than volume: Volume) throws {
        for generation in generations(of: volume.place) where generation != volume.generation {
            try Self.delete("\(directory)/\(volume.place)/\(generation)")
        }
    }

    package func remove(_ node: NodeName) throws { try Self.delete("\(directory)/\(node)") }

    /// Uses a program: a tree has tens of thousands of files, and mounts below it are not ours.
    private static func delete(_ path: String) throws {
        try Program("rm", package: "coreutils").run(["-rf", "--one-file-system", "--", path])
    }
}

extension ImageStore {
    /// The root of the version that a volume was made from.
    fileprivate func root(of volume: Volume) throws -> FileDescriptor {
        do { return try open("root.squashfs", of: volume.image, volume.digest) } catch let error
            as SystemError
            where error.number == SystemError.isMissing
        {
            throw ImageLacks("there is no version \(volume.digest.short) of \(volume.image) in \(directory)")
        }
    }
}
