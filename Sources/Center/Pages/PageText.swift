import Mustache
import Wire

/// Escapes every text that templates show: it cannot contain HTML markup, and cannot reverse the text beside it.
///
/// Scalar by scalar: the template engine compares characters, and does not recognise a quotation mark followed by a combining accent.
/// Browsers do.
struct PageText: MustacheContentType {
    /// The first line of a template.
    static let pragma = "{{% CONTENT_TYPE:\(name)}}"
    private static let name = "PAGE"

    static func register() { MustacheContentTypes.register(Self(), named: name) }

    func escapeText(_ text: String) -> String {
        let plain = PlainText(text, keepingLines: true).description
        guard plain.utf8.contains(where: { Self.entities[$0] != nil }) else { return plain }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(plain.utf8.count + 32)
        for byte in plain.utf8 {
            if let entity = Self.entities[byte] { bytes += entity.utf8 } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of a form field that shows `text`, with the browser's line breaks.
    static func field(_ text: String) -> String {
        PlainText(
            text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: "\n"),
            keepingLines: true
        ).description
    }

    private static let entities: [UInt8: String] = [
        UInt8(ascii: "<"): "&lt;", UInt8(ascii: ">"): "&gt;", UInt8(ascii: "&"): "&amp;",
        UInt8(ascii: "\""): "&quot;", UInt8(ascii: "'"): "&#39;",
    ]
}
