import Foundation
import Glibc

@testable import Images

/// A temporary directory laid out like a root; it is deleted with its owner.
final class SampleRoot {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-root-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func put(_ name: String, _ text: String = "") throws { try put(name, bytes: Array(text.utf8)) }

    func put(_ name: String, bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func link(_ name: String, to target: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
    }

    func pipe(_ name: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard unsafe mkfifo(url.path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    /// A kernel's modules: those that a node needs, built in, and one for a card.
    func putModules(_ release: String, in base: String = "usr/lib/modules", lacking: [String] = []) throws {
        let needed = ["nbd", "squashfs", "overlay", "af_packet"].filter { !lacking.contains($0) }
        try put("\(base)/\(release)/modules.builtin", needed.map { "kernel/\($0).ko\n" }.joined())
        try put("\(base)/\(release)/modules.dep", "kernel/drivers/net/ethernet/card.ko:\n")
        try put("\(base)/\(release)/kernel/drivers/net/ethernet/card.ko", "card")
    }

    var search: KernelSearch { KernelSearch(root: path) }
    var directory: RootDirectory { RootDirectory(path: path) }

    /// The beginning of an x86 kernel with its release.
    static func x86Kernel(_ release: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 0x400)
        bytes.replaceSubrange(0x202..<0x206, with: "HdrS".utf8)
        bytes.replaceSubrange(0x206..<0x208, with: [0x0C, 0x02])
        bytes[0x20F] = 0x02
        bytes[0x236] = 1
        return bytes + Array("\(release) (builder@host) #1 SMP\0".utf8)
    }
}
