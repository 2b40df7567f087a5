/// Text from anywhere, made safe for a terminal or a log file: it cannot move a cursor, start a new line, or reverse the text beside it.
package struct PlainText: CustomStringConvertible, Sendable {
    package let description: String

    /// - Parameter keepingLines: whether to keep line feeds and tabs, for text that this program laid out.
    package init(_ text: String, keepingLines: Bool = false) {
        func isPlain(_ scalar: Unicode.Scalar) -> Bool {
            keepingLines && (scalar == "\n" || scalar == "\t") || !Self.isControl(scalar)
        }
        guard !text.unicodeScalars.allSatisfy(isPlain) else {
            description = text
            return
        }
        var plain = ""
        for scalar in text.unicodeScalars {
            if isPlain(scalar) {
                plain.unicodeScalars.append(scalar)
            } else {
                plain += Self.picture(of: scalar)
            }
        }
        description = plain
    }

    /// JSON for a terminal or a page: characters that those would obey are escaped, and the meaning stays the same.
    package init(json: some Sequence<UInt8>) {
        var plain = ""
        for scalar in String(decoding: Array(json), as: UTF8.self).unicodeScalars {
            if Self.isControl(scalar), scalar != "\n" {
                let digits = String(scalar.value, radix: 16)
                plain += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                plain.unicodeScalars.append(scalar)
            }
        }
        description = plain
    }

    /// Control characters (C0, C1, DEL), line and paragraph separators, and characters that change the direction of text (UAX #9 §2).
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func picture(of scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x0A: " ⏎ "
        // Unicode, «Control Pictures».
        case 0...0x1F: Unicode.Scalar(0x2400 + scalar.value).map(String.init) ?? "?"
        case 0x7F: "␡"
        default: "\u{FFFD}"
        }
    }
}

extension String {
    /// The beginning, in whole scalars, of at most this many bytes of UTF-8.
    package func beginning(byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: byteCount)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
