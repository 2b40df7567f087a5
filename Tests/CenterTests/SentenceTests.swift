import API
import Fleet
import Foundation
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

    @Test func `a refusal has its values in each language, and is English in the API`() throws {
        let problem = Problem(403, "Forbidden", saying: "\("bob") may not log in")
        let words = Words(.french, phrases: Assets.phrases)
        #expect(words(problem) == "bob ne peut pas se connecter")
        let body = String(decoding: try JSONEncoder().encode(problem), as: UTF8.self)
        #expect(body.contains("bob may not log in") && !body.contains("sentence"))
        // Without values the detail itself is the phrase; what is none stays.
        #expect(words(Problem(422, "Invalid", "a name is required")) == "un nom est requis")
        #expect(words(Problem(422, "Invalid", "%1 of no phrase")) == "%1 of no phrase")
        #expect(words(.unusable("x", "a number")) == "«\u{A0}x\u{A0}» n’est pas un nombre")
    }

    @Test(arguments: Language.allCases.filter { $0 != .english })
    func `why a log-in gets no session is said in every language`(language: Language) throws {
        let words = Words(language, phrases: Assets.phrases)
        let (server, pool) = (try TerminalName("ts-1"), try PoolName("lab"))
        let refusals: [LogInRefusal] = [
            .pool(pool, .foreignUser), .unknownNode, .unreadable("x"), .noPool, .missingPool(pool),
            .noProtocol, .closedAccount("ann"), .personsAccount(try LogInName("ann")), .unknownGroups("ann"),
            .hasSession(server), .sessionInOtherPool(server), .sessionOfOtherKind(server, .rdp),
            .noServer("x"), .silent(server), .tooFast, .usedRequest, .tookTooLong,
            .account(.passwordNeeded), .account(.unusableName), .account(.noGuests), .account(.notSet("x")),
            .account(.otherNode(try NodeName("pc"), "x")), .account(.unusableResult("x")),
            .account(.allInUse(2)),
        ]
        for refusal in refusals {
            for phrase in [refusal.reasonWords.text, refusal.reasonInPool.text] {
                #expect(words.has(phrase), "\(phrase)")
            }
        }
        // What servers are judged by comes with how many there are.
        let lack = PlacementLack(PlacementWords("it has never been heard"), count: 2)
        #expect(words(lack).hasPrefix("2 × ") && !words(lack).contains("heard"))
    }
}
