import Fleet
import Sealing
import Testing

@testable import StoreSQLite

/// Records as the database keeps them.
@Suite struct RecordCoderTests {
    private let sealing = RecordCoder(secrets: NodeSecrets())
    private let open = RecordCoder(secrets: nil)

    private func rule(_ hash: String) throws -> MatchRule {
        MatchRule(
            name: try RuleName("r"), condition: "memory < 2GiB",
            settings: ["root-password-hash": .text(hash), "loader": .text("ipxe")])
    }

    @Test func `secrets are sealed, and nothing else`() throws {
        let rule = try rule("$6$word")
        let json = try sealing.json(rule)
        #expect(!json.contains("$6$word") && json.contains("ipxe"))
        #expect(try sealing.value(MatchRule.self, json: json) == rule)
        #expect(try open.json(rule).contains("$6$word"))
        #expect(try sealing.opened(json, kind: MatchRule.kind) == open.json(rule))
    }

    @Test func `another key opens nothing, and what is sealed stays so`() throws {
        let json = try sealing.json(rule("$6$word"))
        let other = RecordCoder(secrets: NodeSecrets())
        let read = try other.value(MatchRule.self, json: json)
        #expect(read.settings["root-password-hash"]?.sealed != nil)
        #expect(try sealing.value(MatchRule.self, json: other.json(read)) == rule("$6$word"))
    }

    @Test func `records of kinds without settings are not touched`() throws {
        #expect(try sealing.translated("{}", kind: LoaderRule.kind, to: open) == nil)
        #expect(try sealing.translated("{}", kind: "version", to: open) == nil)
        #expect(try sealing.opened(nil, kind: MatchRule.kind) == nil)
    }

    @Test func `a secret with a column of its own is sealed once`() throws {
        let sealed = sealing.sealed("https://host/word")
        #expect(!sealed.contains("word") && sealing.sealed(sealed) == sealed)
        #expect(sealing.opened(sealed) == "https://host/word")
        #expect(open.opened(sealed) == sealed && open.sealed("word") == "word")
        #expect(sealing.opened("word") == "word")
    }
}
