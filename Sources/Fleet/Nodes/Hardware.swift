package import Wire

/// A node's hardware, as reported from its initramfs.
package struct Hardware: Equatable, Sendable, Codable {
    package struct Card: Equatable, Sendable, Codable {
        @MachineText package var name: String
        @MachineText package var macAddress: String
        /// Kernel driver; empty when unknown.
        @MachineText package var driver: String
        /// Megabits per second; nil without a link.
        package var speed: Int?
    }

    /// One memory module (SMBIOS type 17).
    package struct MemoryModule: Equatable, Sendable, Codable {
        @MachineText package var slot: String
        @MachineCount package var mebibytes: Int
        /// `DDR4`; empty when the firmware does not say.
        @MachineText package var kind: String
        /// Megatransfers per second; 0 when unknown.
        @MachineCount package var speed: Int
        @MachineText package var maker: String
        @MachineText package var part: String
    }

    package struct Disk: Equatable, Sendable, Codable {
        @MachineText package var name: String
        @MachineText package var model: String
        @MachineText package var serial: String
        /// In MiB: people do not count 512-byte sectors.
        @MachineCount package var mebibytes: Int
        package var isRotating: Bool
    }

    /// A device on PCI or USB: `8086:100e`, and its name by the kernel or the device itself.
    package struct Device: Equatable, Sendable, Codable {
        /// Its location: `0000:00:03.0`, `1-2`.
        @MachineText package var place: String
        @MachineText package var id: String
        @MachineText package var name: String
        /// Kernel driver; empty when it has none.
        @MachineText package var driver: String
    }

    /// A monitor by its EDID (VESA E-EDID 1.4).
    package struct Monitor: Equatable, Sendable, Codable {
        @MachineText package var connector: String
        /// Three letters of the maker and the product number: `DEL a0c4`.
        @MachineText package var id: String
        @MachineText package var name: String
        @MachineText package var serial: String
        /// `1920x1080`; empty when the EDID names no preferred mode.
        @MachineText package var mode: String
    }

    /// SMBIOS; empty when the firmware does not report it.
    @MachineText package var vendor: String
    @MachineText package var product: String
    @MachineText package var serial: String
    @MachineText package var board: String
    @MachineText package var firmware: String
    /// `bios` or `uefi`.
    @MachineText package var firmwareKind: String
    package var isSecureBootOn: Bool
    /// `2.0`, `1.2`; empty without one.
    @MachineText package var tpm: String
    @MachineText package var processor: String
    @MachineCount package var processorCount: Int
    /// MiB available to the kernel.
    @MachineCount package var memoryMebibytes: Int
    package var memoryModules: [MemoryModule]
    package var cards: [Card]
    package var disks: [Disk]
    /// Names of graphics devices.
    @MachineTexts package var graphics: [String]
    package var pci: [Device]
    package var usb: [Device]
    package var monitors: [Monitor]
    /// Whether all drivers were loaded: a report from the initramfs lacks disks, USB and monitors.
    package var isComplete: Bool
}

/// A machine's hardware as many lists look at it: the report itself has so many texts and lists that a copy for each of ten thousand nodes
/// takes longer than what is found out about it.
package final class SharedHardware: Equatable, Sendable {
    package let report: Hardware

    package init(_ report: Hardware) { self.report = report }

    package static func == (one: SharedHardware, other: SharedHardware) -> Bool {
        one === other || one.report == other.report
    }
}

