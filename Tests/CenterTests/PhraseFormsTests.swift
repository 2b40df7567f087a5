import Fleet
import Testing

@testable import Center

/// Texts of stores, nodes and agents, which pages say in their language.
@Suite struct PhraseFormsTests {
    private static let french = Words.of(.french)

    @Test(arguments: [
        ("node pc-1 added to /school", "nœud pc-1 ajouté à /school"),
        ("node pc-1 changed: loader, tags", "nœud pc-1 modifié\u{A0}: loader, tags"),
        ("it still runs", "il fonctionne toujours"),
        // A value that is a phrase, or ends with one.
        ("settings of group /school changed: loader", "réglages modifiés (groupe /school)\u{A0}: loader"),
        ("revision 7 undone: rule small removed", "révision 7 annulée\u{A0}: règle small supprimée"),
        ("pc-1: not ready within 300 s", "pc-1\u{A0}: pas prêt en 300 s"),
        ("pc-1: not ready within 300 s, and 2 more", "pc-1\u{A0}: pas prêt en 300 s, et 2 de plus"),
        ("step 20-network: no message", "étape 20-network\u{A0}: pas de message"),
        ("no free address; nothing to boot", "pas d’adresse libre\u{202F}; rien à démarrer"),
        // The form with most words of its own.
        ("account ann changed, with a new password", "compte ann modifié, avec un nouveau mot de passe"),
        ("token ‘on the beamer’ of ann revoked", "jeton «\u{A0}on the beamer\u{A0}» de ann révoqué"),
    ])
    func `a text becomes the phrase that it was made of`(text: String, said: String) {
        #expect(Self.french.told(text) == said)
        #expect(Words.of(.english).told(text) == text)
    }

    @Test(arguments: [
        "", "pc-1", "Fewer lines in room 3", "E: Unable to locate package", "node  added to ", "a b: c d",
        "; ",
        ": it still ran", String(repeating: "node pc-1 ", count: 400),
    ])
    func `what is no phrase stays as it is`(text: String) { #expect(Self.french.told(text) == text) }

    /// A node sends what it likes: what many forms fit in part is given up, not tried in all ways.
    @Test func `a text that hundreds of forms fit is given up soon`() {
        let between = Assets.phrases.split(separator: "\n\n").compactMap { block in
            block.prefix { $0 != "\n" }.wholeMatch(of: /%1( [a-z ]+ )%2/).map { String($0.output.1) }
        }
        #expect(between.count > 5)
        let text = "w" + (0..<40).map { between[$0 % between.count] + "w\($0)" }.joined()
        #expect(!Self.french.told(text).isEmpty)
    }

    /// Names that look like a phrase in a phrase, or like a place for a value.
    @Test func `values stay as they are`() {
        #expect(Self.french.told("node added added to /%1") == "nœud added ajouté à /%1")
        #expect(Self.french.told("machine to approved as as") == "machine to approuvée sous le nom as")
    }

    /// What records say of a change of them is in no other language unless its form is a phrase.
    @Test func `the summaries of changes are known in every language`() throws {
        let summaries = try [
            FleetEdit.node(NodeName("pc-1"), nil), .group(GroupPath("/school"), nil),
            .rule(RuleName("small"), nil),
        ].map { $0.summary(in: .empty) }
        for language in Language.allCases where language != .english {
            let words = Words.of(language)
            for summary in summaries { #expect(words.told(summary) != summary, "\(language): \(summary)") }
        }
    }
}
