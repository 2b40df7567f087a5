package import Wire

/// A boot loader's script. What the program itself says stands in its literals; what is put into them has a type whose texts no
/// loader can take for its own language, so that a plain string, which may come from a machine, cannot get there.
package struct LoaderScript: ExpressibleByStringInterpolation, Sendable {
    package let text: String

    package init(stringLiteral text: StaticString) { self.text = text.description }
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// One below the other.
    init(lines: [LoaderScript]) { text = lines.map(\.text).joined(separator: "\n") }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {}
        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        package mutating func appendInterpolation(_ part: some LoaderSafe) { text += part.loaderText }
    }
}

/// What a loader's script may hold beside its own literals.
package protocol LoaderSafe {
    /// Without anything that iPXE (https://ipxe.org/scripting) or GRUB (manual, "Shell-like scripting") obeys: separators,
    /// variables, quotes, comments, the end of a line.
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

/// Text for a person in front of a machine. Its source may be a machine: the report of why a boot failed is shown there.
package struct ScreenText: LoaderSafe, Equatable, Sendable {
    /// More does not fit on a screen, and a machine may report four thousand.
    static let limit = 400
    private static let marks = Set(#" .,:/@+-_=()[]<>%*!?""#.unicodeScalars)
    /// What firmware cannot draw, and its nearest.
    private static let substitutes: [Unicode.Scalar: String] = [
        "‘": "\"", "’": "\"", "«": "\"", "»": "\"", "–": "-", "→": "->", "'": "\"", ";": ",", "\t": " ",
        "\n": " ",
    ]

    package let loaderText: String

    /// Letters, digits and marks of ASCII stay; what a loader would obey, or a screen cannot show, is replaced.
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

    /// - Parameter words: what is no such word is left out; a setting that has one is refused when it is made.
    package init(_ words: [String]) { self.words = words.filter(Self.isWord) }

    package var loaderText: String { words.joined(separator: " ") }

    /// Printable ASCII without what ends a word, or what a loader obeys.
    package static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Self.obeyed.contains($0) }
    }

    private static let obeyed = Set(#""'\;&|$`{}#<>"#.utf8)
}
