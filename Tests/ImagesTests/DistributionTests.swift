import Foundation
import Testing

@testable import Fleet
@testable import Images

/// Distributions' records of their packages, and how links in a root are followed.
@Suite final class DistributionTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func put(_ path: String, _ text: String = "") throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// As lines of name and version.
    private var packages: [String] {
        InstalledPackages.of(RootDirectory(path: root)) { Issue.record("\($0)") }.map {
            "\($0.name) \($0.version)"
        }
    }

    @Test func `packages are read from the records of dpkg`() throws {
        try put(
            "var/lib/dpkg/status",
            "Package: b\nStatus: install ok installed\nVersion: 2-1\n\nPackage: a\nStatus: deinstall ok config-files\nVersion: 1\n"
        )
        #expect(packages == ["b 2-1"])
    }

    @Test func `packages are read from the records of apk`() throws {
        // Debian's tool is installed as well.
        try put("var/lib/dpkg/status")
        try put("lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.5-r0\n\nC:Q1\nP:busybox\nV:1.36.1-r29\n")
        #expect(packages == ["busybox 1.36.1-r29", "musl 1.2.5-r0"])
    }

    @Test func `packages are read from the records of pacman`() throws {
        try put("var/lib/pacman/local/ALPM_DB_VERSION", "9\n")
        try put(
            "var/lib/pacman/local/zlib-1:1.3.1-2/desc",
            "%NAME%\nzlib\n\n%VERSION%\n1:1.3.1-2\n\n%BASE%\nzlib\n")
        try put("var/lib/pacman/local/bash-5.2.037-1/desc", "%NAME%\nbash\n\n%VERSION%\n5.2.037-1\n")
        try put("var/lib/pacman/local/half-1-1/desc", "%NAME%\n")
        #expect(packages == ["bash 5.2.037-1", "zlib 1:1.3.1-2"])
    }

    @Test func `links are followed as the root means them, and never out of it`() throws {
        let release = "6.4.0-150600.23-default"
        try put("usr/lib/modules/\(release)/modules.dep")
        try put("usr/lib/modules/\(release)/vmlinuz", "kernel")
        func link(_ name: String, to target: String) throws {
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: "\(root)/\(name)").deletingLastPathComponent(),
                withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(root)/\(name)", withDestinationPath: target)
        }
        // openSUSE's path to its kernel, with a merged /usr whose link is absolute.
        try link("lib", to: "/usr/lib")
        try link("boot/vmlinuz-\(release)", to: "../usr/lib/modules/\(release)/vmlinuz")
        let directory = RootDirectory(path: root)
        #expect(
            KernelSearch(root: root).kernels.map(\.path) == [
                "\(root)/usr/lib/modules/\(release)/vmlinuz"
            ])
        try link("passwords", to: "/etc/passwd")
        try link("more", to: "../../../../../../../../etc/passwd")
        try link("round", to: "round")
        try link("there/and", to: "../there/and/back")
        #expect(FileManager.default.fileExists(atPath: "\(root)/passwords"))
        for name in ["passwords", "more", "round", "there/and", "nothing"] {
            #expect(directory.place(of: name) == nil, "\(name)")
        }
        try put("etc/passwd", "root of the image")
        #expect(
            directory.text(of: "passwords") == "root of the image"
                && directory.text(of: "more") == "root of the image")
        #expect(
            directory.place(of: "../..") == root
                && directory.place(of: "/lib/modules/./\(release)/..") == "\(root)/usr/lib/modules")
    }

    @Test func `a module list that leads out of its directory writes nothing`() throws {
        let modules = "lib/modules/6.1.0-9-amd64"
        let names = ["nbd", "squashfs", "af_packet"]
        let list = names.map { "kernel/\($0).ko:\n" } + ["kernel/overlay.ko: ../../../../evil.ko\n"]
        try put("\(modules)/modules.dep", list.joined())
        try put("boot/vmlinuz-6.1.0-9-amd64", "kernel")
        for name in names + ["overlay"] { try put("\(modules)/kernel/\(name).ko", name) }
        try put("evil.ko", "evil")
        let target = "\(root)/work/target"
        #expect(throws: ImageLacks.self) { try KernelModules(root: root).copyNeeded(to: target) }
        #expect(!FileManager.default.fileExists(atPath: "\(root)/work/evil.ko"))
        #expect(!FileManager.default.fileExists(atPath: "\(target)/evil.ko"))
    }
}
