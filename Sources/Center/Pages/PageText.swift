import Mustache
import Wire

/// What templates do to every text that they show: HTML has nothing to obey in it, and nothing in it turns round what stands beside it.
///
/// Scalar by scalar: the template engine's own way looks at characters, and takes a quotation mark with a combining accent behind it
/// for another character than a quotation mark. Browsers do not.
struct PageText: MustacheContentType {
    /// In front of a template.
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

    /// What a field of a form holds when it shows `text`, in the browser's lines.
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
