import Fleet
import Foundation
import Testing

@Suite struct RecordSettingsTests {
    private let settings: [String: SettingValue] = [
        "root-password-hash": .text("$6$secret"), "registration-pin": .text("47110815"),
        "loader": .text("ipxe"),
    ]

    @Test func `records show secrets only to the store's encoder`() throws {
        let node = Node(name: try NodeName("pc-1"), macAddresses: [], settings: settings)
        let group = NodeGroup(path: .site, settings: settings)
        let rule = MatchRule(name: try RuleName("small"), condition: "memory < 2 GiB", settings: settings)
        for record in [node, group, rule] as [any Codable] {
            let encoder = JSONEncoder()
            let shown = String(decoding: try encoder.encode(record), as: UTF8.self)
            #expect(!shown.contains("secret") && !shown.contains("47110815"), "\(shown)")
            #expect(shown.contains("(set)") && shown.contains("ipxe"), "\(shown)")
            encoder.userInfo[RecordSettings.revealsSecrets] = true
            let stored = String(decoding: try encoder.encode(record), as: UTF8.self)
            #expect(stored.contains("$6$secret") && !stored.contains("(set)"), "\(stored)")
        }
        let encoder = JSONEncoder()
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        #expect(try JSONDecoder().decode(Node.self, from: encoder.encode(node)) == node)
    }

    @Test func `a placeholder that comes back leaves the secret unchanged`() {
        let shown = RecordSettings.redacted(settings)
        #expect(shown["root-password-hash"] == RecordSettings.hidden)
        #expect(RecordSettings.merged(shown, into: settings) == settings)
        #expect(RecordSettings.merged(shown, into: nil) == ["loader": .text("ipxe")])
        var changed = shown
        changed["root-password-hash"] = .text("$6$other")
        #expect(RecordSettings.merged(changed, into: settings)["root-password-hash"] == .text("$6$other"))
    }
}
