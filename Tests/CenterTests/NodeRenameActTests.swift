import API
import Fleet
import HTTPTypes
import Testing
import Wire

@testable import Center

/// Another name for a node, by the API and the page.
@Suite struct NodeRenameActTests {
    private static let card = "52:54:00:00:04:01"

    private func fleetWithSpare() async throws -> SmallFleet {
        let fleet = try await SmallFleet()
        let name = try NodeName("spare")
        let node = Node(
            name: name, group: try GroupPath(Place.school.rawValue),
            macAddresses: [try #require(MACAddress(Self.card))], tags: ["lab"])
        _ = try await fleet.services.fleet.change(by: "test") { _ in [.node(name, node)] }
        return fleet
    }

    private func rename(
        _ name: String, to new: String, _ fleet: SmallFleet, ifMatch: String? = nil
    ) async throws -> SmallFleet.Answer {
        let person = Person(role: .admin, place: .site)
        var headers: HTTPFields = [
            .authorization: "Bearer \(person.token)", .contentType: "application/json",
        ]
        headers[.ifMatch] = ifMatch
        return try await fleet.ask(
            "POST", "/api/v1/nodes/\(name)/rename", headers: headers, body: #"{"name":"\#(new)"}"#)
    }

    @Test func `a node gets another name in one revision, which undo takes back`() async throws {
        let fleet = try await fleetWithSpare()
        let revision = fleet.services.fleet.snapshot.revision
        let answer = try await rename("spare", to: "office-9", fleet)
        #expect(answer.status == 200 && answer.headers[.eTag] != nil, "\(answer.body)")
        let snapshot = fleet.services.fleet.snapshot
        #expect(snapshot.revision == revision + 1)
        #expect(snapshot.nodes[try NodeName("spare")] == nil)
        #expect(snapshot.nodes[try NodeName("office-9")]?.tags == ["lab"])
        #expect(snapshot.node(at: MACAddress(Self.card))?.name.text == "office-9")
        let last = try await fleet.services.fleet.store.revision(revision + 1)
        #expect(last.what == "node spare renamed to office-9")
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        _ = try await acts.undo(revision + 1)
        #expect(fleet.services.fleet.snapshot.node(at: MACAddress(Self.card))?.name.text == "spare")
    }

    @Test func `the answer names rules that do not follow, for a rename and for changes`() async throws {
        let fleet = try await fleetWithSpare()
        let rule = MatchRule(name: try RuleName("spares"), condition: "spare*")
        _ = try await fleet.services.fleet.change(by: "test") { _ in [.rule(rule.name, rule)] }
        let answer = try await rename("spare", to: "office-9", fleet)
        #expect(
            answer.body.contains(#""warnings":["rule spares fits spare, and not office-9"]"#),
            "\(answer.body)")
        #expect(answer.body.contains(#""name":"office-9""#))
        // Back, as a list of changes.
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        let (name, spare) = (try NodeName("office-9"), try NodeName("spare"))
        var node = try #require(fleet.services.fleet.snapshot.nodes[name])
        node.name = spare
        let made = try await acts.makeNoting(
            ChangeRequest(edits: [
                ChangeRequest.Edit(.node(name, nil)), ChangeRequest.Edit(.node(spare, node), isNew: true),
            ]))
        #expect(made.warnings == ["rule spares fits spare, and did not fit office-9"])
    }

    /// As `roost node rename --plan` asks.
    @Test func `secrets of a node that a list of changes renames stay, though they are shown as set only`()
        async throws
    {
        let fleet = try await fleetWithSpare()
        let (name, new) = (try NodeName("spare"), try NodeName("office-9"))
        var node = try #require(fleet.services.fleet.snapshot.nodes[name])
        node.settings = ["root-password-hash": .text("$y$j9T$x$y")]
        let secret = node
        _ = try await fleet.services.fleet.change(by: "test") { _ in [.node(name, secret)] }
        (node.name, node.settings) = (new, RecordSettings.redacted(node.settings))
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        let made = try await acts.makeNoting(
            ChangeRequest(edits: [
                ChangeRequest.Edit(.node(name, nil)), ChangeRequest.Edit(.node(new, node), isNew: true),
            ]))
        #expect(made.warnings == nil)
        #expect(fleet.services.fleet.snapshot.nodes[new]?.settings == secret.settings)
        // A node that is new gets nothing of others.
        var other = node
        other.name = try NodeName("office-10")
        other.macAddresses = [try #require(MACAddress("52:54:00:00:04:09"))]
        let added = other
        _ = try await acts.makeNoting(
            ChangeRequest(edits: [
                ChangeRequest.Edit(.node(new, nil)), ChangeRequest.Edit(.node(added.name, added)),
            ]))
        #expect(fleet.services.fleet.snapshot.nodes[added.name]?.settings.isEmpty == true)
    }

    @Test func `SSH clients know a renamed node by the same key, and a new one with its old name by another`()
        async throws
    {
        let fleet = try await fleetWithSpare()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        /// By their names.
        func keys() async throws -> [String: String] {
            let lines = try await acts.knownHosts().split(separator: "\n")
            return Dictionary(
                lines.compactMap { line -> (String, String)? in
                    let words = line.split(separator: " ", maxSplits: 1)
                    guard let name = words.first?.split(separator: ",").first else { return nil }
                    return (String(name), String(words[1]))
                }, uniquingKeysWith: { first, _ in first })
        }
        let key = try #require(await keys()["spare"])
        _ = try await rename("spare", to: "office-9", fleet)
        #expect(try await keys()["office-9"] == key)
        let name = try NodeName("spare")
        let other = Node(name: name, macAddresses: [try #require(MACAddress("52:54:00:00:04:09"))])
        _ = try await fleet.services.fleet.change(by: "test") { _ in [.node(name, other)] }
        let now = try await keys()
        #expect(now["office-9"] == key && now["spare"] != nil && now["spare"] != key)
        // As the store keeps it.
        #expect(try await fleet.services.fleet.reload().hostKeyName(of: NodeName("office-9")) == name)
    }

    @Test func `a volume goes along, history follows, and undo takes both back`() async throws {
        let fleet = try await SmallFleet()
        let (old, new) = (try NodeName(Place.school.node), try NodeName("office-9"))
        let volume = try #require(fleet.services.fleet.snapshot.volume(of: old))
        #expect(try await rename(old.text, to: new.text, fleet).status == 200)
        let snapshot = fleet.services.fleet.snapshot
        #expect(snapshot.volume(of: new)?.path == volume.path && snapshot.volume(of: old) == nil)
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        func history(of name: NodeName) async throws -> [String] {
            try await acts.revisions(RevisionFilter(kind: "node", key: name.text, limit: 100)).0.map(\.what)
        }
        let whole = try await history(of: new)
        #expect(whole.first == "node \(old) renamed to \(new)")
        #expect(whole.count > 1)
        #expect(try await history(of: old) == whole)
        // Another node with the old name is another history.
        _ = try await fleet.services.fleet.change(by: "test") { _ in
            [.node(old, Node(name: old, macAddresses: [try #require(MACAddress("52:54:00:00:04:09"))]))]
        }
        #expect(try await history(of: new) == whole)
        _ = try await fleet.services.fleet.change(by: "test") { _ in [.node(old, nil)] }
        _ = try await acts.undo(snapshot.revision)
        #expect(fleet.services.fleet.snapshot.volume(of: old) == volume)
        #expect(fleet.services.fleet.snapshot.volume(of: new) == nil)
    }

    @Test func `a name that is taken and another state are refused`() async throws {
        let fleet = try await fleetWithSpare()
        let revision = fleet.services.fleet.snapshot.revision
        let office = Place.office.node
        #expect(try await rename("spare", to: office, fleet).status == 409)
        #expect(try await rename("spare", to: "spare", fleet).status == 409)
        #expect(try await rename("spare", to: "not_a_name", fleet).status == 422)
        #expect(try await rename("spare", to: "office-9", fleet, ifMatch: "\"0\"").status == 412)
        #expect(try await rename("nothing", to: "office-9", fleet).status == 404)
        #expect(fleet.services.fleet.snapshot.revision == revision)
    }

    @Test func `the page refuses a name that is taken, and replaces no other node`() async throws {
        let fleet = try await fleetWithSpare()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        let name = try NodeName("spare")
        let tag = try #require(try await acts.taggedNode(name.text).tag)
        let other = try NodeName(Place.office.node)
        #expect(throws: StoreError.self) {
            try acts.planNode(name, ifMatch: tag) { stored in
                var node = stored
                node.name = other
                return node
            }
        }
    }
}
