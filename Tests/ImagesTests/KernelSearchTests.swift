import Fleet
import Foundation
import Testing

@testable import Images

/// Where kernels are, which of several is taken, and what is reported when something is missing.
@Suite struct KernelSearchTests {
    private let root: SampleRoot

    init() throws { root = try SampleRoot() }

    @Test(arguments: [
        ("Debian, Ubuntu", "6.1.0-32-amd64", "boot/vmlinuz-6.1.0-32-amd64"),
        (
            "Fedora, EL, openSUSE, Arch", "5.14.0-427.el9.x86_64",
            "usr/lib/modules/5.14.0-427.el9.x86_64/vmlinuz"
        ),
        ("EL, arm64, packed", "5.14.0-427.el9.aarch64", "usr/lib/modules/5.14.0-427.el9.aarch64/vmlinuz.gz"),
        ("openSUSE, arm64", "6.4.0-150600.23-default", "boot/Image-6.4.0-150600.23-default"),
        ("Alpine", "6.6.58-0-lts", "boot/vmlinuz-lts"),
        ("Alpine, virtual", "6.12.13-0-virt", "boot/vmlinuz-virt"),
        ("Arch", "6.12.1-arch1-1", "boot/vmlinuz-linux"),
        ("Arch, LTS", "6.6.63-1-lts", "boot/vmlinuz-linux-lts"),
        ("Arch, real-time LTS", "6.1.70-rt21-1-rt-lts", "boot/vmlinuz-linux-rt-lts"),
        ("SteamOS", "6.5.0-valve22-1-neptune-65-g9a338ed8", "boot/vmlinuz-linux-neptune-65"),
        ("Flatcar", "6.6.21-flatcar", "usr/boot/vmlinuz"),
        ("Flatcar, EFI partition", "6.6.21-flatcar", "boot/flatcar/vmlinuz-a"),
        ("Talos", "6.6.58-talos", "boot/A/vmlinuz"),
        ("Ubuntu, signed", "5.4.0-42-generic", "boot/vmlinuz-5.4.0-42-generic.efi.signed"),
        ("boards, packed", "5.15.0-board", "boot/Image.xz"),
        ("boards, packed with zstd", "5.15.0-board", "boot/Image-5.15.0-board.zst"),
        ("Gentoo", "6.6.52-gentoo-dist", "boot/kernel-6.6.52-gentoo-dist"),
        ("genkernel", "6.6.52-gentoo", "boot/kernel-genkernel-x86_64-6.6.52-gentoo"),
        ("Slackware", "5.15.19", "boot/vmlinuz-generic-5.15.19"),
        ("a link only", "6.6.1-custom", "boot/vmlinuz"),
        ("Buildroot", "6.6.1", "boot/bzImage"),
        ("Yocto", "6.6.1-yocto-standard", "boot/bzImage-6.6.1-yocto-standard"),
        ("Yocto, bundled", "6.6.1-yocto-standard", "boot/bzImage-initramfs-qemux86-64.bin"),
        ("Jetson", "5.15.136-tegra", "boot/Image"),
        ("Arch Linux ARM", "6.6.1-1-aarch64-ARCH", "boot/Image.gz"),
        ("Raspberry Pi OS", "6.6.31+rpt-rpi-v8", "boot/firmware/kernel8.img"),
        ("Raspberry Pi OS, older", "6.1.21-v8+", "boot/kernel8.img"),
        ("Raspberry Pi 5", "6.6.31+rpt-rpi-2712", "boot/firmware/kernel_2712.img"),
        ("Ubuntu on a Raspberry Pi", "6.8.0-1010-raspi", "boot/firmware/vmlinuz"),
        ("kernel-install", "6.9.7-200.fc40.x86_64", "boot/0123456789abcdef/6.9.7-200.fc40.x86_64/linux"),
        ("kernel-install, ESP", "6.9.7-200.fc40.x86_64", "efi/0123456789abcdef/6.9.7-200.fc40.x86_64/linux"),
        (
            "ostree", "6.9.7-200.fc40.x86_64",
            "usr/lib/ostree-boot/vmlinuz-6.9.7-200.fc40.x86_64-\(String(repeating: "0a", count: 32))"
        ),
        ("Debian's link at the top", "6.1.0-32-amd64", "vmlinuz"),
        (
            "ostree, deployed", "6.9.7-200.fc40.x86_64",
            "boot/ostree/fedora-\(String(repeating: "0a", count: 32))/vmlinuz-6.9.7-200.fc40.x86_64"
        ),
        ("EFI stub", "6.1.0-32-amd64", "boot/efi/EFI/debian/vmlinuz-6.1.0-32-amd64"),
        ("Clear Linux", "6.12.1-1500.native", "usr/lib/kernel/org.clearlinux.native.6.12.1-1500"),
        ("Solus", "6.12.9-310.current", "usr/lib/kernel/com.solus-project.current.6.12.9-310"),
        ("Manjaro", "6.6.54-2-MANJARO", "boot/vmlinuz-6.6-x86_64"),
        (
            "Chimera", "6.12.8-0-generic",
            "usr/lib/modules/6.12.8-0-generic/apk-dist/boot/vmlinuz-6.12.8-0-generic"
        ),
        ("Gentoo, built", "6.6.52-gentoo", "usr/src/linux-6.6.52-gentoo/arch/x86/boot/bzImage"),
        ("built by hand", "6.6.1-custom", "usr/lib/modules/6.6.1-custom/build/arch/arm64/boot/Image.gz"),
        ("EFI stub, plain", "6.1.0-32-amd64", "boot/efi/EFI/debian/vmlinuz"),
        ("EFI stub, Gentoo", "6.6.52-gentoo", "efi/EFI/gentoo/bzImage.efi"),
        ("Pop!_OS", "6.9.3-76060903-generic", "boot/efi/EFI/Pop_OS-1234/vmlinuz.efi"),
        ("EFI stub, Arch", "6.12.1-arch1-1", "boot/EFI/arch/vmlinuz-linux"),
        (
            "openSUSE, systemd-boot", "6.11.8-1-default",
            "boot/efi/opensuse-tumbleweed/6.11.8-1-default/linux-\(String(repeating: "0a", count: 20))"
        ),
        ("Ubuntu's live medium", "6.8.0-50-generic", "casper/vmlinuz"),
        ("Debian's live medium", "6.1.0-32-amd64", "live/vmlinuz-6.1.0-32-amd64"),
        ("Fedora's medium", "6.11.4-301.fc41.x86_64", "images/pxeboot/vmlinuz"),
        ("isolinux", "6.1.0-32-amd64", "isolinux/vmlinuz"),
        ("archiso", "6.12.1-arch1-1", "arch/boot/x86_64/vmlinuz-linux"),
    ])
    func `a kernel is found where distributions, boards and boot loaders keep it`(
        name: String, release: String, place: String
    ) throws {
        try root.putModules(release)
        try root.put(place, "kernel")
        #expect(root.search.kernels.map(\.release.text) == [release], "\(name)")
        #expect(root.search.kernels.first?.path == "\(root.path)/\(place)", "\(name)")
        #expect(root.search.withoutKernel.isEmpty && root.search.withoutModules.isEmpty, "\(name)")
    }

