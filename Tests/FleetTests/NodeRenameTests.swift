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

    @Test func `a node with a volume keeps its name`() throws {
        let digest = try #require(Digest(String(repeating: "1", count: 64)))
        let volume = Volume(
            node: old, image: try ImageName("debian"), version: 1, digest: digest, byteCount: 1 << 30,
            createdAt: 1, generation: 1)
        let fleet = try fleet().checking([.volume(old, volume)]).after
        let error = #expect(throws: StoreError.self) {
            try fleet.checking([.node(old, nil), .node(new, node(new))])
        }
        #expect(error.map { "\($0)".contains("roost volume rm pc-1") } == true)
        // It may go, with the volume left as before.
        #expect(try fleet.checking([.node(old, nil)]).after.volume(of: old) != nil)
    }
}
