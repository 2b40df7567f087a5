import Glibc
import Linux
import Wire

/// Collects what this machine is made of, from /sys and /proc, as JSON (the server's `Hardware`).
enum HardwareInventory {
    /// - Parameter isComplete: whether every driver that there is has had its chance.
    static func json(isComplete: Bool) -> String {
        func dmi(_ name: String) -> String { text("/sys/class/dmi/id/\(name)") }
        let processors = text("/proc/cpuinfo").split(separator: "\n")
        let model =
            processors.first { $0.hasPrefix("model name") || $0.hasPrefix("Model") }?
            .split(separator: ":", maxSplits: 1).last.map { trimmed($0) } ?? ""
        let memory =
            text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let isUEFI = unsafe access("/sys/firmware/efi", F_OK) == 0
        let fields = [
            ("vendor", quoted(dmi("sys_vendor"))), ("product", quoted(dmi("product_name"))),
            ("serial", quoted(dmi("product_serial"))), ("board", quoted(dmi("board_name"))),
            ("firmware", quoted(trimmed("\(dmi("bios_vendor")) \(dmi("bios_version"))"))),
            ("firmwareKind", quoted(isUEFI ? "uefi" : "bios")),
            ("isSecureBootOn", isSecureBootOn ? "true" : "false"), ("processor", quoted(model)),
            ("processorCount", String(processors.count { $0.hasPrefix("processor") })),
            ("memoryMebibytes", String(memory / 1024)), ("cards", list(cards)), ("tpm", quoted(tpm)),
            ("memoryModules", list(memoryModules)), ("isComplete", isComplete ? "true" : "false"),
            ("disks", list(disks)), ("graphics", list(graphics)), ("pci", list(pci)), ("usb", list(usb)),
            ("monitors", list(monitors)),
        ]
        return "{\(fields.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
    }

    /// The EFI variable SecureBoot: four bytes of attributes, then 1.
    private static var isSecureBootOn: Bool {
        let path = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        return (try? WholeFile.read(path))?.last == 1
    }

    private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }

    private static func object(_ fields: [(String, String)]) -> String {
        "{\(fields.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
    }

    private static var tpm: String {
        guard unsafe access("/sys/class/tpm/tpm0", F_OK) == 0 else { return "" }
        return text("/sys/class/tpm/tpm0/tpm_version_major") == "2" ? "2.0" : "1.2"
    }

    private static var memoryModules: [String] {
        let table = (try? WholeFile.read("/sys/firmware/dmi/tables/DMI")) ?? []
        return SMBIOSTable(parsing: table).memoryDevices.map { device in
            object([
                ("slot", quoted(device.slot)), ("mebibytes", String(device.mebibytes)),
                ("kind", quoted(device.kind)), ("speed", String(device.speed)),
                ("maker", quoted(device.maker)),
                ("part", quoted(device.part)),
            ])
        }
    }

    /// Disks that belong to the machine: no loops, no memory, not the root that comes over the network.
    private static var disks: [String] {
        let foreign = ["loop", "ram", "zram", "nbd", "dm-", "md", "fd", "sr"]
        return DirectoryListing.names(in: "/sys/block").filter { name in
            !foreign.contains { name.hasPrefix($0) }
        }.map { name in
            let path = "/sys/block/\(name)"
            let serial = text("\(path)/device/serial")
            let sectors = Int(text("\(path)/size")) ?? 0
            return object([
                ("name", quoted(name)), ("model", quoted(text("\(path)/device/model"))),
                ("serial", quoted(serial.isEmpty ? text("\(path)/device/wwid") : serial)),
                ("mebibytes", String(sectors / 2_048)),
                ("isRotating", text("\(path)/queue/rotational") == "1" ? "true" : "false"),
            ])
        }
    }

    private static var pciDevices: [(place: String, id: String, kind: String, driver: String)] {
        DirectoryListing.names(in: "/sys/bus/pci/devices").map { place in
            let path = "/sys/bus/pci/devices/\(place)"
            func number(_ name: String) -> String { String(text("\(path)/\(name)").dropFirst(2)) }
            return (place, "\(number("vendor")):\(number("device"))", number("class"), link("\(path)/driver"))
        }
    }

    private static var pci: [String] {
        pciDevices.map { device in
            object([
                ("place", quoted(device.place)), ("id", quoted(device.id)),
                ("name", quoted(pciKinds[String(device.kind.prefix(2))] ?? "")),
                ("driver", quoted(device.driver)),
            ])
        }
    }

    /// Base classes (PCI Code and ID Assignment, §1).
    private static let pciKinds = [
        "01": "storage", "02": "network", "03": "graphics", "04": "multimedia", "05": "memory",
        "06": "bridge",
        "07": "communication", "08": "system", "09": "input", "0c": "serial bus", "0d": "wireless",
        "10": "encryption", "11": "signal processing", "12": "accelerator",
    ]

    private static var graphics: [String] {
        pciDevices.filter { $0.kind.hasPrefix("03") }.map { device in
            quoted(device.driver.isEmpty ? device.id : "\(device.id) (\(device.driver))")
        }
    }

    /// Devices without hubs, which are only in the way.
    private static var usb: [String] {
        DirectoryListing.names(in: "/sys/bus/usb/devices").compactMap { place in
            let path = "/sys/bus/usb/devices/\(place)"
            let vendor = text("\(path)/idVendor")
            guard !vendor.isEmpty, text("\(path)/bDeviceClass") != "09" else { return nil }
            let name = trimmed("\(text("\(path)/manufacturer")) \(text("\(path)/product"))")
            return object([
                ("place", quoted(place)),
                ("id", quoted("\(vendor):\(text("\(path)/idProduct"))")),
                ("name", quoted(name)), ("driver", quoted("")),
            ])
        }
    }

    private static var monitors: [String] {
        DirectoryListing.names(in: "/sys/class/drm").compactMap { connector in
            guard connector.contains("-"),
                let bytes = try? WholeFile.read("/sys/class/drm/\(connector)/edid"),
                let edid = EDID(bytes)
            else { return nil }
            return object([
                ("connector", quoted(connector)), ("id", quoted(edid.id)),
                ("name", quoted(edid.name)),
                ("serial", quoted(edid.serial)), ("mode", quoted(edid.mode)),
            ])
        }
    }

    private static var cards: [String] {
        let interfaces = (try? NetworkInterface.all()) ?? []
        return interfaces.compactMap { interface in
            guard let address = interface.macAddress else { return nil }
            let driver = link("/sys/class/net/\(interface.name)/device/driver")
            return """
                {"name":\(quoted(interface.name)),"macAddress":"\(address)","driver":\(quoted(driver))}
                """
        }
    }

    /// The last component of a link's target.
    private static func link(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            return unsafe readlink(path, start, bytes.count)
        }
        guard count > 0 else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "/").last.map(String.init)
            ?? ""
    }

    private static func text(_ path: String) -> String {
        trimmed(String(decoding: (try? WholeFile.read(path)) ?? [], as: UTF8.self))
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let words = text.drop { $0.isWhitespace }
        return String(words.reversed().drop { $0.isWhitespace }.reversed())
    }
}

/// `text` as a JSON string (RFC 8259 §7): this program has no Foundation.
func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar -> String in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case _ where scalar.value < 0x20: " "
        default: String(scalar)
        }
    }
    return "\"\(escaped.joined())\""
}