    @Test(arguments: [
        "boot/vmlinuz-6.1.0-31-amd64", "boot/vmlinuz-6.1.0-32-amd64.old",
        "boot/vmlinuz-0-rescue-0123456789abcdef",
        "boot/initrd.img-6.1.0-32-amd64", "boot/config-6.1.0-32-amd64", "boot/kernels/readme",
        "boot/vmlinuz-5.10-x86_64", "boot/grub/kernel.img", "usr/lib/kernel/org.clearlinux.native.6.1.0-32",
        "efi/EFI/debian/vmlinuz-6.1.0-31-amd64", "boot/efi/EFI/ubuntu/shimx64.efi",
        "casper/vmlinuz-6.1.0-31-amd64", "efi/token/6.1.0-31-amd64/linux",
        "boot/vmlinuz-6.1.0-32-amd64.hmac", "boot/vmlinuz-6.1.0", "boot/vmlinuz-6.1.0-32-amd64-rt",
        "boot/vmlinuz-6.1.0-32", "boot/vmlinuz-6.1.0-32-amd64.dpkg-new", "boot/vmlinuz-32-amd64",
    ])
    func `another file is not the release's kernel`(place: String) throws {
        try root.putModules("6.1.0-32-amd64")
        try root.put(place, "kernel")
        #expect(root.search.kernels.isEmpty && root.search.withoutKernel == [KernelRelease("6.1.0-32-amd64")])
    }

