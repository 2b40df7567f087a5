/// The lines of an old configuration file. Its bytes are UTF-8, or become it.
struct LTSPText {
    /// Without their ends; a carriage return before the end stays.
    private(set) var lines: [[UInt8]] = []
    private(set) var problems: [LTSPProblem] = []
    private(set) var hasByteOrderMark = false
    private(set) var endsWithLineEnd = true
    /// The first line that ends as in DOS, from 1.
    private(set) var firstCarriageReturn: Int?

    /// A file that is no text has no lines and one error.
    init(_ bytes: [UInt8], file: String, byteLimit: Int = LTSPLimit.byteCount) {
        guard bytes.count <= byteLimit else {
            let limit = LTSPLimit.byteCount >> 20
            problems = [
                LTSPProblem(error: "it is too long: all files together have at most \(limit) MiB", file, nil)
            ]
            return
        }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
            problems = [LTSPProblem(error: "it is UTF-32: save it as UTF-8", file, 1)]
            return
        }
        if Self.marksOfUTF16.contains(where: bytes.starts(with:)) {
            problems = [LTSPProblem(error: "it is UTF-16: save it as UTF-8", file, 1)]
            return
        }
        hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        endsWithLineEnd = bytes.last.map { $0 == 0x0A } ?? true
        let text = String(validating: bytes, as: UTF8.self) == nil ? transcoded(bytes, file) : bytes
        lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            if firstCarriageReturn == nil, line.last == 0x0D { firstCarriageReturn = index + 1 }
            if let flaw = Self.flaw(of: line) {
                (lines, firstCarriageReturn) = ([], nil)
                problems = [LTSPProblem(error: flaw, file, index + 1)]
                return
            }
        }
    }

    /// As they are, and as a kept file stores bytes that are no UTF-8: each as a character of ISO 8859-1.
    private static let marksOfUTF16: [[UInt8]] = [
        [0xFF, 0xFE], [0xFE, 0xFF], [0xC3, 0xBF, 0xC3, 0xBE], [0xC3, 0xBE, 0xC3, 0xBF],
    ]

    private static func flaw(of line: [UInt8]) -> Sentence? {
        guard line.count <= LTSPLimit.lineByteCount else {
            return "the line is longer than \(LTSPLimit.lineByteCount >> 10) KiB"
        }
        let control = line.first { $0 < 0x20 && $0 != 0x09 && $0 != 0x0D || $0 == 0x7F }
        if control == 0 { return "the character 0 is in no text; save a file in UTF-16 as UTF-8" }
        if line.dropLast().contains(0x0D) {
            return "a carriage return is in the middle of the line: line ends of an old Mac?"
        }
        return control.map { "the character \($0) is in no text" }
    }

    /// From ISO 8859-1, which old editors wrote.
    private mutating func transcoded(_ bytes: [UInt8], _ file: String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 64)
        var line = 1
        var first: Int?
        for byte in bytes {
            if byte == 0x0A { line += 1 }
            if byte < 0x80 {
                text.append(byte)
            } else {
                if first == nil { first = line }
                text += [0xC0 | byte >> 6, 0x80 | byte & 0x3F]
            }
        }
        problems.append(LTSPProblem(warning: "it is not UTF-8, and is read as ISO 8859-1", file, first))
        return text
    }
}

extension [UInt8] {
    var asText: String { String(decoding: self, as: UTF8.self) }
}

extension ArraySlice<UInt8> {
    var asText: String { String(decoding: self, as: UTF8.self) }

    /// Without surrounding white space.
    var bare: ArraySlice<UInt8> {
        var bare = self
        while let first = bare.first, first.isBlankOrReturn { bare.removeFirst() }
        while let last = bare.last, last.isBlankOrReturn { bare.removeLast() }
        return bare
    }
}

extension UInt8 {
    /// A space or a tab.
    var isBlank: Bool { self == 0x20 || self == 0x09 }
    var isBlankOrReturn: Bool { isBlank || self == 0x0D }
    /// ASCII only, as in the old programs.
    var lowered: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
    var isDecimal: Bool { (0x30...0x39).contains(self) }
    /// A letter, a digit or `_`: what names of shell variables consist of.
    var isOfShellName: Bool { isDecimal || (0x61...0x7A).contains(lowered) || self == 0x5F }
}

extension StringProtocol {
    /// Whether a shell takes it for a variable's name.
    var isShellName: Bool {
        guard let first = utf8.first, !first.isDecimal else { return false }
        return utf8.allSatisfy(\.isOfShellName)
    }
}
