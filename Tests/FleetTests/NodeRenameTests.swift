import Foundation
import Testing
import Wire

@testable import Fleet

/// What goes with a node to another name.
@Suite struct NodeRenameTests {
    private let (old, new): (NodeName, NodeName)

    init() throws { (old, new) = (try NodeName("pc-1"), try NodeName("office-1")) }

    private func node(_ name: NodeName, _ card: UInt64 = 1) -> Node {
        Node(name: name, macAddresses: [MACAddress(rawValue: card)], tags: ["lab"])
    }

    private func fleet() throws -> FleetSnapshot {
        let tpm = BoundTPM(
            node: old,
            tpm: TPMIdentity(endorsement: "e", attestation: "a", kind: .ecc, certificate: nil), boundAt: 7)
        let own = Secret(
            name: try SecretName("own"), group: .site, node: old, arming: .nextBoot, changedAt: 1)
        let all = Secret(name: try SecretName("all"), group: .site, arming: .eachBoot, changedAt: 1)
        let edits: [FleetEdit] = [
            .node(old, node(old)), .tpm(old, tpm), .secret(own.name, own, value: [1]),
            .secret(all.name, all, value: [2]),
        ]
        return try FleetSnapshot.empty.checking(edits).after
    }

    @Test func `schedules for it alone follow its name, and those with a condition stay`() throws {
        var edits: [FleetEdit] = []
        for (name, nodes) in [("one", "pc-1"), ("some", "pc-1*")] {
            let schedule = Schedule(
                name: try ScheduleName(name), act: .restart(nodes: nodes, unlessInUse: true),
                time: .once(2_000_000_000))
            edits.append(.schedule(schedule.name, schedule))
        }
        let fleet = try fleet().checking(edits).after
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        let (one, some) = (try ScheduleName("one"), try ScheduleName("some"))
        #expect(renamed.contents.schedules[one]?.act == .restart(nodes: new.text, unlessInUse: true))
        #expect(renamed.contents.schedules[some] == fleet.contents.schedules[some])
    }

    @Test func `its TPM and its secrets go with it, and back`() throws {
        let fleet = try fleet()
        let change = try fleet.checking([.node(old, nil), .node(new, node(new))])
        let renamed = change.after
        #expect(renamed.nodes[old] == nil && renamed.nodes[new]?.tags == ["lab"])
        #expect(renamed.tpm(of: old) == nil && renamed.tpm(of: new)?.node == new)
        #expect(renamed.tpm(of: new)?.tpm == fleet.tpm(of: old)?.tpm)
        let (own, all) = (try SecretName("own"), try SecretName("all"))
        #expect(renamed.contents.secrets[own]?.node == new && renamed.contents.secrets[all]?.node == nil)
        // Armed as before: it is the same secret.
        #expect(renamed.contents.secrets[own]?.armedIn == fleet.contents.secrets[own]?.armedIn)
        #expect(renamed.contents.secrets[own]?.version == fleet.contents.secrets[own]?.version)
        let back = try renamed.checking([.node(new, nil), .node(old, node(old))]).after
        #expect(back.contents.secrets == fleet.contents.secrets)
        #expect(back.tpm(of: old) == fleet.tpm(of: old) && back.tpm(of: new) == nil)
    }

    @Test func `a rename is told from a node that goes while another comes`() throws {
        let fleet = try fleet()
        let rename = NodeRename(from: old, to: new)
        #expect(fleet.renames(by: [.node(old, nil), .node(new, node(new))]) == [rename])
        #expect(fleet.renames(by: [.node(new, node(new)), .node(old, nil)]) == [rename])
        #expect(fleet.renames(by: [.node(old, nil), .node(new, node(new, 2))]).isEmpty)
        #expect(fleet.renames(by: [.node(old, nil)]).isEmpty)
        #expect(fleet.renames(by: [.node(old, nil), .node(old, node(old))]).isEmpty)
        let other = try fleet.checking([.node(old, nil), .node(new, node(new, 2))]).after
        let own = try SecretName("own")
        #expect(other.tpm(of: new) == nil && other.contents.secrets[own]?.node == old)
    }

