import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import Center

/// What callers with access to one group learn about another group's records from refusals, history and comparisons.
@Suite struct ForeignRecordsTests {
    private static let operator_ = Person(role: .operator_, place: .school)

    private func token(_ role: Role = .operator_) -> HTTPFields {
        [.authorization: "Bearer \(Person(role: role, place: .school).token)"]
    }

    private func session() -> HTTPFields {
        [
            .cookie: "__Host-roost=\(Self.operator_.cookie)", .csrfToken: Self.operator_.csrfToken,
            .contentType: "application/x-www-form-urlencoded",
        ]
    }

    private func move(_ place: Place, to other: Place, in fleet: SmallFleet) async throws {
        try await fleet.services.fleet.change(by: "test") { snapshot in
            var node = try #require(snapshot.nodes[NodeName(place.node)])
            node.group = try GroupPath(other.rawValue)
            return [.node(node.name, node)]
        }
    }

    // MARK: Comparisons

    @Test func `a form with the right secret is refused like one with a wrong secret`() async throws {
        let fleet = try await SmallFleet()
        try await fleet.services.fleet.change(by: "test") { snapshot in
            var site = snapshot.groups[.site] ?? NodeGroup(path: .site)
            site.settings["registration-pin"] = .text("482913")
            var office = try #require(snapshot.groups[GroupPath("/office")])
            office.settings["console"] = .list(["ttyS0"])
            return [.group(.site, site), .group(office.path, office)]
        }
        for (path, name, values) in [
            ("/", "registration-pin", ["482913", "111111"]), ("/office", "console", ["ttyS0", "ttyS1"]),
            ("/nowhere", "console", ["ttyS0"]),
        ] {
            for value in values {
                let answer = try await fleet.ask(
                    "POST", "/groups/edit", headers: session(),
                    body: "path=\(path)&value.\(name)=\(value)&has.\(name)=1")
                #expect(answer.status == 403, "\(path) \(name) \(value)")
            }
        }
    }

