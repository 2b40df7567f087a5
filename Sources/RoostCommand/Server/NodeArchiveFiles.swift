import Fleet
import Foundation
import Images

/// The initramfs archive with this server's node side, kept in the state directory under its digest.
enum NodeArchiveFile {
    /// Where packages and `make install` put the static `roost-node`.
    static let nodePrograms = ["/usr/local/lib/roost/roost-node", "/usr/lib/roost/roost-node"]

    /// Makes the archive and removes those of earlier servers.
    static func make(_ settings: ServerSettings) throws -> (NodeArchive, path: String) {
        let files = FileManager.default
        let candidates = settings.nodeProgram.map { [$0] } ?? nodePrograms
        guard let program = candidates.first(where: files.fileExists(atPath:)) else {
            throw ImageLacks(
                "roost-node is not at \(candidates.joined(separator: " or ")) (make install puts it there)")
        }
        let directory = "\(settings.stateDirectory)/node"
        let temporary = "\(directory)/node.cpio.new"
        try InitramfsArchive.makeNodeArchive(nodeProgram: program, busybox: settings.busybox, to: temporary)
        let digest = try Fleet.Digest(ofFile: temporary)
        let path = "\(directory)/\(digest).cpio"
        for name in try files.contentsOfDirectory(atPath: directory)
        where name != "node.cpio.new" && name != "\(digest).cpio" {
            try? files.removeItem(atPath: "\(directory)/\(name)")
        }
        if files.fileExists(atPath: path) {
            try files.removeItem(atPath: temporary)
        } else {
            try files.moveItem(atPath: temporary, toPath: path)
        }
        let size = try files.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        return (NodeArchive(digest: digest, byteCount: size), path)
    }
}
