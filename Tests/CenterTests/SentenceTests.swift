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
        let words = Words.of(language)
        for stage in BootStage.allCases where ![.ready, .off].contains(stage) {
            let phrase = stage.stuckSentence(nil).phrase
            #expect(words.has(phrase), "\(phrase)")
            #expect(words.has(stage.usualFix), "\(stage.usualFix)")
        }
        for step in [
            "10-modules", "20-network", "25-delivery", "30-root", "35-swap", "40-configuration",
            "50-handover",
        ] {
            let fix = BootStage.fix(ofFailure: "step \(step): no message")
            #expect(fix.english.contains("roost.break=\(step)") && words(fix).contains("roost.break=\(step)"))
            let hint = try #require(fix.english.split(separator: " (").first)
            #expect(!words(fix).contains(hint), "\(words(fix))")
        }
        for other in ["", "step 99-more: x", "no step"] {
            #expect(BootStage.fix(ofFailure: other).english == BootStage.failed.usualFix)
        }
        let error = #expect(throws: InvalidName.self) { try NodeName("a b") }
        let shown = try words(#require(error))
        #expect(shown.contains("a b") && !shown.contains("letters"), "\(shown)")
    }

    @Test func `a refusal has its values in each language, and is English in the API`() throws {
        let problem = Problem(403, "Forbidden", "\("bob") may not log in")
        let words = Words.of(.french)
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
        let words = Words.of(language)
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

/// Refusals and reasons with values, as pages show them.
extension SentenceTests {
    @Test func `what is said of a field or a setting is translated behind its name`() throws {
        let words = Words.of(.french)
        let length = #expect(throws: InvalidSetting.self) {
            _ = try SettingDefinition.named("boot-brake")?.checked(.integer(-1))
        }
        let shown = words(try #require(length))
        #expect(shown.hasPrefix("boot-brake\u{A0}: -1 n’est pas entre "), "\(shown)")
        // Values of another language's text are no places for values.
        let hostile: Sentence = "pools: \("%1 %2") are too many; a network has at most \(4)"
        #expect(words(hostile) == "pools\u{A0}: %1 %2, c’est trop\u{202F}; un réseau en a 4 au plus")
        // Errors among the values bring their own phrases.
        let nested: Sentence = "revision \(3) cannot be undone: \(Sentence("was changed since"))"
        #expect(words(nested) == "la révision 3 ne peut pas être annulée\u{A0}: a changé depuis")
        let inner = StoreError.conflict("\(InvalidSetting("‘\("x")’ is not a number"))")
        #expect(words(inner) == "«\u{A0}x\u{A0}» n’est pas un nombre")
        #expect(inner.description == "‘x’ is not a number")
    }

    @Test func `a sentence is an English text in JSON, and no phrase when it comes back`() throws {
        let reason = ExplainAnswer.Reason(choice: "nothing to boot", because: "canary of roll-out \(7)")
        let data = try JSONEncoder().encode(reason)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("\"canary of roll-out 7\"") && text.contains("\"nothing to boot\""))
        let read = try JSONDecoder().decode(ExplainAnswer.Reason.self, from: data)
        #expect(read.because == reason.because && read.because.values.count == 1)
    }

    @Test func `why a machine gets nothing is said in the page's language`() throws {
        let words = Words.of(.spanish)
        let reason = BootDecision.Reason.firstStage(loader: "ipxe.efi", setting: .group(.site))
        #expect(
            words(reason.sentence)
                == "el firmware recibe primero el cargador ipxe.efi (ajuste loader: sitio)")
        let error = #expect(throws: InvalidCondition.self) { try Condition("colour=red") }
        let shown = words(try #require(error))
        #expect(shown.contains("no existe el atributo «colour»"), "\(shown)")
    }
}
