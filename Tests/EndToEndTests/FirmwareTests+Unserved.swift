import Foundation
import Testing

/// Firmware that gets an address and nothing to boot: the server reports what the machine is, and what is missing.
extension EndToEnd.Machines.FirmwareTests {
    /// Why a firmware cannot be tested here; nil when it can.
    private static func obstacle(_ package: String, _ files: String...) -> String? {
        let missing = files.first { !FileManager.default.fileExists(atPath: $0) }
        return missing.map { "\($0) is missing (\(package); make prerequisites)" }
    }

    private static let uBootObstacle = obstacle(
        "u-boot-qemu, qemu-system-arm", "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
        "/usr/bin/qemu-system-aarch64")
    private static let ia32Obstacle = obstacle("ovmf-ia32", "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd")

    @Test(.enabled(if: uBootObstacle == nil, "\(uBootObstacle ?? "")"))
    func `U-Boot asks in its own way and as an EFI loader, and learns both times what is missing`() throws {
        try lab.boot(
            "u-boot", mac: "52:54:00:00:00:b1",
            ["--arch", "aarch64", "--firmware", "u-boot", "--rom", "none", "--mem", "512"],
            expecting: ["DHCP client bound to address 10.77.0."], timeout: 60)
        defer { _ = try? lab.powerOff("u-boot") }
        try lab.waitUntil("it has asked in both ways", seconds: 30) {
            lab.log("roost").contains("has no loader for client architecture 22 (arm64 U-Boot)")
                && lab.log("roost").contains("grubaa64.efi for arm64 is not on this server")
        }
        // U-Boot has its own address, whatever its card has.
        let machine = try #require(
            lab.log("roost").firstMatch(of: /([0-9a-f:]{17}): nothing to boot: .*arm64 U-Boot/)?.1)
        let explained = try lab.roost("node", "explain", String(machine))
        #expect(explained.contains("machine: U-Boot, arm64 UEFI"))
        #expect(explained.contains("boot file     none"))
        #expect(explained.contains("image         none") && explained.contains("is for amd64"))
    }

    @Test(.enabled(if: ia32Obstacle == nil, "\(ia32Obstacle ?? "")"))
    func `32-bit UEFI gets an address, and the log says that its loader is missing`() throws {
        let mac = "52:54:00:00:00:b2"
        try lab.boot(
            "uefi32", mac: mac, ["--firmware", "uefi32", "--rom", "none", "--mem", "512"],
            expecting: ["Start PXE over IPv4"], timeout: 60)
        defer { _ = try? lab.powerOff("uefi32") }
        let words = "nothing to boot: this server has no loader for client architecture 6 (32-bit x86 UEFI)"
        try lab.waitUntil("it has asked", seconds: 30) { lab.log("roost").contains("\(mac): \(words)") }
        let explained = try lab.roost("node", "explain", mac)
        #expect(explained.contains("machine: firmware, 32-bit x86 UEFI"))
        #expect(explained.contains("boot file     none"))
    }
}
