/// The memory modules in a machine's SMBIOS table (DMTF DSP0134), as found in /sys/firmware/dmi/tables/DMI.
package struct SMBIOSTable: Sendable {
    /// A memory device, structure type 17 (DSP0134 §7.18).
    package struct MemoryDevice: Equatable, Sendable {
        package var slot: String
        package var mebibytes: Int
        /// `DDR4`; empty when the firmware does not say.
        package var kind: String
        /// Megatransfers per second; 0 when unknown.
        package var speed: Int
        package var maker: String
        package var part: String

        package init(
            slot: String, mebibytes: Int, kind: String, speed: Int, maker: String, part: String
        ) {
            self.slot = slot
            self.mebibytes = mebibytes
            self.kind = kind
            self.speed = speed
            self.maker = maker
            self.part = part
        }
    }

    /// The most structures that are read: real tables have a few hundred.
    private static let structureLimit = 4_096

    /// The installed modules; empty slots are left out.
    package private(set) var memoryDevices: [MemoryDevice] = []

    /// Reads as far as the table makes sense: firmware truncates tables and gets lengths wrong.
    package init(parsing table: [UInt8]) {
        var position = 0
        for _ in 0..<Self.structureLimit {
            guard position + 4 <= table.count else { return }
            let (type, length) = (table[position], Int(table[position + 1]))
            guard length >= 4, position + length <= table.count, type != 127 else { return }
            let fixed = table[position..<position + length]
            var strings: [String] = []
            var end = position + length
            // Each string ends with a zero, and the list with one more.
            while end < table.count, table[end] != 0 {
                let stop = table[end...].firstIndex(of: 0) ?? table.count
                strings.append(Self.text(table[end..<stop]))
                end = min(stop + 1, table.count)
            }
            // Without strings there are two zeros.
            position = strings.isEmpty ? end + 2 : end + 1
            if type == 17, let device = Self.memoryDevice(Array(fixed), strings) {
                memoryDevices.append(device)
            }
        }
    }

    private static func memoryDevice(_ fields: [UInt8], _ strings: [String]) -> MemoryDevice? {
        func word(_ offset: Int) -> Int {
            offset + 1 < fields.count ? Int(fields[offset]) | Int(fields[offset + 1]) << 8 : 0
        }
        func string(_ offset: Int) -> String {
            guard offset < fields.count, (1...max(1, strings.count)).contains(Int(fields[offset])),
                !strings.isEmpty
            else { return "" }
            return strings[Int(fields[offset]) - 1]
        }
        let size = word(0x0C)
        guard size != 0, size != 0xFFFF else { return nil }
        let mebibytes: Int
        if size == 0x7FFF {
            mebibytes = (word(0x1C) | word(0x1E) << 16) & 0x7FFF_FFFF
        } else {
            mebibytes = size & 0x8000 == 0 ? size : (size & 0x7FFF) / 1_024
        }
        return MemoryDevice(
            slot: string(0x10), mebibytes: mebibytes,
            kind: fields.count > 0x12 ? kinds[fields[0x12]] ?? "" : "", speed: word(0x15),
            maker: string(0x17), part: string(0x1A))
    }

    /// DSP0134 §7.18.2, the types in use.
    private static let kinds: [UInt8: String] = [
        0x07: "RAM", 0x0F: "SDRAM", 0x12: "DDR", 0x13: "DDR2", 0x18: "DDR3", 0x1A: "DDR4", 0x1B: "LPDDR",
        0x1C: "LPDDR2", 0x1D: "LPDDR3", 0x1E: "LPDDR4", 0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5",
        0x23: "LPDDR5",
    ]

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let printable = bytes.filter { (0x20..<0x7F).contains($0) }.drop { $0 == 0x20 }
        return String(decoding: printable.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
    }
}
