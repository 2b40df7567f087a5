import Fleet
import Foundation
import Testing

@testable import Images

/// Kernels in places of their own: those that boot loaders' entries name, NixOS, and live media.
@Suite struct KernelPlacesTests {
    private let root: SampleRoot

    init() throws { root = try SampleRoot() }

    /// calamares#1839, anatol/booster#231: entries name the kernel as its partition has it.
    @Test func `boot loaders' entries lead to kernels of any name`() throws {
        try root.putModules("6.6.63")
        try root.put("boot/EFI/own/0a0a-6.efi", "kernel")
        try root.put(
            "boot/loader/entries/b.conf",
            "title\tOwn\nversion Generation 12 (24.11), Linux Kernel 6.6.63, Built\nlinux  /EFI/own/0a0a-6.efi\ninitrd /x\n"
        )
        try root.put("boot/loader/entries/a.conf", "linux \\EFI\\own\\other.efi\r\n")
        #expect(root.search.kernels.map(\.place) == ["boot/EFI/own/0a0a-6.efi"])
        // Of another release.
        try root.put("boot/loader/entries/b.conf", "version 6.6.62\nlinux /EFI/own/0a0a-6.efi\n")
        #expect(root.search.kernels.isEmpty)
        // An entry that names no release counts when nothing else is left, and never leads out of the root.
        try root.put("boot/EFI/own/other.efi", "kernel")
        #expect(root.search.kernels.map(\.place) == ["boot/EFI/own/other.efi"])
        try root.put("boot/loader/entries/a.conf", "linux /../../../../../../etc/passwd\n")
        #expect(root.search.kernels.isEmpty)
    }