    private func volume(of node: NodeName, generation: Int = 1) throws -> Volume {
        let digest = try #require(Digest(String(repeating: "1", count: 64)))
        return Volume(
            node: node, image: try ImageName("debian"), version: 1, digest: digest, byteCount: 1 << 30,
            createdAt: 1, generation: generation)
    }

    @Test func `its volume goes with it where its files are, and back`() throws {
        let before = try volume(of: old)
        // What a machine reported since the last revision goes along.
        let fleet = try fleet().checking([.volume(old, before)]).after.observing {
            $0.volumes[old] = try volume(of: old, generation: 2)
        }
        let change = try fleet.checking([.node(old, nil), .node(new, node(new))])
        let renamed = change.after
        #expect(renamed.volume(of: old) == nil && renamed.volumes.count == 1)
        let moved = try #require(renamed.volume(of: new))
        #expect(moved.node == new && moved.place == old && moved.generation == 2)
        #expect(moved.path == "pc-1/2.ext4" && moved.keyPath == "pc-1/2.key")
        let data = try JSONEncoder().encode(moved)
        #expect(try JSONDecoder().decode(Volume.self, from: data) == moved)
        // A record without the member is one of before, whose files are in the directory of its name.
        #expect(!String(decoding: try JSONEncoder().encode(before), as: UTF8.self).contains("directory"))
        // A third name, and home.
        let third = try NodeName("office-2")
        let again = try renamed.checking([.node(new, nil), .node(third, node(third))]).after
        #expect(again.volume(of: third)?.place == old && again.volume(of: new) == nil)
        let home = try again.checking([.node(third, nil), .node(old, node(old))]).after
        #expect(home.volume(of: old) == (try volume(of: old, generation: 2)))
    }

    @Test func `a new node with the old name has its volume elsewhere`() throws {
        let fleet = try fleet().checking([.volume(old, volume(of: old))]).after
        #expect(fleet.placeForVolume(of: old) == old && fleet.placeForVolume(of: new) == new)
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        #expect(renamed.placeForVolume(of: old).text == "pc-1-2")
        let long = try NodeName(String(repeating: "a", count: 63))
        let far = try fleet.checking([.volume(long, volume(of: long).renamed(to: new).renamed(to: long))])
            .after
        #expect(far.placeForVolume(of: long) == long)
        let taken = try renamed.checking([.volume(try NodeName("pc-1-2"), volume(of: NodeName("pc-1-2")))])
            .after
        #expect(taken.placeForVolume(of: old).text == "pc-1-3")
    }

