import Glibc
import Linux
package import Wire

/// Collects this machine's hardware from /sys and /proc, as JSON (the server's `Hardware`).
package struct HardwareInventory {
    /// The directory that contains `sys` and `proc`.
    private let root: String
    private let interfaces: [Interface]

    /// A network card, as the kernel lists it.
    package struct Interface: Equatable, Sendable {
        package var name: String
        package var macAddress: MACAddress

        package init(name: String, macAddress: MACAddress) {
            (self.name, self.macAddress) = (name, macAddress)
        }
    }

    /// - Parameter root: the directory in which `sys` and `proc` are.
    package init(root: String, interfaces: [Interface]) {
        (self.root, self.interfaces) = (root, interfaces)
    }

    package static func ofThisMachine() -> HardwareInventory {
        let interfaces = ((try? NetworkInterface.all()) ?? []).compactMap { interface in
            interface.macAddress.map { Interface(name: interface.name, macAddress: $0) }
        }
        return HardwareInventory(root: "", interfaces: interfaces)
    }

    /// - Parameter isComplete: whether every available driver has had its chance to load.
    package func json(isComplete: Bool) -> JSONText {
        func dmi(_ name: String) -> String { text("/sys/class/dmi/id/\(name)") }
        let processors = text("/proc/cpuinfo").split(separator: "\n")
        let model =
            processors.first { $0.hasPrefix("model name") || $0.hasPrefix("Model") }?
            .split(separator: ":", maxSplits: 1).last.map { Self.trimmed($0) } ?? ""
        let memory =
            text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return [
            "vendor": JSONText(dmi("sys_vendor")), "product": JSONText(dmi("product_name")),
            "serial": JSONText(dmi("product_serial")), "board": JSONText(dmi("board_name")),
            "firmware": JSONText(Self.trimmed("\(dmi("bios_vendor")) \(dmi("bios_version"))")),
            "firmwareKind": JSONText(exists("/sys/firmware/efi") ? "uefi" : "bios"),
            "isSecureBootOn": JSONText(isSecureBootOn), "processor": JSONText(model),
            "processorCount": JSONText(processors.count { $0.hasPrefix("processor") }),
            "memoryMebibytes": JSONText(memory / 1024), "cards": JSONText(cards), "tpm": JSONText(tpm),
            "memoryModules": JSONText(memoryModules), "isComplete": JSONText(isComplete),
            "disks": JSONText(disks), "graphics": JSONText(graphics), "pci": JSONText(pci),
            "usb": JSONText(usb), "monitors": JSONText(monitors),
        ]
    }

    /// The EFI variable SecureBoot: four bytes of attributes, then 1.
    private var isSecureBootOn: Bool {
        bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c").last == 1
    }

    private var tpm: String {
        guard exists("/sys/class/tpm/tpm0") else { return "" }
        return text("/sys/class/tpm/tpm0/tpm_version_major") == "2" ? "2.0" : "1.2"
    }

    private var memoryModules: [JSONText] {
        SMBIOSTable(parsing: bytes("/sys/firmware/dmi/tables/DMI")).memoryDevices.map { device in
            [
                "slot": JSONText(device.slot), "mebibytes": JSONText(device.mebibytes),
                "kind": JSONText(device.kind), "speed": JSONText(device.speed),
                "maker": JSONText(device.maker), "part": JSONText(device.part),
            ]
        }
    }

    /// The machine's own disks: no loop devices, no RAM disks, not the root that comes over the network.
    private var disks: [JSONText] {
        let foreign = ["loop", "ram", "zram", "nbd", "dm-", "md", "fd", "sr"]
        return names("/sys/block").filter { name in !foreign.contains { name.hasPrefix($0) } }.map { name in
            let path = "/sys/block/\(name)"
            let serial = text("\(path)/device/serial")
            let sectors = Int(text("\(path)/size")) ?? 0
            return [
                "name": JSONText(name), "model": JSONText(text("\(path)/device/model")),
                "serial": JSONText(serial.isEmpty ? text("\(path)/device/wwid") : serial),
                "mebibytes": JSONText(sectors / 2_048),
                "isRotating": JSONText(text("\(path)/queue/rotational") == "1"),
            ]
        }
    }

    private var pciDevices: [(place: String, id: String, kind: String, driver: String)] {
        names("/sys/bus/pci/devices").map { place in
            let path = "/sys/bus/pci/devices/\(place)"
            func number(_ name: String) -> String { String(text("\(path)/\(name)").dropFirst(2)) }
            return (place, "\(number("vendor")):\(number("device"))", number("class"), link("\(path)/driver"))
        }
    }

    private var pci: [JSONText] {
        pciDevices.map { device in
            [
                "place": JSONText(device.place), "id": JSONText(device.id),
                "name": JSONText(Self.pciKinds[String(device.kind.prefix(2))] ?? ""),
                "driver": JSONText(device.driver),
            ]
        }
    }

    /// Base classes (PCI Code and ID Assignment, §1).
    private static let pciKinds = [
        "01": "storage", "02": "network", "03": "graphics", "04": "multimedia", "05": "memory",
        "06": "bridge",
        "07": "communication", "08": "system", "09": "input", "0c": "serial bus", "0d": "wireless",
        "10": "encryption", "11": "signal processing", "12": "accelerator",
    ]

    private var graphics: [JSONText] {
        pciDevices.filter { $0.kind.hasPrefix("03") }.map { device in
            JSONText(device.driver.isEmpty ? device.id : "\(device.id) (\(device.driver))")
        }
    }

    /// Devices other than hubs, which only get in the way.
    private var usb: [JSONText] {
        names("/sys/bus/usb/devices").compactMap { place in
            let path = "/sys/bus/usb/devices/\(place)"
            let vendor = text("\(path)/idVendor")
            guard !vendor.isEmpty, text("\(path)/bDeviceClass") != "09" else { return nil }
            let name = Self.trimmed("\(text("\(path)/manufacturer")) \(text("\(path)/product"))")
            return [
                "place": JSONText(place), "id": JSONText("\(vendor):\(text("\(path)/idProduct"))"),
                "name": JSONText(name), "driver": JSONText(""),
            ]
        }
    }

    private var monitors: [JSONText] {
        names("/sys/class/drm").compactMap { connector in
            guard connector.contains("-"), let edid = EDID(bytes("/sys/class/drm/\(connector)/edid")) else {
                return nil
            }
            return [
                "connector": JSONText(connector), "id": JSONText(edid.id), "name": JSONText(edid.name),
                "serial": JSONText(edid.serial), "mode": JSONText(edid.mode),
            ]
        }
    }

    private var cards: [JSONText] {
        interfaces.map { interface in
            [
                "name": JSONText(interface.name), "macAddress": JSONText("\(interface.macAddress)"),
                "driver": JSONText(link("/sys/class/net/\(interface.name)/device/driver")),
            ]
        }
    }

    // MARK: Files

    /// The last component of a link's target.
    private func link(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        let path = root + path
        let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            return unsafe readlink(path, start, bytes.count)
        }
        guard count > 0 else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "/").last.map(String.init)
            ?? ""
    }

    private func names(_ path: String) -> [String] { DirectoryListing.names(in: root + path) }

    private func exists(_ path: String) -> Bool { unsafe access(root + path, F_OK) == 0 }

    /// Empty when there is no such file.
    private func bytes(_ path: String) -> [UInt8] { (try? WholeFile.read(root + path)) ?? [] }

    private func text(_ path: String) -> String {
        Self.trimmed(String(decoding: bytes(path), as: UTF8.self))
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let words = text.drop { $0.isWhitespace }
        return String(words.reversed().drop { $0.isWhitespace }.reversed())
    }
}
