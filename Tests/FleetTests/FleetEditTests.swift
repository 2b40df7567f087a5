import Foundation
import Testing
import Wire

@testable import Fleet

@Suite struct FleetEditTests {
    private func fleet(_ count: Int = 3) throws -> FleetSnapshot {
        let school = try GroupPath("/school")
        let nodes = try (1...count).map {
            Node(
                name: try NodeName("pc-\($0)"), group: school,
                macAddresses: [MACAddress(rawValue: UInt64($0))])
        }
        return FleetSnapshot(
            revision: 1, nodes: nodes, groups: [NodeGroup(path: .site), NodeGroup(path: school)], images: [])
    }

    private func hardware(_ mebibytes: Int) throws -> Hardware {
        try JSONDecoder().decode(Hardware.self, from: Data(#"{"memoryMebibytes":\#(mebibytes)}"#.utf8))
    }

    @Test func `a priority has bounds, which one that is stored does not meet anew`() throws {
        let name = try RuleName("small")
        func rule(_ priority: Int) -> FleetEdit {
            .rule(name, MatchRule(name: name, priority: priority, condition: "memory < 2 GiB"))
        }
        func loaderRule(_ priority: Int) -> FleetEdit {
            .loaderRule(
                name, LoaderRule(name: name, priority: priority, vendorClass: "PXE", loader: "ipxe.efi"))
        }
        for make in [rule, loaderRule] {
            for priority in [-1_000_000, -1_001, 40_000, 1_000_000] {
                _ = try fleet().checking([make(priority)])
            }
            for priority in [-1_000_001, 1_000_001, .max] {
                #expect(throws: InvalidSetting(RulePriority.problem)) {
                    try fleet().checking([make(priority)])
                }
            }
        }
        var contents = try fleet().contents
        contents.rules[name] = MatchRule(name: name, priority: .max, condition: "memory < 2 GiB")
        let old = FleetSnapshot(revision: 2, contents: contents)
        _ = try old.checking([rule(.max)])
        #expect(throws: InvalidSetting.self) { try old.checking([rule(.max - 1)]) }
    }

    @Test func `nodes are in natural order`() throws {
        let fleet = try fleet(12)
        #expect(fleet.nodeOrder.map(\.text).prefix(3) == ["pc-1", "pc-2", "pc-3"])
        #expect(fleet.nodeOrder.last?.text == "pc-12")
    }

    @Test func `a plan lists the settings that change on each node, and their origins`() throws {
        let school = try GroupPath("/school")
        var group = NodeGroup(path: school)
        group.settings = ["loader": .text("ipxe"), "root-password-hash": .text("$y$j9T$x$y")]
        let plan = try ChangePlan(of: [.group(school, group)], in: fleet())
        #expect(plan.nodeCount == 3)
        #expect(plan.counts == ["loader": 3, "root-password-hash": 3])
        let settings = try #require(plan.nodes.first?.settings)
        #expect(settings.map(\.name) == ["loader", "root-password-hash"])
        #expect(settings[0].before == .text("auto"))
        #expect(settings[0].after == .text("ipxe"))
        #expect(settings[0].origin == "group /school")
        #expect(settings[1].after == .text("(set)"))
    }

    @Test func `a node's own setting hides a change to its group`() throws {
        var snapshot = try fleet()
        let name = try NodeName("pc-2")
        var node = try #require(snapshot.nodes[name])
        node.settings = ["loader": .text("grub")]
        snapshot = try snapshot.applying([.node(name, node)], revision: 2)
        let school = try GroupPath("/school")
        let group = NodeGroup(path: school, settings: ["loader": .text("ipxe")])
        let plan = try ChangePlan(of: [.group(school, group)], in: snapshot)
        #expect(plan.nodes.map(\.node.text) == ["pc-1", "pc-3"])
    }

    @Test func `rules are stronger than groups and weaker than nodes, and apply only to matching hardware`()
        throws
    {
        let small = MatchRule(
            name: try RuleName("small"), condition: "memory < 2GiB", settings: ["overlay-size": .text("25%")])
        let tiny = MatchRule(
            name: try RuleName("tiny"), priority: 1, condition: "memory < 1GiB",
            settings: ["overlay-size": .text("10%")])
        var snapshot = try fleet().applying([.rule(small.name, small), .rule(tiny.name, tiny)], revision: 2)
        snapshot = try snapshot.observing { $0.note([MACAddress(rawValue: 1): try hardware(1_500)]) }
        snapshot = try snapshot.observing { $0.note([MACAddress(rawValue: 2): try hardware(500)]) }
        func size(_ name: String) throws -> String {
            snapshot.settings(of: snapshot.nodes[try NodeName(name)]).shown(
                Settings.overlaySize.definition
            ).description
        }
        #expect(try size("pc-1") == "25%")
        #expect(try size("pc-2") == "10%")
        #expect(try size("pc-3") == "50%")
        let setting = snapshot.settings(of: snapshot.nodes[try NodeName("pc-2")])[
            Settings.overlaySize.definition]
        #expect(setting.origin == .rule(tiny.name))
        #expect(setting.hidden.map(\.origin) == [.rule(small.name), .productDefault])
    }

    @Test func `a rule cannot depend on what it may change`() throws {
        let rule = MatchRule(name: try RuleName("odd"), condition: "state = ready")
        #expect(throws: InvalidCondition.self) { try fleet().applying([.rule(rule.name, rule)], revision: 2) }
    }

    @Test func `inconsistencies are refused, naming the other record`() throws {
        let fleet = try fleet()
        let clash = Node(name: try NodeName("new"), macAddresses: [MACAddress(rawValue: 2)])
        #expect { try fleet.applying([.node(clash.name, clash)], revision: 2) } throws: { error in
            "\(error)".contains("belongs to node pc-2")
        }
        var moved = try #require(fleet.nodes[try NodeName("pc-1")])
        moved.group = try GroupPath("/nowhere")
        #expect(throws: StoreError.self) { try fleet.applying([.node(moved.name, moved)], revision: 2) }
        let school = try GroupPath("/school")
        #expect(throws: StoreError.self) { try fleet.applying([.group(school, nil)], revision: 2) }
        var site = NodeGroup(path: school)
        site.settings = ["enrolment": .text("refuse")]
        #expect(throws: InvalidSetting.self) { try fleet.applying([.group(school, site)], revision: 2) }
        var tagged = try #require(fleet.nodes[try NodeName("pc-1")])
        tagged.tags = ["Not A Tag"]
        #expect(throws: InvalidName.self) { try fleet.applying([.node(tagged.name, tagged)], revision: 2) }
    }