extension Hardware {
    /// A node with an older initramfs omits newer fields.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String {
            try fields.decodeIfPresent(String.self, forKey: key) ?? ""
        }
        func list<T: Decodable>(_ key: CodingKeys, _: T.Type = T.self) throws -> [T] {
            try fields.decodeIfPresent([T].self, forKey: key) ?? []
        }
        vendor = try text(.vendor)
        product = try text(.product)
        serial = try text(.serial)
        board = try text(.board)
        firmware = try text(.firmware)
        firmwareKind = try text(.firmwareKind)
        isSecureBootOn = try fields.decodeIfPresent(Bool.self, forKey: .isSecureBootOn) ?? false
        tpm = try text(.tpm)
        processor = try text(.processor)
        processorCount = try fields.decodeIfPresent(Int.self, forKey: .processorCount) ?? 0
        memoryMebibytes = try fields.decodeIfPresent(Int.self, forKey: .memoryMebibytes) ?? 0
        memoryModules = try list(.memoryModules)
        cards = try list(.cards)
        disks = try list(.disks)
        graphics = try list(.graphics)
        pci = try list(.pci)
        usb = try list(.usb)
        monitors = try list(.monitors)
        isComplete = try fields.decodeIfPresent(Bool.self, forKey: .isComplete) ?? true
    }

    /// The hardware after this report: one from the initramfs leaves the facts that `known` has from the running system, unless it comes
    /// from another machine.
    package func completed(by known: Hardware?) -> Hardware {
        guard !isComplete, let known, known.isComplete, !isAnotherMachine(than: known) else { return self }
        var merged = self
        merged.disks = known.disks
        merged.graphics = known.graphics
        merged.pci = known.pci
        merged.usb = known.usb
        merged.monitors = known.monitors
        merged.tpm = known.tpm.isEmpty ? tpm : known.tpm
        // A card whose driver the initramfs did not load is not gone.
        merged.cards =
            cards + known.cards.filter { card in !cards.contains { $0.macAddress == card.macAddress } }
        merged.isSecureBootOn = isSecureBootOn
        merged.isComplete = true
        return merged
    }

    /// Every fact with its name, in a fixed order, for comparing in histories.
    package var facts: [(name: String, value: String)] {
        var facts: [(String, String)] = [
            ("vendor", vendor), ("product", product), ("serial", serial), ("board", board),
            ("firmware", firmware), ("firmware kind", firmwareKind),
            ("secure boot", isSecureBootOn ? "on" : "off"), ("tpm", tpm), ("processor", processor),
            ("processors", String(processorCount)), ("memory", "\(memoryMebibytes) MiB"),
        ]
        facts += memoryModules.map {
            ("module \($0.slot)", "\($0.mebibytes) MiB \($0.kind) \($0.maker) \($0.part)")
        }
        facts += cards.map { ("card \($0.name)", "\($0.macAddress) \($0.driver)") }
        facts += disks.map { ("disk \($0.name)", "\($0.model) \($0.mebibytes) MiB \($0.serial)") }
        facts += graphics.enumerated().map { ("graphics \($0.offset + 1)", $0.element) }
        facts += pci.map { ("pci \($0.place)", "\($0.id) \($0.name)") }
        facts += usb.map { ("usb \($0.place)", "\($0.id) \($0.name)") }
        facts += monitors.map { ("monitor \($0.connector)", "\($0.id) \($0.name) \($0.serial)") }
        return facts.filter { !$0.1.isEmpty }
    }

    /// The differences from `earlier`, fact by fact.
    package func differences(from earlier: Hardware) -> [Difference] {
        let (old, new) = (earlier.facts, facts)
        let before = Dictionary(old.map { ($0.name, $0.value) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.name, $0.value) }) { first, _ in first }
        var names: [String] = []
        for (name, _) in old + new where before[name] != after[name] && !names.contains(name) {
            names.append(name)
        }
        return names.map { Difference(fact: $0, before: before[$0], after: after[$0]) }
    }

    package struct Difference: Equatable, Sendable, Codable {
        package var fact: String
        /// Nil: it was missing.
        package var before: String?
        /// Nil: it is gone.
        package var after: String?
    }

    /// Whether this is most likely a different machine from `earlier`: the same network card in another box.
    package func isAnotherMachine(than earlier: Hardware) -> Bool {
        func differs(_ fact: KeyPath<Hardware, String>) -> Bool {
            !earlier[keyPath: fact].isEmpty && !self[keyPath: fact].isEmpty
                && earlier[keyPath: fact] != self[keyPath: fact]
        }
        return differs(\.serial) || (differs(\.product) && differs(\.board))
    }
}

/// A machine's hardware from some moment on.
package struct HardwareRecord: Equatable, Sendable, Codable {
    package var macAddress: MACAddress
    /// Seconds since 1970 when it was first reported.
    package var at: Int
    package var hardware: Hardware

    package init(macAddress: MACAddress, at: Int, hardware: Hardware) {
        self.macAddress = macAddress
        self.at = at
        self.hardware = hardware
    }
}
