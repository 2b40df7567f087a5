/// A name as a person types it at a log-in screen: `anna`, `anna@school.example`, and for Windows also `SCHOOL\Anna Müller` or `.\anna`.
///
/// None is an option, a path, a line of `/etc/passwd`, or text that a terminal or a log obeys. What a shell would take for its own is in none
/// but the apostrophe and the space, which are not in ``isPlain`` ones.
package struct TypedName: Equatable, Sendable {
    package let text: String

    /// Bytes of UTF-8.
    package static let byteLimit = 128

    /// Nil: it is no name of an account.
    package init?(_ text: String) {
        let parts = text.split(separator: "\\", omittingEmptySubsequences: false)
        guard (1...Self.byteLimit).contains(text.utf8.count), (1...2).contains(parts.count),
            parts.count == 1 || Self.isDomain(parts[0]), let name = parts.last, Self.isName(name)
        else { return nil }
        self.text = text
    }

    /// Whether Linux servers may have an account of that name: without what Windows alone has in names.
    package var isPlain: Bool {
        text.unicodeScalars.first != "."
            && text.unicodeScalars.allSatisfy { $0.isASCII && $0 != " " && $0 != "'" }
    }

    /// Of Windows: a short name, a name of the DNS, or `.` for the computer itself.
    private static func isDomain(_ text: Substring) -> Bool {
        text == "." || isWord(text, of: "-._", beginningWith: "")
    }

    private static func isName(_ text: Substring) -> Bool {
        let last = text.unicodeScalars.last
        return isWord(text, of: "+-.@_' ", beginningWith: "_") && last != " " && last != "@"
            && text.unicodeScalars.count { $0 == "@" } <= 1
    }

    /// Letters and digits of any script, and some others. Accents follow letters only: after another character they would hide it from
    /// those who look for that one.
    private static func isWord(_ text: Substring, of others: String, beginningWith firsts: String) -> Bool {
        var (isFirst, isLetter) = (true, false)
        for scalar in text.unicodeScalars {
            if !(isLetter && isMark(scalar)) {
                isLetter = isLetterOrDigit(scalar)
                guard isLetter || (isFirst ? firsts : others).unicodeScalars.contains(scalar) else {
                    return false
                }
            }
            isFirst = false
        }
        return !isFirst
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber:
            true
        default: false
        }
    }

    /// Accents that follow their letter.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: true
        default: false
        }
    }
}