    @Test func `the release in a kernel file counts, whatever the file's name`() throws {
        for release in ["6.1.0-9-amd64", "6.1.0-32-amd64"] { try root.putModules(release) }
        try root.put("boot/vmlinuz", bytes: SampleRoot.x86Kernel("6.1.0-9-amd64"))
        #expect(root.search.kernels.map(\.release.text) == ["6.1.0-9-amd64"])
        #expect(root.search.withoutKernel.map(\.text) == ["6.1.0-32-amd64"])
        // Trusting a wrong name would boot without modules.
        try root.put("boot/vmlinuz-6.1.0-32-amd64", bytes: SampleRoot.x86Kernel("6.1.0-31-amd64"))
        #expect(root.search.kernels.map(\.release.text) == ["6.1.0-9-amd64"])
    }

    @Test(.timeLimit(.minutes(10))) func `looking for files never blocks on a pipe`() throws {
        let root = try SampleRoot()
        for name in ["manifest.json", "index.json", "etc/os-release", "boot/config-6.1"] {
            try root.pipe(name)
        }
        try root.pipe("usr/lib/modules/6.1/modules.dep")
        try root.link("etc/fstab", to: "/etc/os-release")
        let directory = root.directory
        for name in ["manifest.json", "etc/os-release", "etc/fstab", "usr/lib/modules/6.1/modules.dep"] {
            #expect(!directory.contains(name) && directory.text(of: name) == nil, "\(name)")
        }
        #expect(directory.contains("etc"))
        #expect(try ContainerLayout(root.path).images.isEmpty)
    }

