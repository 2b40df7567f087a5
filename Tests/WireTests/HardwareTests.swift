import Testing
import Wire

@Suite struct HardwareTests {
    /// A memory device of SMBIOS 3.3, followed by its strings.
    private func device(size: UInt16, extended: UInt32 = 0, strings: [String]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 0x22)
        (bytes[0], bytes[1]) = (17, 0x22)
        (bytes[0x0C], bytes[0x0D]) = (UInt8(size & 255), UInt8(size >> 8))
        (bytes[0x10], bytes[0x12], bytes[0x15], bytes[0x16]) = (1, 0x1A, 0x80, 0x0C)
        (bytes[0x17], bytes[0x1A]) = (2, 3)
        for index in 0..<4 { bytes[0x1C + index] = UInt8(truncatingIfNeeded: extended >> UInt32(8 * index)) }
        for string in strings { bytes += Array(string.utf8) + [0] }
        return bytes + (strings.isEmpty ? [0, 0] : [0])
    }

    @Test func `memory modules come from the SMBIOS table, without empty slots`() {
        let bios: [UInt8] = [0, 4, 0, 0] + Array("Maker".utf8) + [0, 0]
        let table =
            bios + device(size: 8_192, strings: ["DIMM 0", "Samsung ", "M471"]) + device(size: 0, strings: [])
            + device(size: 0x7FFF, extended: 65_536, strings: ["DIMM 2", "", "x"]) + [127, 4, 0, 0, 0, 0]
        let devices = SMBIOSTable(parsing: table).memoryDevices
        #expect(devices.count == 2)
        #expect(
            devices.first
                == SMBIOSTable.MemoryDevice(
                    slot: "DIMM 0", mebibytes: 8_192, kind: "DDR4", speed: 3_200, maker: "Samsung",
                    part: "M471"))
        #expect(devices.last?.mebibytes == 65_536)
    }

    @Test func `a truncated or nonsensical table is read as far as possible`() {
        let table = device(size: 8_192, strings: ["a", "b", "c"]) + device(size: 4_096, strings: ["d"])
        for count in 0...table.count { _ = SMBIOSTable(parsing: Array(table.prefix(count))) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = (
                SMBIOSTable(parsing: bytes), EDID(bytes), EDID([0, 255, 255, 255, 255, 255, 255, 0] + bytes)
            )
        }
        _ = SMBIOSTable(parsing: [17, 0x22] + [UInt8](repeating: 255, count: 400))
    }

    private var edid: [UInt8] {
        var bytes: [UInt8] = [0, 255, 255, 255, 255, 255, 255, 0, 0x10, 0xAC, 0xC4, 0xA0, 1, 2, 0, 0]
        bytes += [UInt8](repeating: 0, count: 38)
        bytes += [0x02, 0x3A, 0x80, 0x18, 0x71, 0x38, 0x2D, 0x40, 0x58, 0x2C, 0, 0, 0, 0, 0, 0, 0, 0]
        bytes += [0, 0, 0, 0xFC, 0] + Array("DELL U2415".utf8) + [0x0A, 0x20, 0x20]
        bytes += [0, 0, 0, 0xFF, 0] + Array("CFV9N".utf8) + [0x0A] + [UInt8](repeating: 0x20, count: 7)
        bytes += [UInt8](repeating: 0, count: 18) + [0]
        bytes.append(0 &- bytes.reduce(0, &+))
        return bytes
    }

    @Test func `a monitor reports its maker, name, serial number and mode`() {
        let monitor = EDID(edid)
        #expect(monitor?.id == "DEL a0c4")
        #expect(monitor?.name == "DELL U2415")
        #expect(monitor?.serial == "CFV9N")
        #expect(monitor?.mode == "1920x1080")
    }

    @Test func `a truncated EDID, or one with a wrong checksum, is rejected`() {
        var wrong = edid
        wrong[20] ^= 1
        #expect(EDID(wrong) == nil)
        for count in 0..<128 { #expect(EDID(Array(edid.prefix(count))) == nil) }
    }
}