    @Test func `a new node that would get the volume of one that is gone is an edit of the whole site`()
        throws
    {
        let lab = try GroupPath("/lab")
        let (name, other) = (try NodeName("pc-1"), try NodeName("pc-2"))
        var contents = FleetSnapshot.Contents()
        contents.groups[lab] = NodeGroup(path: lab)
        contents.volumes[name] = Volume(
            node: name, image: try ImageName("debian"), version: 1, digest: Sample.digest("a"),
            byteCount: 1 << 30, createdAt: 20, generation: 1)
        let gone = FleetSnapshot(revision: 1, contents: contents)
        let node = Node(name: name, group: lab, macAddresses: [])
        #expect(FleetEdit.node(name, node).places(in: gone) == [lab, .site])
        // Undo of its removal brings it back to its own volume: one that was there by then.
        let removal = PastEdit(
            kind: Node.kind, key: name.text, records: PastEdit.Records(name, before: node, after: nil))
        #expect(try gone.undoing([removal], of: 3, madeAt: 20).map { $0.places(in: gone) } == [[lab]])
        #expect(try gone.undoing([removal], of: 3, madeAt: 19).map { $0.places(in: gone) } == [[lab, .site]])
        #expect(
            FleetEdit.node(other, Node(name: other, group: lab, macAddresses: [])).places(in: gone) == [lab])
        // What was observed counts like what was stored.
        contents.volumes = [:]
        let observed = FleetSnapshot(revision: 1, contents: contents).observing {
            $0.volumes[name] = gone.contents.volumes[name]
        }
        #expect(FleetEdit.node(name, node).places(in: observed) == [lab, .site])
        // Its own volume is the node's.
        contents.nodes[name] = node
        let present = FleetSnapshot(revision: 1, contents: contents)
        #expect(FleetEdit.node(name, node).places(in: present) == [lab, lab])
        #expect(FleetEdit.node(name, nil).places(in: present) == [lab])
    }

    @Test func `a record that names a card of another node is an edit of that one's group, too`() throws {
        let (here, there) = (try GroupPath("/here"), try GroupPath("/there"))
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let (card, own) = (MACAddress(rawValue: 7), MACAddress(rawValue: 8))
        var contents = FleetSnapshot.Contents()
        for path in [here, there] { contents.groups[path] = NodeGroup(path: path) }
        let name = try NodeName("laptop")
        contents.nodes[name] = Node(name: name, group: there, macAddresses: [own], uuid: uuid)
        let fleet = FleetSnapshot(revision: 1, contents: contents).observing {
            _ = $0.cards.note(card, in: uuid)
        }
        let thief = Node(name: try NodeName("mine"), group: here, macAddresses: [card])
        #expect(FleetEdit.node(thief.name, thief).places(in: fleet) == [here, there])
        var laptop = try #require(fleet.nodes[name])
        laptop.macAddresses.append(card)
        #expect(FleetEdit.node(name, laptop).places(in: fleet) == [there, there])
    }

    @Test(arguments: [
        ("pc-9", "00000000-0000-0000-0000-000000000000"), ("pc-9", "fefefefe-fefe-fefe-fefe-fefefefefefe"),
        ("pc-9", "03000200-0400-0500-0006-000700080009"), ("pc-9", "00020003-0004-0005-0006-000700080009"),
        ("pc-9", "12345678-1234-5678-90AB-CDDEEFAABBCC"), ("localhost", nil), ("LocalHost", nil),
    ])
    func `a name or UUID that many machines have is no node's`(name: String, uuid: String?) throws {
        let fleet = try fleet()
        let key = try NodeName(name)
        var node = Node(name: key, macAddresses: [MACAddress(rawValue: 0x0200_0000_0099)])
        node.uuid = try uuid.map { try #require(MachineUUID($0)) }
        #expect(node.uuid?.isMeaningful != true)
        #expect(throws: InvalidSetting.self) { try fleet.applying([.node(key, node)], revision: 2) }
        // One from before stays.
        let old = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        node.tags = ["lab"]
        _ = try old.applying([.node(key, node)], revision: 2)
    }

    @Test func `a node can be renamed in one change and keeps its card`() throws {
        let fleet = try fleet()
        var node = try #require(fleet.nodes[try NodeName("pc-1")])
        node.name = try NodeName("office-1")
        let renamed = try fleet.applying([.node(NodeName("pc-1"), nil), .node(node.name, node)], revision: 2)
        #expect(renamed.node(at: MACAddress(rawValue: 1))?.name.text == "office-1")
        #expect(renamed.nodeOrder.first?.text == "office-1")
    }

    @Test func `a group moves with everything below it, and back`() throws {
        let (school, room) = (try GroupPath("/school"), try GroupPath("/school/room-1"))
        var fleet = try fleet()
        var node = try #require(fleet.nodes[try NodeName("pc-1")])
        node.group = room
        fleet = try fleet.applying(
            [
                .group(room, NodeGroup(path: room, settings: ["loader": .text("ipxe")])),
                .node(node.name, node),
            ],
            revision: 2)
        let college = try GroupPath("/college")
        let moved = try fleet.applying(fleet.edits(moving: school, to: college), revision: 3)
        #expect(moved.groups.keys.map(\.description).sorted() == ["/", "/college", "/college/room-1"])
        #expect(moved.nodes[node.name]?.group.description == "/college/room-1")
        #expect(moved.settings(of: moved.nodes[node.name])[Settings.loader] == .ipxe)
        let back = try moved.applying(moved.edits(moving: college, to: school), revision: 4)
        #expect(back.groups == fleet.groups && back.nodes == fleet.nodes)
        #expect(throws: StoreError.self) {
            try fleet.edits(moving: school, to: GroupPath("/school/room-1/x"))
        }
        #expect(throws: StoreError.self) { try fleet.edits(moving: school, to: room) }
        let refusal = #expect(throws: StoreError.self) { try fleet.edits(moving: .site, to: college) }
        #expect(refusal.map { "\($0)" }?.contains("the whole site") == true)
    }

    @Test func `the summary of a change names what is other`() throws {
        let fleet = try fleet()
        var node = try #require(fleet.nodes[try NodeName("pc-1")])
        #expect(fleet.summary(of: [.node(node.name, node)]) == "node pc-1 changed")
        (node.tags, node.address) = (["new"], IPv4Address("10.77.0.7"))
        node.settings["boot-brake"] = .integer(9)
        #expect(
            fleet.summary(of: [.node(node.name, node)]) == "node pc-1 changed: address, tags, boot-brake")
        let names = ["console", "dns", "keymap", "loader", "locale", "ntp", "pool", "syslog"]
        let site = NodeGroup(
            path: .site, settings: Dictionary(uniqueKeysWithValues: names.map { ($0, .text("a")) }))
        let summary = fleet.summary(of: [.group(.site, site)])
        #expect(
            summary.hasPrefix("settings of the site changed: ") && summary.hasSuffix(" more"), "\(summary)")
    }

    @Test func `the narrowest network decides the enrolment`() throws {
        let site = NodeGroup(
            path: .site,
            settings: [
                "enrolment": .text("quarantine"),
                "enrolment-by-network": .map(["10.0.0.0/8": "refuse", "10.77.0.0/24": "open"]),
            ])
        let snapshot = try fleet().applying([.group(.site, site)], revision: 2)
        func rule(_ text: String) throws -> Enrolment {
            snapshot.enrolment(at: try #require(IPv4Address(text)))
        }
        #expect(try rule("10.77.0.9") == .open)
        #expect(try rule("10.78.0.9") == .refuse)
        #expect(try rule("192.168.1.1") == .quarantine)
    }

    @Test func `an unknown machine in quarantine shows its code and where to approve it`() throws {
        let site = NodeGroup(path: .site, settings: ["enrolment": .text("quarantine")])
        let snapshot = try fleet().applying([.group(.site, site)], revision: 2)
        var policy = Sample.policy()
        policy.centerURL = "https://10.77.0.1:8443"
        let plan = bootPlan(for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: policy)
        let code = FleetSnapshot.screenCode(of: Sample.mac)
        #expect(plan.target == .waiting(code: code, asksForPIN: false))
        for script in [BootScript.ipxe(plan, memory: MachineMemory(mebibytes: 512)), BootScript.grub(plan)] {
            for text in [code, "52:54:00:12:34:56", "https://10.77.0.1:8443/machines"] {
                #expect(script.text.contains(text), "\(text)")
            }
        }
        #expect(code.count == 4)
        #expect(
            FleetSnapshot.screenCode(of: MACAddress(rawValue: 1))
                != FleetSnapshot.screenCode(of: MACAddress(rawValue: 2)))
    }
}