    @Test func `modules are found whether lib is merged, separate, or both have some`() throws {
        try root.putModules("5.10.0-8-amd64", in: "lib/modules")
        try root.putModules("5.10.0-9-amd64")
        for release in ["5.10.0-8-amd64", "5.10.0-9-amd64"] {
            try root.put("boot/vmlinuz-\(release)", "kernel")
        }
        #expect(
            root.search.kernels.map(\.modules) == [
                "lib/modules/5.10.0-8-amd64", "usr/lib/modules/5.10.0-9-amd64",
            ])
    }

    @Test func `an empty file is no kernel`() throws {
        try root.putModules("6.1.0-32-amd64")
        try root.put("boot/vmlinuz-6.1.0-32-amd64", "")
        #expect(root.search.kernels.isEmpty)
        try root.put("vmlinuz", "kernel")
        #expect(root.search.kernels.map(\.place) == ["vmlinuz"])
    }

    @Test(arguments: ["boot/uImage", "boot/fitImage-6.1.0", "boot/image.fit", "boot/vmlinux.itb"])
    func `a kernel that is wrapped for U-Boot is refused with the way to unwrap it`(place: String) throws {
        try root.putModules("6.1.0-32-arm64")
        try root.put(place, "kernel")
        let words = try refusal()
        #expect(words.contains("only as \(place)") && words.contains("boot/Image-6.1.0-32-arm64"), "\(words)")
    }

    // MARK: Which of several

    @Test(arguments: [
        ["6.1.0-9-amd64", "6.1.0-32-amd64"],
        // needrestart#73, warewulf#2199, warewulf#1332
        ["3.10.0-693.el7.x86_64", "3.10.0-693.1.1.el7.x86_64"],
        ["5.14.0-427.el9.x86_64", "5.14.0-427.13.1.el9_4.x86_64"],
        ["5.14.0-611.55.1.el9_7.0.3.x86_64", "5.14.0-687.12.1.el9_8.x86_64"],
        ["6.5.0-rc7-amd64", "6.5.0-1-amd64"], ["6.5.0-rc7", "6.5.0"], ["6.5.0-rc9", "6.5.0-rc10"],
        ["6.9", "6.10"], ["6.6.58-0-lts", "6.12.13-0-lts"], ["6.8.0-9", "6.8.0-10"],
        ["6.08.1", "6.8.2"], ["6.1.0-0.deb11.9-amd64", "6.1.0-9-amd64"],
        ["6.1.99999999999999999999999-a", "6.1.999999999999999999999999-a"],
    ])
    func `releases are sorted by age`(pair: [String]) {
        let (older, newer) = (KernelRelease(pair[0]), KernelRelease(pair[1]))
        #expect(older < newer && !(newer < older))
    }

    /// The first is taken; the reason mentions the last.
    @Test(arguments: [
        (["6.1.0-32-amd64", "6.1.0-9-amd64"], "the newest of 2"),
        (["6.1.0-9-amd64", "6.1.0-32-cloud-amd64"], "6.1.0-32-cloud-amd64 is for virtual machines"),
        (["6.6.58-0-lts", "6.12.13-0-virt"], "6.12.13-0-virt is for virtual machines"),
        (["6.8.0-50-generic", "6.8.0-1020-aws"], "6.8.0-1020-aws is for virtual machines"),
        (["6.1.0-32-amd64", "6.1.0-33-rt-amd64"], "6.1.0-33-rt-amd64 is for real-time work"),
        (["6.6.31+rpt-rpi-v8", "6.6.31+rpt-rpi-2712"], "the newest of 2"),
        (["5.14.0-427.el9.aarch64", "5.14.0-503.el9.aarch64+64k"], "+64k is for some boards only"),
        (["6.11.4-301.fc41.x86_64", "6.11.5-301.fc41.x86_64+debug"], "for debugging"),
        (["6.8.0-31-generic", "6.8.0-1005-raspi"], "6.8.0-1005-raspi is for some boards only"),
        (["6.8.0-31-generic", "6.8.0-1004-bluefield"], "6.8.0-1004-bluefield is for some boards only"),
        (["6.8.0-31-generic", "6.8.0-1004-gkeop"], "6.8.0-1004-gkeop is for virtual machines"),
        (["6.4.0-150600.21-default", "6.4.0-150600.21-64kb"], "64kb is for some boards only"),
        (["6.6.8-0-lts", "6.6.8-0-rpi"], "6.6.8-0-rpi is for some boards only"),
        (["4.4.0-default", "4.4.0-xen"], "4.4.0-xen is for virtual machines"),
        (["6.1.0-32-cloud-amd64", "6.1.0-9-cloud-amd64"], "the newest of 2"),
    ])
    func `among several kernels the newest general-purpose one is taken, with a reason`(
        releases: [String], reason: String
    )
        throws
    {
        for release in releases {
            try root.putModules(release)
            try root.put("boot/vmlinuz-\(release)", "kernel")
        }
        let choice = try KernelChoice(root.search, in: root.directory, wanted: nil)
        #expect(choice.kernel.release.text == releases[0])
        #expect(choice.reason.contains(reason), "\(choice.reason)")
        // Any other can be requested.
        for release in releases {
            let wanted = try KernelChoice(root.search, in: root.directory, wanted: release)
            #expect(wanted.kernel.release.text == release)
        }
        let unknown = #expect(throws: ImageLacks.self) {
            try KernelChoice(root.search, in: root.directory, wanted: "7")
        }
        #expect(unknown?.description.contains(releases[0]) == true)
    }

    @Test func `a newer kernel that cannot reach its root is skipped, and that is reported`() throws {
        try root.putModules("6.1.0-9-amd64")
        try root.putModules("6.1.0-32-amd64", lacking: ["nbd"])
        for release in ["6.1.0-9-amd64", "6.1.0-32-amd64"] {
            try root.put("boot/vmlinuz-\(release)", "kernel")
        }
        let choice = try KernelChoice(root.search, in: root.directory, wanted: nil)
        #expect(choice.kernel.release.text == "6.1.0-9-amd64")
        #expect(choice.reason.contains("6.1.0-32-amd64 has no module nbd"), "\(choice.reason)")
    }

    // MARK: What is missing

    private func refusal() throws -> String {
        let error = #expect(throws: ImageLacks.self) { try KernelModules(root: root.path) }
        return error?.description ?? ""
    }

    @Test(arguments: [
        ("ID=debian", "apt install linux-image-amd64"),
        ("ID=ubuntu\nID_LIKE=debian", "apt install linux-image-generic"),
        ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", "dnf install kernel"),
        ("ID=arch", "pacman -S linux"),
        ("ID=opensuse-leap\nID_LIKE=\"suse opensuse\"", "zypper install kernel-default"),
        ("ID=alpine", "apk add linux-lts"), ("ID=gentoo", "emerge sys-kernel/gentoo-kernel-bin"),
        ("ID=own", "its distribution's kernel package"),
    ])
    func `without a kernel the advice uses the root's own package manager`(release: String, command: String)
        throws
    {
        try root.put("etc/os-release", release + "\n")
        let text = try refusal()
        #expect(text.contains("no kernel") && text.contains(command), "\(text)")
    }

    @Test func `the advice fits what is missing`() throws {
        let release = "6.1.0-32-amd64"
        try root.put("etc/os-release", "ID=debian\n")
        try root.put("boot/vmlinuz-\(release)", "kernel")
        var text = try refusal()
        #expect(text.contains("no modules for it") && text.contains("boot/vmlinuz-\(release)"), "\(text)")
        // Installed, but depmod never ran or could not write.
        try root.put("usr/lib/modules/\(release)/kernel/fs/squashfs/squashfs.ko.xz", "module")
        for list in [nil, ""] {
            if let list { try root.put("usr/lib/modules/\(release)/modules.dep", list) }
            text = try refusal()
            #expect(text.contains("depmod \(release)") && !text.contains("apt"), "\(text)")
        }
        try root.putModules(release, lacking: ["squashfs", "nbd"])
        text = try refusal()
        #expect(text.contains("no module nbd, squashfs") && text.contains("linux-image-amd64"), "\(text)")
        try root.putModules(release)
        _ = try KernelModules(root: root.path)
        try root.remove("boot/vmlinuz-\(release)")
        text = try refusal()
        #expect(
            text.contains("modules of kernel \(release)") && text.contains("no kernel of that release"),
            "\(text)")
        // mkosi#4137
        try root.put("usr/lib/linux/efi/kernel.efi-\(release)", "unified")
        text = try refusal()
        #expect(text.contains("unified kernel image") && text.contains("usr/lib/linux/efi"), "\(text)")
    }

    @Test func `a module that is listed but missing is refused, with the same error each time`() throws {
        let release = "6.1.0-32-amd64"
        try root.put("boot/vmlinuz-\(release)", "kernel")
        try root.putModules(release)
        let good = try KernelModules(root: root.path).fingerprint(format: 1, level: 9)
        let list = root.text("usr/lib/modules/\(release)/modules.dep") ?? ""
        try root.link(
            "usr/lib/modules/\(release)/kernel/drivers/net/ethernet/weak.ko",
            to: "/lib/modules/6.1.0-31-amd64/weak.ko")
        try root.put(
            "usr/lib/modules/\(release)/modules.dep", list + "kernel/drivers/net/ethernet/weak.ko:\n")
        for _ in 1...2 {
            let text = try refusal()
            #expect(text.contains("weak.ko") && text.contains("depmod \(release)"), "\(text)")
        }
        try root.put("usr/lib/modules/\(release)/modules.dep", list)
        #expect(try KernelModules(root: root.path).fingerprint(format: 1, level: 9) == good)
    }

    // MARK: Everything built in

    @Test(.enabled(if: (try? Confinement.check()) != nil, "this host cannot confine programs (bubblewrap)"))
    func `a kernel without modules is fine when its list of built-in ones is complete`() throws {
        let release = "6.6.1-board"
        let target = try SampleRoot()
        try root.put("boot/Image", "kernel")
        try root.put(
            "usr/lib/modules/\(release)/modules.builtin",
            "kernel/nbd.ko\nkernel/squashfs.ko\nkernel/overlay.ko\n")
        #expect(try refusal().contains("af_packet"))
        try root.put(
            "usr/lib/modules/\(release)/modules.builtin",
            "kernel/nbd.ko\nkernel/squashfs.ko\nkernel/overlay.ko\nkernel/af_packet.ko\n")
        for hasList in [false, true] {
            if hasList { try root.put("usr/lib/modules/\(release)/modules.dep") }
            let modules = try KernelModules(root: root.path)
            #expect(modules.release == release && modules.needed.isEmpty)
        }
        try KernelModules(root: root.path).copyNeeded(to: target.path)
        #expect(target.text("lib/modules/\(release)/modules.builtin")?.contains("nbd") == true)
    }

    @Test func `the configuration of a kernel without a modules directory shows what is built in`() throws {
        try root.put("boot/bzImage", bytes: SampleRoot.x86Kernel("6.6.1"))
        #expect(try refusal().contains("no modules"))
        let options = ["BLK_DEV_NBD", "SQUASHFS", "OVERLAY_FS", "PACKET"].map { "CONFIG_\($0)=y\n" }
        try root.put("boot/config-6.6.1", options.joined())
        let modules = try KernelModules(root: root.path)
        #expect(modules.release == "6.6.1" && modules.needed.isEmpty && !modules.hasDMCrypt)
        try root.put("boot/config-6.6.1", options.joined() + "# CONFIG_SQUASHFS_ZSTD is not set\n")
        #expect(try refusal().contains("squashfs with zstd"))
        try root.put("boot/config-6.6.1", options.dropFirst().joined() + "CONFIG_BLK_DEV_NBD=m\n")
        #expect(try refusal().contains("nbd"))
    }

    // MARK: What a kernel says about itself

    @Test func `release and architecture are read from a kernel file, and arbitrary bytes do no harm`() {
        let kernel = SampleRoot.x86Kernel("6.1.0-32-amd64")
        #expect(KernelFile(kernel).release == "6.1.0-32-amd64" && KernelFile(kernel).architecture == "amd64")
        var image = [UInt8](repeating: 0, count: 64)
        image.replaceSubrange(56..<60, with: "ARMd".utf8)
        #expect(KernelFile(image).architecture == "arm64" && KernelFile(image).release == nil)
        // EFI zboot of arm64, and a unified kernel image.
        var program = [UInt8](repeating: 0, count: 0x200)
        program.replaceSubrange(0..<2, with: "MZ".utf8)
        program[0x3C] = 0x80
        program.replaceSubrange(0x80..<0x88, with: [0x50, 0x45, 0, 0, 0x64, 0xAA, 1, 0])
        #expect(KernelFile(program).architecture == "arm64" && !KernelFile(program).isUnified)
        program.replaceSubrange(0x98..<0x9F, with: Array(".linux\0".utf8))
        #expect(KernelFile(program).isUnified)
        #expect(KernelFile([0x1F, 0x8B, 8, 0]).compression == .gzip)
        for whole in [kernel, image, program] {
            for count in 0..<whole.count { _ = KernelFile(Array(whole[..<count])) }
            for index in whole.indices {
                var damaged = whole
                damaged[index] = 0xFF
                _ = KernelFile(damaged)
            }
        }
    }

    @Test(arguments: [
        ("6.1.0-32-amd64", "amd64"), ("6.1.0-32-arm64", "arm64"), ("6.11.4-301.fc41.aarch64", "arm64"),
        ("6.6.31+rpt-rpi-v8", "arm64"), ("5.15.136-tegra", "arm64"), ("6.1.0-32-686-pae", "i386"),
    ])
    func `an architecture that the file does not show comes from the name`(
        release: String, architecture: String
    ) {
        #expect(
            ImagePacker.architecture(root: root.path, kernelRelease: release, kernel: KernelFile([]))
                == architecture)
    }

    // MARK: The cache

    @Test
    func `a cached archive is reused only while modules and firmware are identical`()
        throws
    {
        let release = "6.1.0-9-amd64"
        try root.putModules(release, in: "lib/modules")
        try root.put("boot/vmlinuz-\(release)", "kernel")
        func fingerprint(level: Int = 9) throws -> Digest {
            try KernelModules(root: root.path).fingerprint(format: 1, level: level)
        }
        let first = try fingerprint()
        #expect(try fingerprint() == first && fingerprint(level: 19) != first)
        // Other files in the root do not matter.
        try root.put("etc/hostname", "other")
        #expect(try fingerprint() == first)
        try root.put("lib/modules/\(release)/kernel/drivers/net/ethernet/card.ko", "cars")
        let changed = try fingerprint()
        #expect(changed != first)
        // The same name, size and time, as in builds that set all times to the same value.
        var seen: Set<Digest> = [changed]
        for text in ["1", "2"] {
            try root.put("lib/firmware/card.bin", text)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 0)],
                ofItemAtPath: "\(root.path)/lib/firmware/card.bin")
            #expect(seen.insert(try fingerprint()).inserted)
        }
        // A link's target, inside and outside of the directory.
        try root.put("usr/share/card/other.bin", "3")
        for target in ["card.bin", "/usr/share/card/other.bin"] {
            try? root.remove("lib/firmware/link.bin")
            try root.link("lib/firmware/link.bin", to: target)
            #expect(seen.insert(try fingerprint()).inserted, "\(target)")
        }
        try root.put("usr/share/card/other.bin", "4")
        #expect(seen.insert(try fingerprint()).inserted)
    }
}
