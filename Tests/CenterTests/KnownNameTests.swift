import API
import Fleet
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import Center

/// What requests name: refused where it is not there, whatever way they take, and followed where it moves.
@Suite struct KnownNameTests {
    private let fleet: SmallFleet

    init() async throws { fleet = try await SmallFleet() }

    private func ask(_ method: String, _ path: String, _ body: String? = nil) async throws
        -> SmallFleet.Answer
    {
        let token = Person(role: .admin, place: .site).token
        return try await fleet.ask(
            method, "/api/v1/\(path)", headers: [.authorization: "Bearer \(token)"], body: body)
    }

    @Test(arguments: [
        ("PUT", "nodes/fresh", #"{"name":"fresh","group":"/scool"}"#, 404, "did you mean ‘/school’?"),
        (
            "PUT", "nodes/fresh", #"{"name":"fresh","settings":{"image":"debain"}}"#, 422,
            "image: there is no image ‘debain’ (roost image list shows all); did you mean ‘debian’?"
        ),
        ("PATCH", "nodes/pc-1", #"{"settings":{"pool":"none"}}"#, 422, "pool: there is no pool none"),
        (
            "POST", "changes", #"{"edits":[{"settings":{"target":"/school","set":{"known-nodes":"/of"}}}]}"#,
            422, "known-nodes: there is no group /of"
        ),
        (
            "POST", "plan",
            #"{"edits":[{"settings":{"target":"/school","set":{"files":{"/x":"stored:spar"}}}}]}"#, 422,
            "did you mean ‘spare’?"
        ),
        ("POST", "hooks", #"{"url":"https://chat.example/x","group":"/scool"}"#, 404, "‘/school’?"),
        ("GET", "nodes/pc-11", nil, 404, "there is no node ‘pc-11’"),
        ("GET", "groups/settings?path=/scool", nil, 404, "did you mean ‘/school’?"),
    ])
    func `what is not there is refused`(
        method: String, path: String, body: String?, status: Int, told: String
    ) async throws {
        let revision = fleet.services.fleet.snapshot.revision
        let answer = try await ask(method, path, body)
        let said = answer.body.replacing("\\/", with: "/")
        #expect(answer.status == status && said.contains(told), "\(answer.status) \(said)")
        #expect(fleet.services.fleet.snapshot.revision == revision)
    }

    @Test func `undo brings back what a record named, where it is there still`() async throws {
        let (fleet, school) = (self.fleet.services.fleet, try GroupPath("/school"))
        let (office, pool, fresh) = (
            try GroupPath("/office"), try PoolName("elsewhere"), try NodeName("fresh")
        )
        var node = Node(name: fresh, group: school, macAddresses: [])
        node.settings = ["pool": .text(pool.text)]
        try await fleet.change(by: "test") { [node] _ in
            [.pool(pool, TerminalPool(name: pool, group: office)), .node(fresh, node)]
        }
        // They see the school alone.
        let acts = Acts(
            services: self.fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin, in: school)], proof: .localSocket))
        try await acts.removeNode(fresh)
        _ = try await acts.undo(acts.revision)
        #expect(fleet.snapshot.nodes[fresh]?.settings == node.settings)
        try await acts.removeNode(fresh)
        let removal = acts.revision
        try await fleet.change(by: "test") { _ in [.pool(pool, nil)] }
        let reason = "revision \(removal) cannot be undone: pool: there is no pool elsewhere"
        let problem = try await acts.undoableRevision(removal, offset: 0, limit: 0).undoProblem
        #expect(problem?.english.hasPrefix(reason) == true)
        let refusal = await #expect(throws: StoreError.self) { try await acts.undo(removal) }
        #expect(refusal?.description.hasPrefix(reason) == true)
    }

