package import Fleet
import Foundation
import Linux

/// The nodes' own copies of an image's root, file by file: `DIRECTORY/NODE/GENERATION`. Only root can make them.
package struct NodeTrees: Sendable {
    package let directory: String
    private let images: ImageStore

    package init(directory: String, images: ImageStore) {
        self.directory = directory
        self.images = images
    }

    /// Copies the root of the version that `volume` names. A crash leaves either nothing or all of it.
    package func make(_ volume: Volume) throws {
        let (path, root) = ("\(directory)/\(volume.path)", try images.rootPath(of: volume))
        try FileManager.default.createDirectory(
            atPath: "\(directory)/\(volume.node)", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        try Self.delete("\(path).new")
        do {
            try Program("unsquashfs", package: "squashfs-tools").run(
                ["-quiet", "-no-progress", "-d", "\(path).new", root], filling: directory)
            try Self.delete(path)
            try DurableFile.publish("\(path).new", .tree, as: path, at: .tree)
        } catch {
            try? Self.delete("\(path).new")
            throw error
        }
    }

    /// The generations that a node has, in their order.
    package func generations(of node: NodeName) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(node)")) ?? []
        return names.compactMap { Int($0) }.sorted()
    }

    /// Deletes all generations but that of `volume`.
    package func removeOthers(than volume: Volume) throws {
        for generation in generations(of: volume.node) where generation != volume.generation {
            try Self.delete("\(directory)/\(volume.node)/\(generation)")
        }
    }

    package func remove(_ node: NodeName) throws { try Self.delete("\(directory)/\(node)") }

    /// By a program: a tree has tens of thousands of files, and what is mounted below one is not ours.
    private static func delete(_ path: String) throws {
        try Program("rm", package: "coreutils").run(["-rf", "--one-file-system", "--", path])
    }
}

extension ImageStore {
    /// The root of the version that a volume was made of.
    fileprivate func rootPath(of volume: Volume) throws -> String {
        let path = "\(directory)/\(volume.image)/\(volume.digest)/root.squashfs"
        guard FileManager.default.fileExists(atPath: path) else {
            throw ImageLacks("there is no version \(volume.digest.short) of \(volume.image) in \(directory)")
        }
        return path
    }
}
