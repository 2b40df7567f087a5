/// What a monitor reports about itself (VESA E-EDID 1.4), as found in /sys/class/drm/…/edid.
package struct EDID: Equatable, Sendable {
    /// The maker's three letters and the product number: `DEL a0c4`.
    package var id: String
    /// Display product name; empty when there is none.
    package var name: String
    package var serial: String
    /// `1920x1080`, the preferred mode; empty when the monitor names none.
    package var mode: String

    /// Nil unless the first block has its header and a valid checksum.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= 128, Array(bytes[0..<8]) == [0, 255, 255, 255, 255, 255, 255, 0],
            bytes[0..<128].reduce(0, &+) == 0
        else { return nil }
        let letters = UInt16(bytes[8]) << 8 | UInt16(bytes[9])
        let maker = [10, 5, 0].map { shift -> Character in
            let letter = UInt8(letters >> UInt16(shift) & 31)
            return (1...26).contains(letter) ? Character(Unicode.Scalar(letter + 0x40)) : "?"
        }
        let product = UInt16(bytes[10]) | UInt16(bytes[11]) << 8
        let digits = String(product, radix: 16)
        id = String(maker) + " " + String(repeating: "0", count: 4 - digits.count) + digits
        (name, serial, mode) = ("", "", "")
        for start in stride(from: 54, through: 108, by: 18) {
            let block = Array(bytes[start..<start + 18])
            guard block[0] == 0, block[1] == 0 else {
                // A detailed timing; the first one is the preferred mode.
                if mode.isEmpty {
                    let width = Int(block[2]) | Int(block[4] & 0xF0) << 4
                    let height = Int(block[5]) | Int(block[7] & 0xF0) << 4
                    mode = "\(width)x\(height)"
                }
                continue
            }
            switch block[3] {
            case 0xFC: name = Self.text(block[5...])
            case 0xFF: serial = Self.text(block[5...])
            default: break
            }
        }
        if serial.isEmpty {
            let number = bytes[12..<16].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            serial = number == 0 ? "" : String(number)
        }
    }

    /// Ends at a line feed, padded with spaces.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let printable = bytes.prefix { $0 != 0x0A }.filter { (0x20..<0x7F).contains($0) }
        return String(decoding: printable.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
    }
}