    @Test func `a group's settings have what it inherits`() async throws {
        let body = #"{"edits":[{"settings":{"target":"/","set":{"locale":"pt_PT.UTF-8"}}}]}"#
        #expect(try await ask("POST", "changes", body).status == 200)
        let answer = try await ask("GET", "groups/settings?path=/school")
        let settings = try JSONDecoder().decode([SettingAnswer].self, from: Data(answer.body.utf8))
        let locale = settings.first { $0.name == "locale" }
        #expect(locale?.value == .text("pt_PT.UTF-8") && locale?.origin == "site")
        #expect(settings.count >= SettingDefinition.all.count)
    }

    @Test func `a time zone is one of the server's`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/Europe"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let none = ZoneFiles(directory: directory.path)
        // A server without zones refuses none.
        #expect(none.problem(of: "Europe/Berln") == nil)
        // A zone without any change: the header of version 1, one type, and its name (RFC 8536 §3).
        let counts: [UInt8] = [0, 0, 0, 0].flatMap { [0, 0, 0, UInt8($0)] } + [0, 0, 0, 1, 0, 0, 0, 4]
        let header = Array("TZif".utf8) + [0] + [UInt8](repeating: 0, count: 15) + counts
        let zone = header + [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
        for name in ["Berlin", "Rome"] {
            try Data(zone).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        let files = ZoneFiles(directory: directory.path)
        try #require(files.zone("Europe/Berlin") != nil)
        #expect(files.problem(of: "Europe/Berlin") == nil)
        #expect(
            files.problem(of: "Europe/Berln")
                == "there is no time zone ‘Europe/Berln’ on this server (the package tzdata-legacy has old names); did you mean ‘Europe/Berlin’?"
        )
        // What is no name leads to no file, and is not kept.
        #expect(files.zone("Europe/../Europe/Berlin") == nil)
        let long = "Europe/" + String(repeating: "a", count: 1_000_000)
        #expect(files.zone(long) == nil)
        #expect(files.problem(of: long).map { $0.english.utf8.count < 200 } == true)
    }

    @Test func `the form of a secret has all that the command line has`() throws {
        func names(_ hasReceiver: Bool) -> Set<String> {
            let view = SecretsView(
                [], failure: nil, mayAdd: true,
                offer: SecretsView.Offer(group: .site, hasReceiver: hasReceiver),
                Words(.english, phrases: ""))
            // The box that shows the value is the page's own.
            return Set(view.added?.parts.flatMap(\.fields).map(\.name) ?? []).subtracting(["reveal"])
        }
        let options: Set<String> = [
            "name", "group", "node", "rule", "path", "mode", "owner", "arming", "kind", "value", "base64",
            "as", "file", "length", "alphabet", "days", "names", "server", "authority", "minutes", "groups",
            "program",
            "seconds",
        ]
        #expect(names(false) == options)
        #expect(names(true) == options.union(["receiver", "for"]))
    }

    @Test func `a form makes a secret for web hooks`() async throws {
        let admin = Person(role: .admin, place: .site)
        let form =
            "name=chat&group=/&receiver=https://chat.example&base64=AP8%3D&kind=value&arming=off&csrf=\(admin.csrfToken)"
        let answer = try await fleet.ask(
            "POST", "/secrets",
            headers: [
                .cookie: "__Host-roost=\(admin.cookie)",
                .contentType: "application/x-www-form-urlencoded",
            ], body: form)
        #expect(answer.status == 303, "\(answer.body)")
        let secret = fleet.services.fleet.snapshot.contents.secrets[try SecretName("chat")]
        #expect(secret?.receiver == "https://chat.example")
        let shown = SecretView(
            SecretAnswer(try #require(secret), isSpent: false), failure: nil, mayChange: true,
            Words(.english, phrases: ""))
        #expect(shown.receiver == "https://chat.example" && shown.armed == nil)
    }

    @Test func `a machine was last seen when it was last heard`() throws {
        #expect(LiveFacts.latest(of: 5, heard: 9) == 9 && LiveFacts.latest(of: 9, heard: 5) == 9)
        #expect(LiveFacts.latest(of: nil, heard: 5) == 5 && LiveFacts.latest(of: 5, heard: nil) == 5)
        #expect(LiveFacts.latest(of: nil, heard: nil) == nil)
    }
}
