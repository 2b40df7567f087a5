import Foundation
import Testing

/// Machines of arm64: from the firmware to what GRUB shows, and from the kernel to the first step that needs `roost-node`. That program
/// cannot be built for arm64 on this host, so none gets its root.
extension EndToEnd.Machines.FirmwareTests {
    private static let debs = "\(BootLab.repository)/.build/arm64"
    private static let shim = "\(debs)/usr/lib/shim/shimaa64.efi.signed"
    private static let grub = "\(debs)/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed"
    private static let busybox = "\(debs)/bin/busybox"

    /// Why it cannot be tested here; nil when it can.
    private static let arm64Obstacle: String? = {
        let needed = [
            (shim, "shim-signed for arm64"), (grub, "grub-efi-arm64-signed"),
            (busybox, "busybox-static for arm64"), ("/usr/share/AAVMF/AAVMF_CODE.fd", "qemu-efi-aarch64"),
            ("/usr/bin/qemu-system-aarch64", "qemu-system-arm"),
        ]
        let missing = needed.first { !FileManager.default.fileExists(atPath: $0.0) }
        return missing.map { "\($0.0) is missing (\($0.1); make prerequisites)" }
    }()

    @Test(.enabled(if: arm64Obstacle == nil, "\(arm64Obstacle ?? "")"))
    func `an arm64 machine gets the signed chain, and is told that its image is for another architecture`()
        throws
    {
        let mac = "52:54:00:00:00:b3"
        // The server reads them as another user.
        for (file, name) in [(Self.shim, "shimaa64.efi"), (Self.grub, "grubaa64.efi")] {
            let copy = "\(BootLab.directory)/\(name)"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: file, toPath: copy)
            try BootLab.run("chmod", ["a+r", copy])
        }
        let loaders = ["shimaa64.efi", "grubaa64.efi"].map { "  \($0): \(BootLab.directory)/\($0)" }
        try lab.withServer("loaders:\n" + loaders.joined(separator: "\n")) {
            try lab.roost("node", "add", "arm-1", "--mac", mac)
            defer { _ = try? lab.roost("node", "rm", "arm-1") }
            try lab.boot(
                "arm-1", mac: mac, ["--arch", "aarch64", "--rom", "none", "--mem", "512"],
                expecting: ["Fetching Netboot Image grubaa64.efi", "tiny is for amd64, and this machine is"],
                timeout: 150)
            defer { _ = try? lab.powerOff("arm-1") }
            let explained = try lab.roost("node", "explain", "arm-1")
            #expect(explained.contains("machine: firmware, arm64 UEFI"))
            #expect(explained.contains("boot file     shimaa64.efi"))
            let status = try lab.roost("status")
            #expect(status.contains("node arm-1 boots nothing: tiny is for amd64, and this machine is arm64"))
        }
    }

    @Test(.enabled(if: arm64Obstacle == nil, "\(arm64Obstacle ?? "")"))
    func `an arm64 machine boots the kernel and the initramfs of its image, with the settings of the image`()
        throws
    {
        let (mac, root) = ("52:54:00:00:00:b4", "\(BootLab.directory)/arm-root")
        // A busybox stands in for roost-node: the machine goes as far as it can without.
        let programs = "\(BootLab.directory)/programs"
        defer { for path in [root, programs] { try? FileManager.default.removeItem(atPath: path) } }
        try BootLab.run("sh", ["-euc", Self.making, "sh", Self.debs, root, programs, BootLab.nodeProgram])
        try lab.importImage("arm", root)
        try lab.roost("image", "set", "arm", "console=ttyAMA0", "on-failure=shell")
        try lab.roost("node", "add", "arm-2", "--mac", mac)
        defer { _ = try? lab.roost("node", "rm", "arm-2") }
        try lab.roost("set", "--node", "arm-2", "image=arm")
        #expect(try lab.roost("get", "arm-2", "console", "--origin").contains("image arm"))
        try lab.withServer("", nodeProgram: "\(programs)/roost-node") {
            // Its serial line shows something only by the setting of the image.
            try lab.boot(
                "arm-2", mac: mac, ["--direct", "--arch", "aarch64", "--mem", "512"],
                expecting: ["console .ttyAMA0. enabled", "roost-node: applet not found"], timeout: 180)
            defer { _ = try? lab.powerOff("arm-2") }
            try lab.waitForStage("initramfs", of: "arm-2")
        }
    }

    /// Makes a root of the packages, and a directory with the node's programs.
    private static let making = """
        root=$2 programs=$3
        rm -rf "$root" "$programs"
        mkdir -p "$root"/sbin "$root"/etc "$root"/dev "$root"/proc "$root"/sys "$root"/run "$root"/tmp "$root"/root
        cp -a "$1/boot" "$1/lib" "$1/bin" "$root"
        ln -s ../bin/busybox "$root/sbin/init"
        ln -s busybox "$root/bin/sh"
        printf 'ID=debian\\nPRETTY_NAME="Debian for arm64"\\n' >"$root/etc/os-release"
        : >"$root/etc/passwd"
        for release in "$root"/lib/modules/*; do depmod -b "$root" "${release##*/}"; done
        mkdir -p "$programs/arm64"
        cp "$4" "$programs/roost-node"
        cp "$1/bin/busybox" "$programs/arm64/busybox"
        cp "$1/bin/busybox" "$programs/arm64/roost-node"
        """
}
