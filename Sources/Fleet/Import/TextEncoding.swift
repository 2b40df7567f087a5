/// The text encoding of a file from people.
package enum TextEncoding: String, Equatable, Sendable, Codable {
    case utf8 = "UTF-8"
    case utf16 = "UTF-16"
    /// The encoding of Excel's plain CSV on Windows.
    case windows1252 = "Windows-1252"

    /// The text of `bytes`, which may start with a byte order mark. Throws if it is not text.
    package static func text(of bytes: [UInt8]) throws(UnreadableTable) -> (String, TextEncoding) {
        if let workbook = workbooks.first(where: { bytes.starts(with: $0.mark) }) {
            throw UnreadableTable(problem: "this is \(workbook.what), not a list: save it as CSV")
        }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
            throw UnreadableTable(problem: "this is text in UTF-32: save it in UTF-8")
        }
        if let isLittle = byteOrder(of: bytes) {
            let units = stride(from: 0, to: bytes.count - 1, by: 2).map { index in
                let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                return isLittle ? first | second << 8 : first << 8 | second
            }
            guard bytes.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self) else {
                throw UnreadableTable(problem: "the file is incomplete: its UTF-16 ends within a character")
            }
            return (text, .utf16)
        }
        if let zero = bytes.firstIndex(of: 0) {
            let line = bytes[..<zero].count { $0 == 0x0A } + 1
            throw UnreadableTable(line: line, problem: "this is not text: save the list as CSV")
        }
        if let text = String(validating: bytes, as: UTF8.self) { return (text, .utf8) }
        var text = String.UnicodeScalarView()
        var line = 1
        for byte in bytes {
            if byte == 0x0A { line += 1 }
            guard let scalar = windowsScalar(byte) else {
                throw UnreadableTable(
                    line: line, problem: "neither UTF-8 nor Windows-1252: save the list as CSV in UTF-8")
            }
            text.append(scalar)
        }
        return (String(text), .windows1252)
    }

    /// Signatures of spreadsheet files.
    private static let workbooks: [(mark: [UInt8], what: String)] = [
        ([0x50, 0x4B, 0x03, 0x04], "a workbook (.xlsx, .ods or .numbers)"),
        ([0xD0, 0xCF, 0x11, 0xE0], "an Excel workbook (.xls)"),
        ([0x25, 0x50, 0x44, 0x46], "a PDF"), (Array("<html".utf8), "a web page"),
        (Array("<!DOCTYPE".utf8), "a web page"), (Array("<?xml".utf8), "XML"),
    ]

    /// Whether UTF-16 is little-endian; nil when it is not UTF-16. Without a byte order mark, in ASCII every other byte is zero.
    private static func byteOrder(of bytes: [UInt8]) -> Bool? {
        if bytes.starts(with: [0xFF, 0xFE]) { return true }
        if bytes.starts(with: [0xFE, 0xFF]) { return false }
        guard bytes.count >= 4 else { return nil }
        if bytes[0] != 0, bytes[1] == 0, bytes[2] != 0, bytes[3] == 0 { return true }
        if bytes[0] == 0, bytes[1] != 0, bytes[2] == 0, bytes[3] != 0 { return false }
        return nil
    }

    /// 0x80 to 0x9F of Windows-1252 (bestfit1252.txt); zero: undefined.
    private static let windowsControls: [UInt16] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
        0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0, 0x017E, 0x0178,
    ]

    private static func windowsScalar(_ byte: UInt8) -> Unicode.Scalar? {
        guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
        let value = windowsControls[Int(byte - 0x80)]
        return value == 0 ? nil : Unicode.Scalar(value)
    }
}
