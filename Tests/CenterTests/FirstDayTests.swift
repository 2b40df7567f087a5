import API
import Fleet
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import Center

@Suite struct FirstImageTests {
    private func publish(_ name: String, _ number: Int, in fleet: LiveFleet) async throws {
        let manifest = ImageManifest(
            image: try ImageName(name), architecture: "amd64", kernelRelease: "6.1", system: "Debian",
            files: [],
            packages: [], origin: "test")
        let digest = try #require(Digest(String(repeating: "\(number)", count: 64)))
        _ = try await fleet.publish(manifest, digest: digest, by: "ann")
    }

    private func chosen(_ fleet: LiveFleet) -> String {
        fleet.snapshot.settings(of: GroupPath.site).shown(Settings.image.definition).description
    }

    @Test func `the first image becomes the site's, and a second one changes nothing`() async throws {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let node = Node(name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 0x02_0000_0000_01)])
        try await fleet.change(by: "ann") { _ in [.node(node.name, node)] }
        let policy = BootPolicy(
            server: IPv4Address(rawValue: 1), loaders: [],
            nodeArchives: [
                "amd64": NodeArchive(
                    digest: try #require(Digest(String(repeating: "a", count: 64))), byteCount: 1)
            ])
        #expect(
            fleet.snapshot.lack(of: node, under: policy)?.english.contains("no image has been published")
                == true)
        try await publish("debian", 1, in: fleet)
        #expect(chosen(fleet) == "debian")
        try await publish("alpine", 2, in: fleet)
        #expect(chosen(fleet) == "debian")
        #expect(fleet.snapshot.nextVersion(of: node)?.image.text == "debian")
        #expect(fleet.snapshot.lack(of: node, under: policy) == nil)
        // A manual choice stays.
        try await fleet.change(by: "ann") { _ in
            [.group(.site, NodeGroup(path: .site, settings: ["image": .text("alpine")]))]
        }
        try await publish("third", 3, in: fleet)
        #expect(chosen(fleet) == "alpine")
    }

    @Test func `the only image becomes the site's choice when a second one comes`() async throws {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        try await publish("debian", 1, in: fleet)
        try await fleet.change(by: "ann") { _ in [.group(.site, NodeGroup(path: .site))] }
        #expect(chosen(fleet) == "")
        try await publish("debian", 4, in: fleet)
        #expect(chosen(fleet) == "")
        try await publish("alpine", 2, in: fleet)
        #expect(chosen(fleet) == "debian")
    }

    @Test func `status names nodes that would boot nothing, one line per reason`() async throws {
        let fleet = try await SmallFleet()
        let answer = try await fleet.ask("GET", "/api/v1/status", headers: token(.admin, .site))
        let status = try JSONDecoder().decode(StatusAnswer.self, from: Data(answer.body.utf8))
        #expect(status.warnings?.filter { $0.contains("3 nodes boot nothing") }.count == 1)
        #expect(status.machines.first { $0.name.text == "pc-1" }?.lack?.english.contains("initramfs") == true)
        let other = try await fleet.ask("GET", "/api/v1/status", headers: token(.operator_, .school))
        #expect(try JSONDecoder().decode(StatusAnswer.self, from: Data(other.body.utf8)).warnings == nil)
    }
}

private func token(_ role: Role, _ place: Place) -> HTTPFields {
    [.authorization: "Bearer \(Person(role: role, place: place).token)"]
}

@Suite struct ListOfNodesTests {
    private func ask(_ fleet: SmallFleet, _ query: String, _ list: String) async throws -> SmallFleet.Answer {
        try await fleet.ask(
            "POST", "/api/v1/nodes/import?\(query)", headers: token(.admin, .site), body: list)
    }

    @Test func `importing an export changes nothing, and a partial list leaves the rest`() async throws {
        let fleet = try await SmallFleet()
        let name = try NodeName("pc-1")
        try await fleet.services.fleet.change(by: "ann") { snapshot in
            var node = try #require(snapshot.nodes[name])
            node.macAddresses.append(MACAddress(rawValue: 0x52_54_00_00_04_01))
            node.uuid = MachineUUID("12345678-1234-5678-1234-56789abcdef0")
            node.settings = ["loader": .text("ipxe"), "root-password-hash": .text("$6$a$b")]
            return [.node(name, node)]
        }
        let before = fleet.services.fleet.snapshot
        let export = try await fleet.ask("GET", "/nodes.csv", headers: token(.admin, .site)).body
        let answer = try await ask(fleet, "groups=yes", export)
        let back = try JSONDecoder().decode(ImportAnswer.self, from: Data(answer.body.utf8))
        #expect(back.rows.allSatisfy { $0.fate == .unchanged } && back.rows.count == 3)
        #expect(fleet.services.fleet.snapshot.revision == before.revision)
        #expect(try await ask(fleet, "", "name,tags\npc-1,new\n").status == 200)
        let after = try #require(fleet.services.fleet.snapshot.nodes[name])
        #expect(after.tags == ["new"] && after.settings == before.nodes[name]?.settings)
        #expect(after.uuid != nil && after.macAddresses.count == 2)
    }

