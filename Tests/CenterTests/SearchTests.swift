import Fleet
import HTTPTypes
import Testing

@testable import Center

/// What is found by its name, and by whom.
@Suite struct SearchTests {
    @Test func `an exact name comes first, then beginnings, then parts, each in natural order`() {
        let names = ["lab-pc-1", "pc-10", "pc-2", "pc-1", "/school/pc-1", "other"]
        func found(_ text: String, limit: Int = 9) -> [String] {
            NameSearch(text).best(names, limit: limit) { $0 }
        }
        #expect(found("PC-1") == ["/school/pc-1", "pc-1", "pc-10", "lab-pc-1"])
        #expect(found("pc", limit: 4) == ["/school/pc-1", "pc-1", "pc-2", "pc-10"])
        #expect(found("1 lab") == ["lab-pc-1"])
        #expect(found("pc-3") == [] && NameSearch("  ").isEmpty)
        // A long search is cut, and costs no more.
        #expect(found(String(repeating: "z ", count: 100_000)) == [])
    }

    @Test func `what is to be done stands before or after a name, in the pages' language or in English`() {
        let words = Words.of(.french)
        for text in ["restart pc-7", "pc-7 restart", "\(words("Restart").lowercased()) pc-7"] {
            let question = FindQuestion(text, words)
            #expect(question.verb == .restart && question.name == "pc-7", "\(text)")
        }
        // Alone, it is a name.
        let alone = FindQuestion("restart", words)
        #expect(alone.verb == nil && alone.name == "restart")
    }

    @Test func `only what the caller sees is found`() async throws {
        let fleet = try await SmallFleet()
        func found(_ text: String, by person: Person) async throws -> String {
            let answer = try await fleet.ask(
                "GET", "/find?q=\(text)", headers: [.authorization: "Bearer \(person.token)"])
            #expect(answer.status == 200)
            return answer.body
        }
        let (all, school) = (Person(role: .admin, place: .site), Person(role: .helpdesk, place: .school))
        for (text, link) in [
            ("desk-1", "/nodes/desk-1"), ("office", "/groups?path=%2Foffice"),
            ("loader", "/settings#value-loader"), ("admin", "/administrators?name=admin-site"),
        ] {
            #expect(try await found(text, by: all).contains("href=\"\(link)\""), "\(text)")
            #expect(try await !found(text, by: school).contains("href=\"\(link)\""), "\(text)")
        }
        let own = try await found("pc-1", by: school)
        #expect(own.contains(#"href="/nodes/pc-1""#) && own.contains(#"href="/nodes/pc-1/restart""#))
        let auditor = try await found("pc-1", by: Person(role: .auditor, place: .school))
        #expect(!auditor.contains("/nodes/pc-1/restart"))
    }
}
