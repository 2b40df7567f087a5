import Foundation
import Testing

/// A root with what a version needs and nothing else: it packs within a second.
struct SmallRoot {
    let path: String

    /// - Parameter path: where it is made; the caller removes it.
    init(_ path: String, of lab: BootLab) throws {
        self.path = path
        let images = try lab.json("image", "list") as? [[String: Any]] ?? []
        let debian = try #require(images.first { $0["image"] as? String == "debian" })
        let digest = try #require(debian["digest"] as? String)
        let release = try #require((debian["manifest"] as? [String: Any])?["kernelRelease"] as? String)
        let squashfs = "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs"
        let modules = "usr/lib/modules/\(release)/kernel"
        // «-no-wildcards» has no patterns; the directories are small enough to be taken whole.
        try BootLab.run(
            "unsquashfs",
            [
                "-q", "-n", "-d", path, squashfs, "boot/vmlinuz-\(release)", "etc/os-release", "etc/passwd",
                "usr/lib/os-release", "usr/lib/systemd/systemd", "\(modules)/drivers/block/nbd.ko",
                "\(modules)/fs/squashfs", "\(modules)/fs/overlayfs", "\(modules)/net/packet",
                "usr/lib/modules/\(release)/modules.builtin", "usr/lib/modules/\(release)/modules.order",
            ])
        try BootLab.run("ln", ["-sfn", "usr/lib", "\(path)/lib"])
        try BootLab.run("depmod", ["-b", path, release])
        try mark(0)
    }

    /// Makes its content another one.
    func mark(_ number: Int) throws {
        try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/etc/number"))
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
