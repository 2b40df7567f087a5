import Fleet
import Foundation
import NodeWork
import Testing
import Wire

@Suite struct HardwareInventoryTests {
    /// A machine's /sys and /proc, which go with it.
    private final class Machine {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path

        func write(_ path: String, _ text: String) throws { try write(path, Data(text.utf8)) }

        func write(_ path: String, _ data: Data) throws {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: url)
        }

        func link(_ path: String, to target: String) throws {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
        }

        func hardware(isComplete: Bool = true) throws -> Hardware {
            let cards = ["52:54:00:12:34:56", "52:54:00:12:34:57"].compactMap { MACAddress($0) }
            let inventory = HardwareInventory(
                root: root,
                interfaces: zip(["eth0", "wlan0"], cards).map { .init(name: $0, macAddress: $1) })
            let json = inventory.json(isComplete: isComplete).text
            return try JSONDecoder().decode(Hardware.self, from: Data(json.utf8))
        }

        deinit { try? FileManager.default.removeItem(atPath: root) }
    }

    private static func desktop() throws -> Machine {
        let machine = Machine()
        for (name, text) in [
            ("sys_vendor", "LENOVO\n"), ("product_name", " 30AS \"x\" \n"), ("product_serial", "PC0\u{1}1"),
            ("board_name", "1036\\a"), ("bios_vendor", "LENOVO"), ("bios_version", "S01KT45A"),
        ] {
            try machine.write("/sys/class/dmi/id/\(name)", text)
        }
        try machine.write(
            "/proc/cpuinfo",
            """
            processor\t: 0
            model name\t: Intel(R) Xeon(R): E3 @ 3.40GHz
            processor\t: 1
            model name\t: another
            """)
        try machine.write("/proc/meminfo", "MemTotal:       16303428 kB\nMemFree: 1 kB\n")
        try machine.write(
            "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
            Data([6, 0, 0, 0, 1]))
        try machine.write("/sys/class/tpm/tpm0/tpm_version_major", "2\n")
        for (name, size) in [
            ("sda", "1953525168"), ("nvme0n1", "x"), ("nbd0", "8"), ("loop0", "8"), ("dm-0", "8"),
        ] {
            try machine.write("/sys/block/\(name)/size", size)
        }
        try machine.write("/sys/block/sda/device/model", "ST1000DM003     ")
        try machine.write("/sys/block/sda/device/serial", "Z1D\0\0")
        try machine.write("/sys/block/sda/queue/rotational", "1\n")
        try machine.write("/sys/block/nvme0n1/device/wwid", "eui.0025385\n")
        for (place, kind) in [
            ("0000:00:02.0", "0x030000"), ("0000:00:19.0", "0x020000"), ("0000:00:1f.9", ""),
        ] {
            let path = "/sys/bus/pci/devices/\(place)"
            try machine.write("\(path)/vendor", "0x8086\n")
            try machine.write("\(path)/device", "0x0f31\n")
            try machine.write("\(path)/class", kind)
        }
        try machine.link("/sys/bus/pci/devices/0000:00:19.0/driver", to: "../../../bus/pci/drivers/e1000e")
        try machine.link("/sys/class/net/eth0/device/driver", to: "../../../bus/pci/drivers/e1000e")
        for (place, kind) in [("1-1", "00"), ("usb1", "09")] {
            try machine.write("/sys/bus/usb/devices/\(place)/idVendor", "046d")
            try machine.write("/sys/bus/usb/devices/\(place)/idProduct", "c31c")
            try machine.write("/sys/bus/usb/devices/\(place)/bDeviceClass", kind)
            try machine.write("/sys/bus/usb/devices/\(place)/product", "USB Keyboard")
        }
        try machine.write("/sys/bus/usb/devices/1-1:1.0/bInterfaceClass", "03")
        try machine.write("/sys/class/drm/card0-DP-1/edid", Data())
        return machine
    }

    @Test func `the server reads what a machine says of itself`() throws {
        let hardware = try Self.desktop().hardware()
        #expect(hardware.vendor == "LENOVO" && hardware.product == "30AS \"x\"")
        #expect(hardware.board == "1036\\a" && hardware.firmware == "LENOVO S01KT45A")
        #expect(hardware.firmwareKind == "uefi" && hardware.isSecureBootOn && hardware.tpm == "2.0")
        #expect(hardware.processor == "Intel(R) Xeon(R): E3 @ 3.40GHz" && hardware.processorCount == 2)
        #expect(hardware.memoryMebibytes == 15_921)
        #expect(hardware.isComplete)
        #expect(hardware.cards.map(\.name) == ["eth0", "wlan0"])
        #expect(hardware.cards.map(\.driver) == ["e1000e", ""])
        #expect(hardware.cards.map(\.macAddress) == ["52:54:00:12:34:56", "52:54:00:12:34:57"])
    }

    @Test func `disks, cards and devices are those of the machine`() throws {
        let hardware = try Self.desktop().hardware(isComplete: false)
        #expect(!hardware.isComplete)
        #expect(hardware.disks.map(\.name) == ["nvme0n1", "sda"])
        #expect(hardware.disks.map(\.mebibytes) == [0, 953_869])
        #expect(hardware.disks.map(\.isRotating) == [false, true])
        #expect(hardware.disks.map(\.model) == ["", "ST1000DM003"])
        #expect(hardware.disks.first?.serial == "eui.0025385")
        #expect(hardware.pci.map(\.name) == ["graphics", "network", ""])
        #expect(hardware.pci.map(\.driver) == ["", "e1000e", ""])
        #expect(hardware.pci.first?.id == "8086:0f31")
        #expect(hardware.graphics == ["8086:0f31"])
        #expect(hardware.usb.map(\.name) == ["USB Keyboard"])
        #expect(hardware.usb.map(\.id) == ["046d:c31c"])
        // An output without a monitor.
        #expect(hardware.monitors.isEmpty && hardware.memoryModules.isEmpty)
    }

    @Test func `a machine that says nothing is a machine all the same`() throws {
        let hardware = try Machine().hardware()
        #expect(hardware.vendor.isEmpty && hardware.firmware.isEmpty && hardware.processor.isEmpty)
        #expect(hardware.firmwareKind == "bios" && !hardware.isSecureBootOn && hardware.tpm.isEmpty)
        #expect(hardware.processorCount == 0 && hardware.memoryMebibytes == 0)
        #expect(hardware.disks.isEmpty && hardware.pci.isEmpty && hardware.usb.isEmpty)
        #expect(hardware.cards.map(\.driver) == ["", ""])
    }
}
