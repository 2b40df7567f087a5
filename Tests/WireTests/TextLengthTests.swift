import Testing
import Wire

@Suite struct TextLengthTests {
    /// One character for people, with a thousand scalars.
    private let marked = "a" + String(repeating: "\u{0301}", count: 999)

    @Test func `length is counted in scalars, so that a character cannot hold a megabyte`() {
        #expect(marked.count == 1 && !marked.hasLength(in: 1...100) && marked.hasLength(in: 1...1_000))
        for (text, isGood) in [("", false), ("a", true), ("日本語", true), ("éàü", true), ("abcd", false)] {
            #expect(text.hasLength(in: 1...3) == isGood, "\(text)")
        }
        #expect("".hasLength(in: 0...3))
        #expect(!String(repeating: "a", count: 1 << 20).hasLength(in: 1...100))
    }

    @Test func `a beginning has at most that many scalars, and whole ones`() {
        #expect(marked.beginning(length: 3) == "a\u{0301}\u{0301}")
        #expect("日本語".beginning(length: 2) == "日本" && "日本語".beginning(length: 3) == "日本語")
        #expect("".beginning(length: 3).isEmpty && "abc".beginning(length: 0).isEmpty)
    }
}
