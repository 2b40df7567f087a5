import Testing
import Wire

@testable import Fleet

/// Rules for the records of all kinds.
@Suite struct FleetRecordTests {
    @Test func `every kind has its own name, and is found by it`() {
        #expect(Set(FleetRecords.all.map { $0.kind }).count == FleetRecords.all.count)
        for type in FleetRecords.all { #expect(FleetRecords.named(type.kind).map { $0 == type } == true) }
        #expect(FleetRecords.named("version") == nil)
        let configurable = FleetRecords.all.filter { $0.hasSettings }.map { $0.kind }
        #expect(
            configurable == [
                NodeGroup.kind, ImageSettings.kind, MatchRule.kind, Node.kind, KeptFile.kind,
                AppliedRecord.kind,
            ])
    }

    @Test func `keys are parsed as they are written`() throws {
        func same<Key: RecordKey>(_ key: Key) throws { #expect(try Key(recordKey: key.description) == key) }
        try same(NodeName("pc-1"))
        try same(GroupPath.site)
        try same(GroupPath("/school/room-12"))
        try same(RuleName("small"))
        try same(ImageName("debian.12"))
        try same(17)
        try same(NetworkName("br0.12"))
        try same(DHCPReservation.Identity.macAddress(MACAddress(rawValue: 9)))
        try same(#require(DHCPReservation.Identity("12345678-1234-5678-1234-56789abcdef0")))
        try same(DHCPReservation.Identity.clientIdentifier([1, 0xAB]))
        try same(ImageScope(ImageName("debian.12")))
        try same(ImageScope(ImageName("debian.12"), version: 3))
        for text in ["debian@0", "debian@03", "debian@stable", "debian@", "@1", ""] {
            #expect(throws: InvalidName.self) { try ImageScope(recordKey: text) }
        }
        try same(KeptScope.site)
        try same(KeptScope.image(ImageName("debian.12")))
        try same(SecretName("join-token"))
        try same(AppliedKey(SourceName("school"), Node.kind, "pc-1"))
        try same(AppliedKey(SourceName("school"), NodeGroup.kind, "/school/room-1"))
        #expect(throws: InvalidName.self) { try KeptScope(recordKey: "group/x") }
        try same(ImageLabel(ImageName("debian.12"), #require(ChannelName("beta"))))
        #expect(throws: InvalidName.self) { try ImageLabel(recordKey: "debian") }
        #expect(throws: InvalidName.self) { try Int(recordKey: "x") }
    }

    @Test func `what belongs to a node is where the node is, and there is none without it`() throws {
        func examine<Record: NodeOwnedRecord>(_ record: Record, at name: NodeName) throws {
            let edit = FleetEdit(name, record)
            #expect(throws: StoreError.self) { try FleetSnapshot.empty.checking([edit]) }
            let room = try GroupPath("/room")
            let site = FleetSnapshot(
                revision: 1, nodes: [Node(name: name, group: room, macAddresses: [MACAddress(rawValue: 1)])],
                groups: [NodeGroup(path: room)], images: [])
            let after = try site.checking([edit]).after
            #expect(Record.record(at: name, in: after.contents) == record)
            #expect(edit.places(in: site) == [room] && edit.reach == .node(name))
        }
        let name = try NodeName("pc-1")
        try examine(HostKeyName(node: name, origin: NodeName("pc-0")), at: name)
        let tpm = TPMIdentity(endorsement: "e", attestation: "a", kind: .ecc, certificate: nil)
        try examine(BoundTPM(node: name, tpm: tpm, boundAt: 5), at: name)
    }

    @Test func `edits of different kinds with the same key are different edits`() throws {
        let name = try NodeName("pc-1")
        #expect(FleetEdit.node(name, nil) == .node(name, nil))
        #expect(FleetEdit.node(name, nil) != .volume(name, nil))
        #expect(FleetEdit.node(name, nil).of(Volume.self) == nil)
        #expect(FleetEdit.node(name, nil).of(Node.self)?.key == name)
    }

    @Test func `a checked change contains the records as stored`() throws {
        let name = try NodeName("pc-1")
        let (card, site) = (MACAddress(rawValue: 1), FleetSnapshot.empty)
        let twice = Node(name: try NodeName("other"), macAddresses: [card, card], tags: ["b", "a", "b"])
        let change = try site.checking([.node(name, twice)])
        let kept = Node(name: name, macAddresses: [card], tags: ["a", "b"])
        #expect(change.edits == [.node(name, kept)] && change.after.nodes == [name: kept])
        #expect(change.before.revision == change.after.revision)
    }

    @Test func `a finished roll-out is kept, but not in a configuration`() throws {
        let (number, site) = (3, FleetSnapshot.empty)
        var rollout = Rollout(
            id: number, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1,
            share: "5%",
            terms: Rollout.Terms(), startedAt: 1, startedBy: "ann", canaries: [])
        let begun = try site.applying([.rollout(rollout)], revision: 1)
        #expect(begun.contents.rollouts[number] == rollout)
        rollout.abort(because: "", at: 2)
        let change = try begun.checking([.rollout(rollout)])
        #expect(change.after.contents.rollouts.isEmpty && change.edits == [.rollout(rollout)])
    }
}
