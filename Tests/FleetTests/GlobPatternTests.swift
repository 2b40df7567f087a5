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

    @Test(.timeLimit(.minutes(1))) func `many stars take no longer than the text times the pattern`() {
        let pattern = GlobPattern(String(repeating: "a*", count: 500) + "b")
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 5_000)))
    }
}
