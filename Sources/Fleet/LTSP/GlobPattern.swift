/// A pattern of the shell, for bytes: `*`, `?`, `[…]`, and `\` before a character that stands for itself.
struct GlobPattern: Sendable {
    private enum Piece: Sendable {
        case byte(UInt8)
        case any, star
        case oneOf([ClosedRange<UInt8>], isInverted: Bool)
    }

    private let pieces: [Piece]
    /// Whether it is more than a plain text.
    let hasWildcard: Bool

    init(_ pattern: [UInt8]) {
        var pieces: [Piece] = []
        var rest = pattern[...]
        var hasWildcard = false
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): pieces.append(.star)
            case UInt8(ascii: "?"): pieces.append(.any)
            case UInt8(ascii: "\\"): pieces.append(.byte(rest.popFirst() ?? byte))
            case UInt8(ascii: "["):
                guard let set = Self.set(&rest) else {
                    pieces.append(.byte(byte))
                    continue
                }
                pieces.append(set)
            default:
                pieces.append(.byte(byte))
                continue
            }
            hasWildcard = true
        }
        self.pieces = pieces
        self.hasWildcard = hasWildcard
    }

    init(_ pattern: String) { self.init(Array(pattern.utf8)) }

    /// The set behind `[`; nil, and nothing consumed, where it is not closed.
    private static func set(_ rest: inout ArraySlice<UInt8>) -> Piece? {
        var inner = rest
        let isInverted = inner.first == UInt8(ascii: "!") || inner.first == UInt8(ascii: "^")
        if isInverted { inner.removeFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        var isFirst = true
        while var low = inner.popFirst() {
            if low == UInt8(ascii: "]"), !isFirst {
                rest = inner
                return .oneOf(ranges, isInverted: isInverted)
            }
            isFirst = false
            if low == UInt8(ascii: "["), let named = namedRanges(&inner) {
                ranges += named
                continue
            }
            if low == UInt8(ascii: "\\"), let escaped = inner.popFirst() { low = escaped }
            let next = inner.startIndex + 1
            if inner.first == UInt8(ascii: "-"), next < inner.endIndex, inner[next] != UInt8(ascii: "]") {
                var high = inner[next]
                inner = inner.dropFirst(2)
                if high == UInt8(ascii: "\\"), let escaped = inner.popFirst() { high = escaped }
                // One that runs backwards has nothing in it.
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }

    /// The set behind `[` of `[:NAME:]`; nil, and nothing consumed, where it is none.
    private static func namedRanges(_ rest: inout ArraySlice<UInt8>) -> [ClosedRange<UInt8>]? {
        guard rest.first == UInt8(ascii: ":") else { return nil }
        let name = rest.dropFirst().prefix { (0x61...0x7A).contains($0) }
        guard rest[name.endIndex...].starts(with: ":]".utf8),
            let ranges = namedSets[String(decoding: name, as: UTF8.self)]
        else { return nil }
        rest = rest[(name.endIndex + 2)...]
        return ranges
    }

    private static let namedSets: [String: [ClosedRange<UInt8>]] = [
        "alpha": [0x41...0x5A, 0x61...0x7A], "digit": [0x30...0x39],
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "upper": [0x41...0x5A], "lower": [0x61...0x7A],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66], "space": [0x09...0x0D, 0x20...0x20],
        "blank": [0x09...0x09, 0x20...0x20], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
        "print": [0x20...0x7E], "graph": [0x21...0x7E], "cntrl": [0x00...0x1F, 0x7F...0x7F],
    ]

    /// The lengths of the beginnings of a text that match, in ascending order. Of patterns with at most 63 pieces.
    func lengths(matchingIn text: some Sequence<UInt8>) -> [Int] {
        guard pieces.count < UInt64.bitWidth else { return [] }
        var stars: UInt64 = 0
        for (place, piece) in pieces.enumerated() {
            if case .star = piece { stars |= 1 << UInt64(place) }
        }
        let end: UInt64 = 1 << UInt64(pieces.count)
        // The places that the pieces before have brought the text to; a star may be passed at once.
        func passingStars(_ places: UInt64) -> UInt64 {
            var places = places
            while true {
                let next = places | (places & stars) << 1
                if next == places { return places }
                places = next
            }
        }
        var places = passingStars(1)
        var lengths = places & end == 0 ? [] : [0]
        for (index, byte) in text.enumerated() {
            var next = places & stars
            var rest = places & ~stars & (end - 1)
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                if Self.fits(pieces[place], byte) { next |= 2 << UInt64(place) }
            }
            if next == 0 { return lengths }
            places = passingStars(next)
            if places & end != 0 { lengths.append(index + 1) }
        }
        return lengths
    }

    /// Patterns with `*` and `?` only that match the same texts in small letters; nil where it takes more than `limit`.
    func withoutSets(limit: Int) -> [String]? {
        var texts: [[UInt8]] = [[]]
        for piece in pieces {
            let bytes: [UInt8]
            switch piece {
            case .any: bytes = [UInt8(ascii: "?")]
            case .star: bytes = [UInt8(ascii: "*")]
            case .byte(let byte): bytes = [byte]
            case .oneOf(_, isInverted: true): return nil
            case .oneOf(let ranges, isInverted: false): bytes = Set(ranges.joined().map(\.lowered)).sorted()
            }
            let isPlain =
                switch piece {
                case .any, .star: true
                case .byte, .oneOf: !bytes.contains { $0 >= 0x80 || Array("*?[]\\\"".utf8).contains($0) }
                }
            guard isPlain, !bytes.isEmpty, texts.count * bytes.count <= limit else { return nil }
            texts = texts.flatMap { text in bytes.map { text + [$0] } }
        }
        return texts.map(\.asText)
    }

    /// The pattern of texts that are read backwards.
    var reversed: GlobPattern { GlobPattern(pieces: pieces.reversed(), hasWildcard: hasWildcard) }

    private init(pieces: [Piece], hasWildcard: Bool) {
        self.pieces = pieces
        self.hasWildcard = hasWildcard
    }

    /// Goes back to the last star only, so the time is at most the product of both lengths.
    func matches(_ text: [UInt8]) -> Bool {
        var (position, place) = (0, 0)
        var star: (place: Int, position: Int)?
        while position < text.count {
            if place < pieces.count {
                if case .star = pieces[place] {
                    star = (place, position)
                    place += 1
                    continue
                }
                if Self.fits(pieces[place], text[position]) {
                    (position, place) = (position + 1, place + 1)
                    continue
                }
            }
            guard let last = star else { return false }
            star = (last.place, last.position + 1)
            (position, place) = (last.position + 1, last.place + 1)
        }
        return pieces[place...].allSatisfy { if case .star = $0 { true } else { false } }
    }

    private static func fits(_ piece: Piece, _ byte: UInt8) -> Bool {
        switch piece {
        case .byte(let wanted): byte == wanted
        case .any: true
        case .star: false
        case .oneOf(let ranges, let isInverted): ranges.contains { $0.contains(byte) } != isInverted
        }
    }
}
