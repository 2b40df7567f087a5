import Fleet
import Testing

@testable import Center

/// Messages as phrases with values.
@Suite struct SentenceTests {
    @Test func `an interpolated text is a phrase and its values, which come back in one pass`() {
        let sentence: Sentence = "stuck after \("kernel"): no read since \(40) s"
        #expect(sentence.phrase == "stuck after %1: no read since %2 s")
        #expect(sentence.english == "stuck after kernel: no read since 40 s")
        // What a machine says is no place for another value.
        let hostile: Sentence = "failed: \("%2 %1 100 %"), \("b")"
        #expect(hostile.english == "failed: %2 %1 100 %, b")
        // Other languages have another order.
        #expect(sentence.filled { _ in "%2 s sans lecture, %1 % %9" } == "40 s sans lecture, kernel % %9")
        let inner: Sentence = "a \(1)"
        let outer: Sentence = "\(inner) of \(2)"
        #expect(outer.filled { $0.replacing("a", with: "un") } == "un 1 of 2")
    }

    @Test(arguments: Language.allCases.filter { $0 != .english })
    func `what is wrong with nodes, and why a text is no name, is said in every language`(language: Language)
        throws
    {
        let words = Words(language, phrases: Assets.phrases)
        for stage in BootStage.allCases where ![.ready, .off].contains(stage) {
            let phrase = stage.stuckSentence(nil).phrase
            #expect(words.has(phrase), "\(phrase)")
            #expect(words.has(stage.usualFix), "\(stage.usualFix)")
        }
        let error = #expect(throws: InvalidName.self) { try NodeName("a b") }
        let shown = try words(#require(error))
        #expect(shown.contains("a b") && !shown.contains("letters"), "\(shown)")
    }
}
