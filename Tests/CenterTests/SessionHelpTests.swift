import API
import Fleet
import HTTPTypes
import Testing

@testable import Center

/// What is done with several sessions at once: the list with its boxes, and the page that names them.
@Suite struct SessionHelpTests {
    private static let silent = "ts-of-pc-1"

    /// The school's terminal server was heard a minute ago, with two sessions; that of the office is heard, with one.
    private static func fleet() async throws -> SmallFleet {
        let fleet = try await SmallFleet()
        _ = fleet.services.terminals.take(
            SmallFleet.report(users: ["ann", "bob"]), from: try TerminalName(silent),
            at: Clock.steadyMillisecond - 60_000)
        return fleet
    }

    private static func ask(
        _ body: String?, query: String = "", as person: Person = Person(role: .admin, place: .site),
        of fleet: SmallFleet
    ) async throws -> (status: Int, body: String) {
        var headers: HTTPFields = [.authorization: "Bearer \(person.token)"]
        if body != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        let answer = try await fleet.ask(
            body == nil ? "GET" : "POST", "/desktops/sessions\(query)", headers: headers, body: body)
        return (answer.status, answer.body)
    }

    @Test func `sessions that can be helped have boxes`() async throws {
        let fleet = try await Self.fleet()
        let all = try await Self.ask(nil, of: fleet).body
        #expect(all.contains(#"<fieldset class="bulk" data-stays>"#) && all.contains("data-select-all"))
        let others = all.matches(of: /form="bulk" name="session" value="([^"]*)"/).map {
            String($0.output.1)
        }
        #expect(!others.isEmpty && !others.contains { $0.hasPrefix("\(Self.silent)/") })
        #expect(all.contains(/<p data-live="desktop-count">[0-9]+ sessions<\/p>/))
        #expect(!all.contains("RDP :10") && all.contains(#"<td class="aside">RDP</td>"#))
        // The silent server and the state that only its sessions have are one chip.
        #expect(all.contains(#"server silent: ts-of-pc-1 <span class="count">2</span>"#))
        #expect(!all.contains(#"q=server%3Dts-of-pc-1">ts-of-pc-1 <span"#))
        let reader = Person(role: .auditor, place: .site)
        let read = try await Self.ask(nil, as: reader, of: fleet).body
        #expect(!read.contains("checkbox") && !read.contains(">Actions<"))
        let searched = try await Self.ask(nil, query: "?q=state%3Dconnected", of: fleet).body
        #expect(searched.contains(#"name="q" value="state=connected">"#))
    }

    @Test(arguments: ["message", "disconnect", "end"])
    func `several sessions are named before anything is done, and what was not done is said`(act: String)
        async throws
    {
        let fleet = try await Self.fleet()
        let picked = "session=ts-of-desk-1/0&session=\(Self.silent)/1&act=\(act)&q=bob"
        let asked = try await Self.ask(picked, of: fleet)
        #expect(asked.status == 200 && asked.body.contains("the selected sessions (2)"))
        #expect(asked.body.contains(#"name="session" value="ts-of-pc-1/1""#))
        #expect(asked.body.contains(#"name="confirmed" value="yes""#))
        #expect(asked.body.contains("<strong>bob</strong> · ts-of-pc-1"))
        #expect(asked.body.contains(#"href="/desktops/sessions?q=bob""#))
        #expect(asked.body.contains("What is not saved in the session is lost.") == (act == "end"))
        // No agent takes orders here.
        let done = try await Self.ask("\(picked)&text=Hello&confirmed=yes", of: fleet)
        #expect(done.status == 503)
        #expect(done.body.ranges(of: #"<p class="problem">"#).count >= 2)
        #expect(done.body.contains("bob · ts-of-pc-1: the agent of ts-of-pc-1"))
        if act == "message" {
            let empty = try await Self.ask("\(picked)&text=&confirmed=yes", of: fleet)
            #expect(empty.status == 422 && empty.body.contains("a message has 1 to"))
        }
    }

    @Test func `each session asks for its own permission`() async throws {
        let fleet = try await Self.fleet()
        let helper = Person(role: .helpdesk, place: .school)
        let own = "session=\(Self.silent)/0&act=end"
        #expect(try await Self.ask(own, as: helper, of: fleet).status == 200)
        for both in ["\(own)&session=ts-of-desk-1/0", "session=ts-of-desk-1/0&act=end&confirmed=yes"] {
            let refused = try await Self.ask(both, as: helper, of: fleet)
            #expect([403, 404].contains(refused.status), "\(both)")
        }
        for wrong in ["act=end", "session=ts-of-pc-1/0&act=burn", "session=&act=end"] {
            #expect(try await Self.ask(wrong, of: fleet).status == 422, "\(wrong)")
        }
        // Those that have ended meanwhile are not named.
        let gone = try await Self.ask("session=\(Self.silent)/77&act=end&confirmed=yes", of: fleet)
        #expect(gone.status == 200 && gone.body.contains("the selected sessions (0)"))
        #expect(!gone.body.contains(#"name="confirmed""#))
    }
}
