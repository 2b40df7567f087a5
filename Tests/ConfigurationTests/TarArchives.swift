import Foundation

/// Archives made by hand, with headers that tar does not write (POSIX.1-2017, *ustar Interchange Format*; GNU tar's own form of it).
struct HandMadeTar {
    private(set) var bytes: [UInt8] = []

    /// Adds a header, and what follows it.
    ///
    /// - Parameters:
    ///   - byteCount: as the header says it; that of `content` if nil.
    ///   - size: the whole field that says it.
    mutating func add(
        _ name: String, _ content: [UInt8] = [], kind: Character = "0", byteCount: Int? = nil,
        size: [UInt8]? = nil, prefix: String = ""
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (place, byte) in text.enumerated() { header[offset + place] = byte }
        }
        put(name.utf8.prefix(100), at: 0)
        put("0000644".utf8, at: 100)
        let count = byteCount ?? content.count
        if let size {
            put(size, at: 124)
        } else if count < 1 << 33 {
            put(Self.octal(count, 11).utf8, at: 124)
        } else {
            put([0x80], at: 124)
            put((0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }, at: 128)
        }
        put("        ".utf8, at: 148)
        put(kind.utf8, at: 156)
        put((prefix.isEmpty ? "ustar  " : "ustar\u{0}00").utf8, at: 257)
        put(prefix.utf8, at: 345)
        put("\(Self.octal(header.reduce(0) { $0 + Int($1) }, 6))\u{0} ".utf8, at: 148)
        bytes += header + content
        fill()
    }

    /// A name of more than a hundred bytes, as GNU tar writes it.
    mutating func addLong(_ name: String, _ content: [UInt8] = [], kind: Character = "0") {
        add("././@LongLink", Array(name.utf8) + [0], kind: "L")
        add(name, content, kind: kind)
    }

    private mutating func fill() { bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512) }

    private static func octal(_ number: Int, _ digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// With the end, as tar fills its last record.
    var archive: [UInt8] {
        let over = (bytes.count + 1_024) % 10_240
        return bytes + [UInt8](repeating: 0, count: 1_024 + (10_240 - over) % 10_240)
    }
}