@Suite struct RoleTests {
    @Test func `a role in a group applies below it and nowhere else`() throws {
        let (school, room) = (try GroupPath("/school"), try GroupPath("/school/room-1"))
        let grants = [Grant(.operator_, in: school), Grant(.auditor)]
        #expect(grants.allow(.configure, in: room))
        #expect(!grants.allow(.configure, in: .site))
        #expect(!grants.allow(.administer, in: room))
        #expect(grants.allow(.audit, in: .site))
    }

    @Test func `no one can give more than they have`() throws {
        let school = try GroupPath("/school")
        let mine = [Grant(.operator_, in: school)]
        #expect(mine.cover([Grant(.helpdesk, in: try GroupPath("/school/room-1"))]))
        #expect(!mine.cover([Grant(.helpdesk)]))
        #expect(!mine.cover([Grant(.admin, in: school)]))
        #expect([Grant(.admin)].cover(mine))
    }

    @Test(arguments: [("admin", "admin"), ("operator@/school", "operator@/school"), ("auditor@/", "auditor")])
    func `grants are parsed as they are written`(text: String, written: String) throws {
        #expect(try #require(Grant(text)).description == written)
    }

    @Test(arguments: ["", "king", "admin@school", "admin@"]) func `invalid grants are refused`(text: String) {
        #expect(Grant(text) == nil)
    }
}
