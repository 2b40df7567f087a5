package import Wire

/// A boot loader's script. The program's own text is in its literals; interpolated values need a type whose text a loader cannot mistake
/// for its own language, so a plain string, possibly from a machine, cannot get in.
package struct LoaderScript: ExpressibleByStringInterpolation, Sendable {
    package let text: String

    package init(stringLiteral text: StaticString) { self.text = text.description }
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// The scripts, one per line.
    init(lines: [LoaderScript]) { text = lines.map(\.text).joined(separator: "\n") }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {}
        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        package mutating func appendInterpolation(_ part: some LoaderSafe) { text += part.loaderText }
    }
}

/// A value that may be inserted into a loader's script.
package protocol LoaderSafe {
    /// Without anything that has a meaning in iPXE (https://ipxe.org/scripting) or GRUB (manual, "Shell-like scripting"): separators,
    /// variables, quotes, comments, line ends.
    var loaderText: String { get }
}

extension LoaderScript: LoaderSafe { package var loaderText: String { text } }
extension Int: LoaderSafe { package var loaderText: String { String(self) } }
extension UInt16: LoaderSafe { package var loaderText: String { String(self) } }
extension Digest: LoaderSafe { package var loaderText: String { description } }
extension IPv4Address: LoaderSafe { package var loaderText: String { description } }
extension MACAddress: LoaderSafe { package var loaderText: String { description } }
extension NodeName: LoaderSafe { package var loaderText: String { text } }
extension ImageName: LoaderSafe { package var loaderText: String { description } }

/// Text for a person in front of a machine. It may come from a machine, such as the report of a failed boot.
package struct ScreenText: LoaderSafe, Equatable, Sendable {
    /// More does not fit on a screen, and a machine may report four thousand.
    static let limit = 400
    private static let marks = Set(#" .,:/@+-_=()[]<>%*!?""#.unicodeScalars)
    /// Characters that firmware cannot draw, with substitutes.
    private static let substitutes: [Unicode.Scalar: String] = [
        "‘": "\"", "’": "\"", "«": "\"", "»": "\"", "–": "-", "→": "->", "'": "\"", ";": ",", "\t": " ",
        "\n": " ",
    ]

    package let loaderText: String

    /// ASCII letters, digits and punctuation stay; characters with a meaning for a loader, or that a screen cannot show, are replaced.
    package init(_ text: String) {
        var safe = ""
        for scalar in text.unicodeScalars.prefix(Self.limit) {
            let isLetterOrDigit =
                ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            if isLetterOrDigit || Self.marks.contains(scalar) {
                safe.unicodeScalars.append(scalar)
            } else {
                safe += Self.substitutes[scalar] ?? "?"
            }
        }
        loaderText = safe
    }
}

/// Words of a kernel's command line.
package struct KernelWords: LoaderSafe, Equatable, Sendable {
    package let words: [String]

    /// - Parameter words: invalid words are left out; settings with such words are refused when made.
    package init(_ words: [String]) { self.words = words.filter(Self.isWord) }

    package var loaderText: String { words.joined(separator: " ") }

    /// Printable ASCII without characters that end a word or have a meaning for a loader.
    package static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Self.obeyed.contains($0) }
    }

    private static let obeyed = Set(#""'\;&|$`{}#<>"#.utf8)
}
