import Wire

/// SplitMix64: small, fast, and the same everywhere for a given seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// The source of inputs: choices, numbers and texts close to their limits, and damage.
struct Noise {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    // MARK: Choices

    mutating func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(max(1, limit))) }

    /// True once in this many times.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }

    mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    // MARK: Numbers

    private static let limits: [UInt64] = [
        0, 1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 511, 512, 1 << 15 - 1, 1 << 15, 1 << 16 - 1, 1 << 16,
        1 << 20,
        1 << 25, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
    ]

    /// Mostly at or next to a limit.
    mutating func number<T: FixedWidthInteger>(_: T.Type = T.self) -> T {
        switch below(4) {
        case 0: T(truncatingIfNeeded: generator.next())
        case 1: T(truncatingIfNeeded: UInt64(below(4_096)))
        case 2: T(truncatingIfNeeded: one(of: Self.limits) &+ UInt64(below(3)) &- 1)
        default: T(truncatingIfNeeded: one(of: Self.limits))
        }
    }

    /// A number as people write it.
    mutating func digits() -> String {
        switch below(8) {
        case 0: "-\(number(UInt64.self))"
        case 1: "\(number(UInt64.self))0"
        case 2:
            one(of: ["", "+1", "1e999", "0x10", "1.5", "٣", " 1", "00000000000000000000001", "-0", "NaN"])
        default: "\(number(UInt64.self))"
        }
    }

    // MARK: Texts

    private static let texts = [
        "", "a", "debian", "pc-1", "x && y || z; ${u}", "`$(r)`", "'\"\\", "<script>", "=cmd|x", "\u{0}",
        "\u{1B}[2J",
        "\u{202E}\u{2066}", "\u{301}", "a\r\nb", "../../etc/passwd", "//", "%00%2e%2e", "\u{FFFD}", "日本", "👩‍💻",
        "*", "?", "[1-",
    ]

    mutating func bytes(_ limit: Int = 64) -> [UInt8] {
        (0..<below(limit + 1)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    mutating func text() -> String {
        switch below(8) {
        case 0: String(decoding: bytes(), as: UTF8.self)
        case 1: String(repeating: one(of: Self.texts), count: below(300))
        case 2: digits()
        default: one(of: Self.texts)
        }
    }

    // MARK: Damage

    /// One to eight changes: bits, bytes, lengths, pieces of other inputs.
    mutating func damaged(_ seed: [UInt8], with others: [[UInt8]] = []) -> [UInt8] {
        var bytes = seed
        for _ in 0...below(8) {
            let place = below(bytes.count)
            switch below(6) {
            case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(below(8))
            case 1 where !bytes.isEmpty: bytes[place] = one(of: [0, 1, 0x7F, 0x80, 0xFF])
            case 2: bytes.removeSubrange(min(place, bytes.count)...)
            case 3: bytes.insert(contentsOf: self.bytes(4), at: min(place, bytes.count))
            case 4 where !bytes.isEmpty:
                bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(8)))
            default:
                let other = others.isEmpty ? self.bytes(16) : one(of: others)
                bytes.insert(contentsOf: other.suffix(below(other.count + 1)), at: min(place, bytes.count))
            }
            if bytes.count > 70_000 { bytes.removeSubrange(70_000...) }
        }
        return bytes
    }

    /// Mostly unchanged.
    mutating func sometimesDamaged(_ bytes: [UInt8]) -> [UInt8] { once(in: 4) ? damaged(bytes) : bytes }
}