    @Test func `refusals do not reveal whether a foreign record has a tag`() async throws {
        let fleet = try await SmallFleet()
        let stored = try #require(fleet.services.fleet.snapshot.nodes[NodeName(Place.office.node)])
        for tag in [try RecordTag.of(stored), "\"0\""] {
            for (method, body) in [
                ("PUT", #"{"name":"desk-1","group":"/office","macAddresses":[]}"#), ("PATCH", "{}"),
                ("PATCH", #"{"settings":{"files":1}}"#), ("DELETE", nil),
            ] {
                var headers = token()
                headers[.ifMatch] = tag
                let answer = try await fleet.ask(
                    method, "/api/v1/nodes/desk-1", headers: headers, body: body)
                #expect(answer.status == 403, "\(method) \(tag)")
            }
            let answer = try await fleet.ask(
                "POST", "/nodes/desk-1/edit", headers: session(), body: "name=desk-1&tag=\(tag)")
            #expect(answer.status == 403, "\(tag)")
        }
    }

    @Test func `a tag does not help to guess a secret`() throws {
        let node = Node(
            name: try NodeName("pc"), macAddresses: [], settings: ["root-password-hash": .text("guess")])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        // FNV-1a, as an example of a hash without a key.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in try encoder.encode(node) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        #expect(try RecordTag.of(node) == RecordTag.of(node))
        #expect(try RecordTag.of(node) != "\"\(String(hash, radix: 16))\"")
        #expect(try !RecordTag.of(node).contains(Secrets.hash(encoder.encode(node).base64EncodedString())))
    }

    @Test func `refusals do not reveal which foreign groups exist`() async throws {
        let fleet = try await SmallFleet()
        for path in ["/office", "/nowhere"] {
            let answer = try await fleet.ask("GET", "/groups?path=\(path)", headers: session())
            #expect(answer.status == 403, "\(path)")
        }
    }

    @Test func `a change to a foreign group is refused like one to a missing group`() async throws {
        let fleet = try await SmallFleet()
        let places = ["/office", "/nowhere"]
        for path in places {
            for (from, to) in [(path, "/school/new"), ("/school", path)] {
                let form = try await fleet.ask(
                    "POST", "/groups/edit", headers: session(), body: "path=\(from)&new-path=\(to)")
                #expect(form.status == 403, "\(from) to \(to)")
                let edits = #"{"edits":[{"moveGroup":{"from":"\#(from)","to":"\#(to)"}}]}"#
                for method in ["changes", "plan"] {
                    let answer = try await fleet.ask(
                        "POST", "/api/v1/\(method)", headers: token(), body: edits)
                    #expect(answer.status == 403, "\(method): \(from) to \(to)")
                }
            }
        }
        for target in places + ["desk-1", "rule:nothing"] {
            // With a wrong kind, and with an unknown setting.
            for change in [#""add":{"loader":"x"}"#, #""set":{"colour":"x"}"#] {
                let answer = try await fleet.ask(
                    "POST", "/api/v1/changes", headers: token(),
                    body: #"{"edits":[{"settings":{"target":"\#(target)",\#(change)}}]}"#)
                #expect(answer.status == 403, "\(target) \(change)")
            }
        }
    }

    @Test func `a role in a foreign group is refused like one in a missing group`() async throws {
        let fleet = try await SmallFleet()
        for group in ["/office", "/nowhere"] {
            let answer = try await fleet.ask(
                "PUT", "/api/v1/administrators/eve", headers: token(.admin),
                body: #"{"grants":["helpdesk@\#(group)"],"password":"four random words"}"#)
            #expect(answer.status == 403, "\(group)")
        }
    }

    @Test func `a new source of authentication requires a new log-in`() async throws {
        let fleet = try await SmallFleet()
        let person = Person(role: .auditor, place: .school)
        let cookie: HTTPFields = [.cookie: "__Host-roost=\(person.cookie)"]
        #expect(try await fleet.ask("GET", "/api/v1/whoami", headers: cookie).status == 200)
        let wish = AdministratorRequest(grants: ["auditor@/school"], source: .ldap)
        _ = try await Acts(services: fleet.services, caller: .local).save(
            administrator: person.name, wish)
        #expect(try await fleet.ask("GET", "/api/v1/whoami", headers: cookie).status == 401)
    }

    // MARK: The past

    @Test func `lists of the past omit nodes that belong to another group now`() async throws {
        let fleet = try await SmallFleet()
        let past = fleet.services.fleet.snapshot
        try await move(.school, to: .office, in: fleet)
        func acts(_ place: Place) throws -> Acts {
            let caller = Caller(
                name: "teacher", grants: [Grant(.operator_, in: try GroupPath(place.rawValue))],
                proof: .token(1))
            return Acts(services: fleet.services, caller: caller, at: Clock.second)
        }
        let node = try #require(past.nodes[NodeName(Place.school.node)])
        #expect(try !acts(.school).sees(node, in: past))
        #expect(throws: Problem.self) { try acts(.school).requireReading(node, named: "", in: past) }
        // Nor does its present group see it.
        #expect(try !acts(.office).sees(node, in: past))
        #expect(try acts(.site).sees(node, in: past))
        for (place, isSeen) in [(Place.school, false), (.office, false), (.site, true)] {
            for query in ["", node.name.text] {
                let rows = try await acts(place).nodes(query, offset: 0, limit: 99, in: past).rows
                #expect(rows.contains { $0.name == node.name } == isSeen, "\(place) \(query)")
            }
            let export = try acts(place).export(in: past)
            #expect(export[Node.self].contains { $0.name == node.name } == isSeen, "\(place)")
            // The other records of an export.
            #expect(try acts(place).sees(node, at: node.name) == isSeen, "\(place)")
        }
        // By its cards, too: here it has been renamed meanwhile.
        try await fleet.services.fleet.change(by: "test") { _ in [.volume(node.name, nil)] }
        try await fleet.services.fleet.change(by: "test") { snapshot in
            var other = try #require(snapshot.nodes[node.name])
            other.name = try NodeName("renamed")
            return [.node(node.name, nil), .node(other.name, other)]
        }
        #expect(try !acts(.school).sees(node, in: past))
        #expect(try acts(.site).sees(node, in: past))
    }

    @Test func `what a node has told stays in its group once it was removed`() async throws {
        let fleet = try await SmallFleet()
        let local = Acts(services: fleet.services, caller: .local)
        try await local.removeNode(NodeName(Place.office.node))
        let card = Place.office.macAddress
        func acts(_ place: Place) throws -> Acts {
            let caller = Caller(
                name: "helper", grants: [Grant(.operator_, in: try GroupPath(place.rawValue))],
                proof: .token(1))
            return Acts(services: fleet.services, caller: caller)
        }
        await #expect(throws: Problem.self) { try await acts(.school).log(card, lineCount: 9) }
        #expect(try await acts(.school).nodeDetails(card).seesTold == false)
        #expect(try await acts(.school).steps(card).boot == nil)
        #expect(try await acts(.school).node(card).sessions.isEmpty)
        // The machine itself is there for all, and all of it for those of the whole site.
        #expect(try await acts(.school).node(card).boots.count == 1)
        #expect(try await acts(.site).log(card, lineCount: 9).lines.contains { $0.contains("desk-1 is up") })
        #expect(try await acts(.site).steps(card).boot != nil)
    }

    /// The limit is the caller's: boots of another group's machines take no place in it.
    @Test func `the last boots of a group are found behind those of all others`() async throws {
        let fleet = try await SmallFleet()
        let list = try await fleet.ask("GET", "/api/v1/boots?limit=2", headers: token(.helpdesk)).body
        // The unknown machine, which belongs to no group, began last.
        #expect(list.contains(SmallFleet.waiting) && list.contains(Place.school.macAddress), "\(list)")
        #expect(!list.contains(Place.office.macAddress) && !list.contains(Place.site.macAddress))
    }

    @Test func `a node from another group does not reveal its past there`() async throws {
        let fleet = try await SmallFleet()
        try await move(.office, to: .school, in: fleet)
        let last = try await fleet.services.fleet.change(by: "test") { snapshot in
            var node = try #require(snapshot.nodes[NodeName(Place.office.node)])
            node.tags.append("ours")
            return [.node(node.name, node)]
        }
        let store = fleet.services.fleet.store
        let filter = RevisionFilter(kind: "node", key: Place.office.node, limit: 100)
        let numbers = try await store.revisions(filter).map(\.number)
        #expect(numbers.count > 3)
        for role in [Role.operator_, .auditor, .admin] {
            let list = try await fleet.ask(
                "GET", "/api/v1/revisions?kind=node&key=desk-1&limit=100", headers: token(role)
            ).body
            for number in numbers {
                let answer = try await fleet.ask("GET", "/api/v1/revisions/\(number)", headers: token(role))
                let isOwn = number == last.revision
                // A change to several places is shown only in part.
                #expect(isOwn == answer.body.contains("desk-1"), "\(number): \(answer.body)")
                #expect(isOwn == list.contains("\"number\":\(number),") || answer.status == 200)
            }
        }
        // Nor can they undo it: the node would return to its old place.
        let moved = numbers[1]
        let undone = try await fleet.ask("POST", "/api/v1/revisions/\(moved)/undo", headers: token())
        #expect(undone.status == 403)
    }
}