    /// nix-community/disko#1116, not-os#41: modules have a package of their own since 25.11.
    @Test(arguments: [false, true])
    func `NixOS has its kernel in its store, with a profile or without`(hasProfile: Bool) throws {
        let (release, hash) = ("6.12.59", String(repeating: "0a", count: 16))
        let (kernel, modules) = (
            "nix/store/\(hash)-linux-\(release)", "nix/store/\(hash)-linux-\(release)-modules"
        )
        try root.putModules(release, in: "\(modules)/lib/modules")
        try root.put("\(kernel)/bzImage", bytes: SampleRoot.x86Kernel(release))
        try root.put("nix/store/\(hash)-linux-pam-1.6/lib/pam", "")
        try root.put("nix/store/\(hash)-linux-6.6.1/bzImage", bytes: SampleRoot.x86Kernel("6.6.1"))
        let system = "nix/store/\(hash)-nixos-system-node-25.11"
        try root.put("\(system)/etc/os-release", "ID=nixos\n")
        if hasProfile {
            try root.link("\(system)/kernel", to: "/\(kernel)/bzImage")
            try root.link("\(system)/kernel-modules", to: "/\(modules)")
            try root.link("nix/var/nix/profiles/system-1-link", to: "/\(system)")
            try root.link("nix/var/nix/profiles/system", to: "system-1-link")
        }
        let found = root.search.kernels
        #expect(found.map(\.release.text) == [release])
        #expect(found.first?.path == "\(root.path)/\(kernel)/bzImage")
        let place = hasProfile ? "nix/var/nix/profiles/system/kernel-modules" : modules
        #expect(found.first?.modules == "\(place)/lib/modules/\(release)")
        #expect(try KernelModules(root: root.path).needed == ["kernel/drivers/net/ethernet/card.ko"])
        #expect(root.directory.holdsSystem())
        if !hasProfile {
            // lanzaboote#630: the file's name since 26.11.
            try root.remove("\(kernel)/bzImage")
            try root.put("\(kernel)/vmlinuz", bytes: SampleRoot.x86Kernel(release))
            #expect(root.search.kernels.map(\.place) == ["\(kernel)/vmlinuz"])
        }
        // Its own init is linked, not installed.
        let start = hasProfile ? "nix/var/nix/profiles/system" : system
        let lint = #expect(throws: ImageLint.Refusal.self) {
            try ImageLint(root: root.path, allowed: []).check()
        }
        #expect(lint?.description.contains("ln -s /\(start)/init sbin/init") == true)
    }

    /// With a profile, kernel and modules are in one directory of the system; without, in the kernel's package.
    @Test(arguments: [false, true])
    func `GNU Guix has its kernel in its store, with a profile or without`(hasProfile: Bool) throws {
        let (release, hash) = ("6.12.59-gnu", String(repeating: "0a", count: 16))
        let (package, system) = ("gnu/store/\(hash)-linux-libre-6.12.59", "gnu/store/\(hash)-system")
        try root.putModules(release, in: "\(package)/lib/modules")
        try root.put("\(package)/bzImage", bytes: SampleRoot.x86Kernel(release))
        try root.put("\(system)/etc/os-release", "ID=guix\n")
        try root.put("gnu/store/\(hash)-linux-pam-1.6/lib/pam", "")
        if hasProfile {
            let profile = "gnu/store/\(hash)-profile"
            try root.link("\(profile)/bzImage", to: "/\(package)/bzImage")
            try root.link("\(profile)/lib", to: "/\(package)/lib")
            try root.link("\(system)/kernel", to: "/\(profile)")
            try root.link("var/guix/profiles/system-1-link", to: "/\(system)")
            try root.link("var/guix/profiles/system", to: "system-1-link")
        }
        let found = root.search.kernels
        #expect(found.map(\.release.text) == [release])
        #expect(found.first?.path == "\(root.path)/\(package)/bzImage")
        let place = hasProfile ? "var/guix/profiles/system/kernel" : package
        #expect(found.first?.modules == "\(place)/lib/modules/\(release)")
        #expect(root.directory.holdsSystem())
        let lint = #expect(throws: ImageLint.Refusal.self) {
            try ImageLint(root: root.path, allowed: []).check()
        }
        #expect(lint?.description.contains("Guix starts /") == true)
    }

    private func refusal() throws -> String {
        let error = #expect(throws: ImageLacks.self) { try KernelModules(root: root.path) }
        return error?.description ?? ""
    }

    @Test func `NixOS without a kernel is told to build one in`() throws {
        try root.put("nix/store/\(String(repeating: "0a", count: 16))-nixos-system-box-25.11/init", "init")
        let text = try refusal()
        #expect(text.contains("boot.isContainer"), "\(text)")
    }

    /// netbootxyz/netboot.xyz#1192, #1513: what lies on media is not the root.
    @Test func `the content of a medium is refused with the file that is its root`() throws {
        #expect(LiveMedium.advice(root.directory) == nil)
        try root.put("casper/vmlinuz", "kernel")
        #expect(LiveMedium.advice(root.directory)?.contains("installation medium") == true)
        for (file, word) in [
            ("casper/filesystem.squashfs", "its root is in casper/filesystem.squashfs"),
            ("live/filesystem.squashfs", "several files"),
        ] {
            try root.put(file, "hsqs")
            let advice = LiveMedium.advice(root.directory) ?? ""
            #expect(advice.contains(word) && advice.contains(file), "\(advice)")
        }
        let layered = try SampleRoot()
        for name in ["minimal", "minimal.standard"] { try layered.put("casper/\(name).squashfs", "hsqs") }
        let advice = LiveMedium.advice(layered.directory) ?? ""
        #expect(advice.contains("casper/minimal.squashfs, casper/minimal.standard.squashfs"), "\(advice)")
        #expect(!layered.directory.holdsSystem() && !root.directory.holdsSystem())
    }

    /// Cubic#71, kamilion/customizer#24
    @Test func `a live system without its kernel is told where that is`() throws {
        try root.putModules("6.8.0-50-generic")
        try root.put("etc/os-release", "ID=ubuntu\n")
        #expect(try !refusal().contains("live medium"))
        try root.put("usr/share/initramfs-tools/scripts/casper", "")
        let text = try refusal()
        #expect(
            text.contains("apt install linux-image-generic") && text.contains("casper/vmlinuz")
                && text.contains("boot/vmlinuz-6.8.0-50-generic"), "\(text)")
    }

    /// A download or a checkout that left something else in the kernel's place. Other texts are taken.
    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 8\n", "a Git LFS pointer"),
        ("<!DOCTYPE html>\n<title>404</title>", "a web page"),
        ("\u{FEFF}\r\n<HTML><body>moved</body>", "a web page"),
        ("/annex/objects/SHA256E-s8--0a\n", "a git-annex pointer"),
        ("XSym\n0020\n0a0a\nvmlinuz-6.1.0-32-amd64\n", "a link that was copied"),
    ])
    func `a web page or a pointer in a kernel's place is refused with that word`(text: String, word: String)
        throws
    {
        try root.putModules("6.1.0-32-amd64")
        for place in [
            "boot/vmlinuz-6.1.0-32-amd64", "boot/vmlinuz", "usr/lib/modules/6.1.0-32-amd64/vmlinuz",
        ] {
            try root.put(place, text)
            let words = try refusal()
            #expect(words.contains("\(place) is \(word)"), "\(words)")
            try root.remove(place)
        }
        // Another kernel is taken.
        try root.put("boot/vmlinuz-6.1.0-32-amd64", text)
        try root.put("vmlinuz", "kernel")
        #expect(root.search.kernels.map(\.place) == ["vmlinuz"])
    }

    @Test func `a web page in the place of a kernel without modules is refused with that word`() throws {
        try root.put("boot/vmlinuz", "<html>")
        #expect(try refusal().contains("boot/vmlinuz is a web page"))
    }

    @Test func `a kernel with an initramfs inside is the last choice`() throws {
        try root.putModules("6.6.1-yocto-standard")
        try root.put("boot/bzImage-initramfs-qemux86-64.bin", "kernel")
        try root.put("boot/bzImage", "kernel")
        #expect(root.search.kernels.map(\.place) == ["boot/bzImage"])
    }
}
