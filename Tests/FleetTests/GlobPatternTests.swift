import Testing

@testable import Fleet

/// Patterns of the shell, as in sections of `ltsp.conf`.
@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("pc-*", "pc-1", true), ("pc-*", "pc-", true), ("pc-*", "xpc-1", false), ("*", "", true),
        ("pc-?", "pc-1", true), ("pc-?", "pc-", false), ("pc-?", "pc-12", false), ("[ab]c", "bc", true),
        ("[ab]c", "cc", false), ("[!ab]c", "cc", true), ("[^ab]c", "ac", false), ("[0-9a-f]:*", "e:1", true),
        ("[0-9a-f]:*", "g:1", false), ("[]x]", "]", true), ("[a-]", "-", true), ("[a-]", "b", false),
        ("[ab", "[ab", true), ("[ab", "a", false), (#"\*"#, "*", true), (#"\*"#, "x", false),
        (#"a\"#, #"a\"#, true),
        ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false), ("**", "x", true), ("", "", true),
        ("", "x", false),
        ("10.0.[0-3].*", "10.0.2.7", true), ("10.0.[0-3].*", "10.0.4.7", false),
        ("[[:alpha:]]-[[:digit:]_]", "x-7", true), ("[[:alpha:]]-[[:digit:]_]", "7-7", false),
        ("[[:alpha:]]-[[:digit:]_]", "x-_", true), ("[![:xdigit:]]", "g", true),
        ("[![:xdigit:]]", "F", false),
        ("[[:none:]x]", "n]", false), ("[:a]", ":", true), ("[9-0]", "9", false), ("[9-0a]", "a", true),
        (#"[\]a]"#, "]", true), (#"[a\-z]"#, "m", false), (#"[a\-z]"#, "-", true), ("[[:alpha:]", "a", false),
    ])
    func `fits what the shell would`(pattern: String, text: String, fits: Bool) {
        #expect(GlobPattern(pattern).matches(Array(text.utf8)) == fits)
    }

    @Test(arguments: [
        ("pc-1", false), ("pc-*", true), ("pc?", true), ("[a]", true), ("[a", false), (#"a\*"#, true),
        ("", false),
    ])
    func `is plain text without any of its characters`(pattern: String, hasWildcard: Bool) {
        #expect(GlobPattern(pattern).hasWildcard == hasWildcard)
    }

    /// The beginnings of a text that match are those that match as a whole; backwards, the same holds for its ends.
    @Test func `the lengths that match are those of the beginnings that do`() {
        var dice = SeededDice(41)
        let marks = ["a", "b", "*", "?", "[ab]", "[!a]", "."]
        for _ in 0..<400 {
            let pattern = GlobPattern(
                (0..<Int.random(in: 0...6, using: &dice)).map { _ in
                    marks.randomElement(using: &dice) ?? ""
                }
                .joined())
            let text = (0..<Int.random(in: 0...8, using: &dice)).map { _ in
                Array("ab.".utf8).randomElement(using: &dice) ?? 0
            }
            #expect(
                pattern.lengths(matchingIn: text)
                    == (0...text.count).filter { pattern.matches(Array(text.prefix($0))) })
            #expect(
                pattern.reversed.lengths(matchingIn: text.reversed())
                    == (0...text.count).filter { pattern.matches(Array(text.suffix($0))) })
        }
    }

    @Test(.timeLimit(.minutes(10))) func `many stars take no longer than the text times the pattern`() {
        let pattern = GlobPattern(String(repeating: "a*", count: 500) + "b")
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 5_000)))
    }
}
