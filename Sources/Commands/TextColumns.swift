extension String {
    /// How many columns a terminal gives it: letters of East Asian scripts and pictures have two, accents of their own none.
    var columnCount: Int {
        if utf8.allSatisfy({ $0 < 0x80 }) { return utf8.count }
        return reduce(0) { $0 + $1.columnCount }
    }

    /// With spaces behind it, up to `width` columns.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - columnCount))
    }

    /// Its words in lines of at most `width` columns; a longer word has a line of its own.
    func lines(of width: Int) -> [String] {
        guard columnCount > width else { return [self] }
        var lines: [(text: String, width: Int)] = []
        for word in split(separator: " ") {
            let columns = String(word).columnCount
            if let last = lines.last, last.width + 1 + columns <= width {
                lines[lines.count - 1].text += " \(word)"
                lines[lines.count - 1].width += 1 + columns
            } else {
                lines.append((String(word), columns))
            }
        }
        return lines.map(\.text)
    }
}

extension Character {
    /// A picture of several parts counts as its first one.
    fileprivate var columnCount: Int {
        guard let first = unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return Self.wide.contains { $0.contains(first.value) } ? 2 : 1
        }
    }

    /// Unicode's East Asian Width W and F, without pictures. Blocks are taken whole: what is not assigned in them is in no text.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}
