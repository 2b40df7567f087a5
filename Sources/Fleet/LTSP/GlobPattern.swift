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
        while let low = inner.popFirst() {
            if low == UInt8(ascii: "]"), !ranges.isEmpty {
                rest = inner
                return .oneOf(ranges, isInverted: isInverted)
            }
            let next = inner.startIndex + 1
            if inner.first == UInt8(ascii: "-"), next < inner.endIndex, inner[next] != UInt8(ascii: "]") {
                let high = inner[next]
                inner = inner.dropFirst(2)
                ranges.append(low...max(low, high))
            } else {
                ranges.append(low...low)
            }
        }
        return nil
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
