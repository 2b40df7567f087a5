import Fleet
import Foundation
import Images
import Linux

/// The initramfs archives with this server's node part, one for each bootable architecture, each under its digest.
struct NodeArchiveFiles {
    /// Where packages and `make install` put the static `roost-node`.
    static let nodePrograms = ["/usr/local/lib/roost/roost-node", "/usr/lib/roost/roost-node"]

    /// The programs for nodes of one architecture.
    private struct Programs {
        var node: String
        var busybox: String
    }

    let directory: String
    /// The public key of this server.
    let serverKey: [UInt8]

    /// Creates the archives and removes those of earlier servers.
    ///
    /// - Returns: the archives by architecture.
    func make(_ settings: ServerSettings) throws -> [String: NodeArchive] {
        var archives: [String: NodeArchive] = [:]
        for (architecture, programs) in try Self.architectures(settings) {
            archives[architecture] = try make(programs)
        }
        let files = FileManager.default
        let wanted = Swift.Set(archives.values.map { "\($0.digest).cpio" })
        for name in try files.contentsOfDirectory(atPath: directory) where !wanted.contains(name) {
            try? files.removeItem(atPath: "\(directory)/\(name)")
        }
        return archives
    }

    /// Throws where no archive can be made.
    static func check(_ settings: ServerSettings) throws { _ = try architectures(settings) }

    private static func architectures(_ settings: ServerSettings) throws -> [String: Programs] {
        var found: [String: Programs] = [:]
        for programs in try programs(settings) {
            try InitramfsArchive.requireStatic(programs.node, package: "roost")
            try InitramfsArchive.requireStatic(programs.busybox, package: "busybox-static")
            let architecture = try InitramfsArchive.architecture(ofProgram: programs.node)
            guard try InitramfsArchive.architecture(ofProgram: programs.busybox) == architecture else {
                throw ImageLacks(
                    "\(programs.node) is for \(architecture), and \(programs.busybox) is for another architecture"
                )
            }
            found[architecture] = programs
        }
        return found
    }

    /// Those for this host, and for other architectures: `arm64/roost-node` and `arm64/busybox` beside this host's `roost-node`.
    private static func programs(_ settings: ServerSettings) throws -> [Programs] {
        let files = FileManager.default
        let candidates = settings.nodeProgram.map { [$0] } ?? nodePrograms
        guard let own = candidates.first(where: files.fileExists(atPath:)) else {
            throw ImageLacks(
                "roost-node is not at \(candidates.joined(separator: " or ")) (make install puts it there)")
        }
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent().path
        let others = ((try? files.contentsOfDirectory(atPath: beside)) ?? []).sorted().map {
            Programs(node: "\(beside)/\($0)/roost-node", busybox: "\(beside)/\($0)/busybox")
        }
        return others.filter { files.fileExists(atPath: $0.node) && files.fileExists(atPath: $0.busybox) }
            + [Programs(node: own, busybox: settings.busybox)]
    }

    private func make(_ programs: Programs) throws -> NodeArchive {
        let temporary = "\(directory)/node.cpio.new"
        try InitramfsArchive.makeNodeArchive(
            nodeProgram: programs.node, busybox: programs.busybox, serverKey: serverKey, to: temporary)
        // The server's user reads it; its directory excludes others.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: temporary)
        let digest = try Fleet.Digest(ofFile: temporary)
        let path = "\(directory)/\(digest).cpio"
        // Replaces an existing file: a power failure may have damaged that.
        try DurableFile.publish(temporary, as: path, at: .nodeArchive)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        return NodeArchive(digest: digest, byteCount: size)
    }
}