    @Test func `what was begun for a volume under its old name does not end in two volumes`() throws {
        let before = try volume(of: old)
        let fleet = try fleet().checking([.volume(old, before)]).after
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        // It was made anew, or larger, when the node got another name.
        var next = before
        next.generation = 2
        #expect(throws: StoreError.self) { try renamed.checking([.volume(old, next)]) }
        #expect(throws: StoreError.self) { try renamed.requireOwnPlaces(of: [next]) }
        #expect(throws: Never.self) { try renamed.requireOwnPlaces(of: [next.renamed(to: new)]) }
        #expect(
            try renamed.checking([.volume(new, next.renamed(to: new))]).after.volume(of: new)?.generation == 2
        )
    }

    @Test func `a volume that a node left behind is not replaced`() throws {
        let fleet = try fleet().checking([
            .volume(old, volume(of: old)), .volume(new, volume(of: new)),
        ]).after
        let error = #expect(throws: StoreError.self) {
            try fleet.checking([.node(old, nil), .node(new, node(new))])
        }
        #expect(error.map { "\($0)".contains("roost volume rm office-1") } == true)
        // It may go, with the volume left as before.
        #expect(try fleet.checking([.node(old, nil)]).after.volume(of: old) != nil)
    }

    @Test func `its part of a roll-out and its terminal server go with it`() throws {
        let (image, name) = (try ImageName("debian"), try TerminalName("ts-1"))
        let other = try NodeName("pc-2")
        var rollout = Rollout(
            id: 3, image: image, channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 1_000, startedBy: "test", canaries: [old, other])
        rollout.note(.ready(after: 9), of: old, began: 1_010_000)
        let server = TerminalServer(
            name: name, address: "10.0.0.9", system: .linux, ports: [.rdp: 3_389], node: old)
        let fleet = try fleet().checking([
            .node(other, node(other, 2)), .rollout(rollout), .terminal(name, server),
        ]).after
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        #expect(renamed.contents.terminals.servers[name]?.node == new)
        let moved = try #require(renamed.rollout(3))
        #expect(moved.canary(new)?.outcome == .ready && moved.canary(old) == nil)
        // They are found by their order.
        #expect(moved.canary(other)?.outcome == .waiting && moved.offers(to: new))
        let back = try renamed.checking([.node(new, nil), .node(old, node(old))]).after
        #expect(back.rollout(3) == rollout && back.contents.terminals.servers[name]?.node == old)
    }

    @Test func `its SSH host key goes with it, and no other node gets the same one`() throws {
        let fleet = try fleet()
        #expect(fleet.hostKeyName(of: old) == old && fleet.contents.hostKeyNames.isEmpty)
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        #expect(renamed.hostKeyName(of: new) == old)
        // A third name; and a machine that comes under the first one.
        let third = try NodeName("office-2")
        let again = try renamed.checking([.node(new, nil), .node(third, node(third))]).after
        #expect(again.hostKeyName(of: third) == old && again.contents.hostKeyNames[new] == nil)
        let two = try again.checking([.node(old, node(old, 2)), .node(new, node(new, 3))]).after
        #expect(two.hostKeyName(of: old).text == "pc-1-2" && two.hostKeyName(of: new).text == "office-1-2")
        // So does one that has the name of that key.
        let other = try NodeName("pc-1-2")
        let three = try two.checking([.node(other, node(other, 4))]).after
        #expect(three.hostKeyName(of: other).text == "pc-1-2-2")
        let lines = knownHosts(of: [node(third), node(old, 2)], in: three, domain: "") { name, _ in "\(name)"
        }
        #expect(lines == "office-2 pc-1\npc-1 pc-1-2\n")
        // Home, and gone: nothing is left.
        let home = try renamed.checking([.node(new, nil), .node(old, node(old))]).after
        #expect(home.contents.hostKeyNames.isEmpty)
        let gone = try three.checking([.node(third, nil), .node(old, nil), .node(other, nil)]).after
        #expect(gone.contents.hostKeyNames.keys.map(\.text) == ["office-1"] && gone.nodes.count == 1)
    }

    @Test func `a node that is made anew under the name of one that was removed gets another host key`()
        throws
    {
        let fleet = try fleet()
        var keys: Set<NodeName> = [fleet.hostKeyName(of: old)]
        var present = fleet
        for _ in 0..<3 {
            present = try present.checking([.node(old, nil)]).after
            #expect(present.contents.hostKeyNames.isEmpty)
            present = try present.checking([.node(old, node(old))]).after
            #expect(keys.insert(present.hostKeyName(of: old)).inserted)
        }
        #expect(keys.map(\.text).sorted() == ["pc-1", "pc-1-2", "pc-1-3", "pc-1-4"])
        // Nor does one whose own name is that of such a key.
        present = try present.checking([.node(try NodeName("pc-1-3"), node(try NodeName("pc-1-3"), 9))]).after
        #expect(present.hostKeyName(of: try NodeName("pc-1-3")).text == "pc-1-3-2")
    }

    @Test func `the names of removed nodes, and those that host keys were made from, are taken for ever`() {
        let name = HostKeyName(node: new, origin: old)
        #expect(HostKeyName.former(removed: [NodeName](), replaced: [HostKeyName]()).isEmpty)
        #expect(HostKeyName.former(removed: [new], replaced: [name, name]) == [new, old])
    }

    @Test func `undo brings a removed node back with its host key`() throws {
        let first = try fleet()
        let gone = try first.checking([.node(old, nil)]).after
        let back = try gone.checking([FleetEdit(old: old, node(old))]).after
        #expect(back.hostKeyName(of: old) == old)
        // One that was made anew has another key, and keeps it, too.
        let anew = try gone.checking([.node(old, node(old))]).after
        let record = try #require(anew.contents.hostKeyNames[old])
        let twice = try anew.checking([.node(old, nil)]).after
        let restored = try twice.checking([
            FleetEdit(old: old, node(old)), FleetEdit(old: old, record),
        ]).after
        #expect(restored.contents.hostKeyNames[old] == record && record.origin.text == "pc-1-2")
    }

    @Test func `a rename that is undone restores the keys, too`() throws {
        let fleet = try fleet()
        let change = try fleet.checking([.node(old, nil), .node(new, node(new))])
        let record = change.after.contents.hostKeyNames[new]
        #expect(record == HostKeyName(node: new, origin: old))
        let undo = try change.after.checking([
            .hostKeyName(new, nil), .node(new, nil), .node(old, node(old)),
        ])
        #expect(undo.after.hostKeyName(of: old) == old && undo.after.contents.hostKeyNames.isEmpty)
        #expect(throws: StoreError.self) {
            try fleet.checking([.hostKeyName(new, HostKeyName(node: new, origin: old))])
        }
    }

    @Test(arguments: [
        ("name = pc-1", "name = \"office-1\""), ("NAME=\"PC-1\"", "name = \"office-1\""), ("pc-1", nil),
        ("name = pc-1 and memory > 2 GiB", nil), ("name != pc-1", nil), ("name = pc-10", nil),
        ("tag = pc-1", nil),
    ])
    func `rules for it alone follow its name`(condition: String, expected: String?) throws {
        let rule = MatchRule(name: try RuleName("own"), condition: condition)
        let fleet = try fleet().checking([.rule(rule.name, rule)]).after
        let renamed = try fleet.checking([.node(old, nil), .node(new, node(new))]).after
        #expect(renamed.contents.rules[rule.name]?.condition == expected ?? condition)
        if expected != nil {
            #expect(renamed.fittingRules(of: node(new)) == [rule.name])
            let back = try renamed.checking([.node(new, nil), .node(old, node(old))]).after
            #expect(back.fittingRules(of: node(old)) == [rule.name])
        }
    }

    @Test func `rules and schedules that do not follow are named, before and after`() throws {
        let rule = MatchRule(name: try RuleName("pcs"), condition: "pc-[1-9]")
        let offices = MatchRule(name: try RuleName("offices"), condition: "office-*")
        var edits: [FleetEdit] = [.rule(rule.name, rule), .rule(offices.name, offices)]
        for (name, nodes) in [("own", "pc-1"), ("pcs", "pc-*"), ("lab", "tag = lab"), ("office", "office-*")]
        {
            let schedule = Schedule(
                name: try ScheduleName(name), act: .wake(nodes: nodes), time: .once(2_000_000_000))
            edits.append(.schedule(schedule.name, schedule))
        }
        let elsewhere = try GroupPath("/elsewhere")
        let other = Schedule(
            name: try ScheduleName("elsewhere"), group: elsewhere, act: .wake(nodes: "office-*"),
            time: .once(2_000_000_000))
        edits += [
            .group(elsewhere, NodeGroup(path: elsewhere)), .schedule(other.name, other),
        ]
        let fleet = try fleet().checking(edits).after
        let renaming: [FleetEdit] = [.node(old, nil), .node(new, node(new))]
        let renamed = try fleet.checking(renaming).after
        let lines = fleet.leavings(of: renaming, to: renamed)
        #expect(
            lines == [
                "rule pcs fits pc-1, and not office-1", "rule offices fits office-1, and did not fit pc-1",
                "schedule office is for office-1, and was not for pc-1",
                "schedule pcs is for pc-1, and not for office-1",
            ])
        let notes = try #require(try ChangePlan(of: renaming, in: fleet).notes)
        #expect(lines.allSatisfy(notes.contains))
    }

    @Test func `a plan says what goes along, and which rules do not fit any more`() throws {
        let rule = MatchRule(
            name: try RuleName("pcs"), condition: "pc-[1-9]")
        let fleet = try fleet().checking([.rule(rule.name, rule)]).after
        let plan = try ChangePlan(of: [.node(old, nil), .node(new, node(new))], in: fleet)
        let notes = try #require(plan.notes)
        #expect(notes.first?.hasPrefix("node pc-1 becomes office-1, with its volume, TPM, secrets") == true)
        #expect(notes.contains("rule pcs fits pc-1, and not office-1"))
        #expect(try ChangePlan(of: [.node(old, nil)], in: fleet).notes == nil)
    }
}