    @Test func `all rows or none, with line and reason, the same through API and page`() async throws {
        let fleet = try await SmallFleet()
        let list = "name,mac\nfresh,\(SmallFleet.waiting)\nbad name,nonsense\n"
        let refused = try await ask(fleet, "", list)
        #expect(refused.status == 422 && refused.body.contains("line 3 (bad name)"))
        #expect(try await ask(fleet, "plan=yes", list).body.contains(#""fate":"added""#))
        let person = Person(role: .admin, place: .site)
        let page = try await fleet.ask(
            "POST", "/nodes/csv",
            headers: [
                .cookie: "__Host-roost=\(person.cookie)", .csrfToken: person.csrfToken,
                .contentType: "application/x-www-form-urlencoded",
            ],
            body: "file="
                + Data(list.utf8).base64EncodedString().replacing("+", with: "%2B").replacing(
                    "=", with: "%3D"))
        #expect(page.status == 200 && page.body.contains("fresh") && page.body.contains("bad name"))
        #expect(!page.body.contains("action=\"/changes\""))
        #expect(fleet.services.fleet.snapshot.nodes[try NodeName("fresh")] == nil)
    }
}

@Suite struct PartialChangeTests {
    @Test func `a patch changes the members that it names, and null removes one`() async throws {
        let fleet = try await SmallFleet()
        let name = try NodeName("pc-1")
        func patch(_ json: String) async throws -> SmallFleet.Answer {
            try await fleet.ask("PATCH", "/api/v1/nodes/pc-1", headers: token(.admin, .site), body: json)
        }
        #expect(
            try await patch(
                #"{"address":"10.77.0.5","settings":{"loader":"ipxe","registration-pin":null,"root-password-hash":"$6$a$b"}}"#
            ).status == 200)
        #expect(try await patch(#"{"macAddresses":["52:54:00:00:09:09"],"tags":null}"#).status == 200)
        let node = try #require(fleet.services.fleet.snapshot.nodes[name])
        #expect(node.address == IPv4Address("10.77.0.5") && node.tags == [] && node.macAddresses.count == 1)
        #expect(node.settings == ["loader": .text("ipxe"), "root-password-hash": .text("$6$a$b")])
        for json in ["[]", "{", #"{"name":"pc-9"}"#, #"{"address":"224.0.0.1"}"#, #"{"macAddresses":["x"]}"#]
        {
            #expect(try await patch(json).status == 422, "\(json)")
        }
    }
}

@Suite struct UndoneByOperatorTests {
    @Test func `an operator sees and undoes a removal from their group`() async throws {
        let fleet = try await SmallFleet()
        let headers = token(.operator_, .school)
        #expect(try await fleet.ask("DELETE", "/api/v1/nodes/pc-1", headers: headers).status == 204)
        // Changes by others in between are not visible.
        for number in 0..<3 {
            try await fleet.services.fleet.change(by: "ann") { snapshot in
                var node = try #require(snapshot.nodes[NodeName("desk-1")])
                node.tags.append("t\(number)")
                return [.node(node.name, node)]
            }
        }
        let list = try await fleet.ask("GET", "/api/v1/revisions?limit=1", headers: headers)
        let last = try #require(JSONDecoder().decode([Revision].self, from: Data(list.body.utf8)).first)
        #expect(last.what == "node pc-1 removed")
        let undone = try await fleet.ask("POST", "/api/v1/revisions/\(last.number)/undo", headers: headers)
        #expect(undone.status == 200)
        #expect(fleet.services.fleet.snapshot.nodes[try NodeName("pc-1")] != nil)
        let others = try await fleet.ask(
            "GET", "/api/v1/revisions?limit=1000", headers: headers
        ).body
        #expect(!others.contains("desk-1"))
    }
}
