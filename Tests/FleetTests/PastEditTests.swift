import Fleet
import Testing
import Wire

/// Undo, which is decided from a revision's edits and the configuration of now.
@Suite struct PastEditTests {
    private let old: Node
    private let new: Node

    init() throws {
        old = Node(name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 0x5254_0000_0001)])
        var new = old
        new.tags = ["new"]
        self.new = new
    }

    private func past<Record: FleetRecord>(_ key: Record.Key, _ before: Record?, _ after: Record?) -> PastEdit
    {
        PastEdit(
            kind: Record.kind, key: key.description,
            records: PastEdit.Records(key, before: before, after: after))
    }

    private func fleet(_ nodes: Node...) -> FleetSnapshot {
        FleetSnapshot(revision: 3, nodes: nodes, groups: [], images: [])
    }

    @Test func `a replaced record returns, an added one goes, a removed one comes back`() throws {
        let name = old.name
        #expect(try fleet(new).undoing([past(name, old, new)], of: 3) == [.node(name, old)])
        #expect(try fleet(old).undoing([past(name, nil, old)], of: 3) == [.node(name, nil)])
        #expect(try fleet().undoing([past(name, old, nil)], of: 3) == [.node(name, old)])
    }

    @Test func `the last edit is undone first`() throws {
        let group = NodeGroup(path: try GroupPath("/school"))
        var (inGroup, contents) = (old, FleetSnapshot.empty.contents)
        inGroup.group = group.path
        contents.nodes = [old.name: inGroup]
        contents.groups = [group.path: group]
        let made = [past(group.path, nil, group), past(old.name, nil, inGroup)]
        let undone = try FleetSnapshot(revision: 1, contents: contents).undoing(made, of: 1)
        #expect(undone == [.node(old.name, nil), .group(group.path, nil)])
    }

    @Test func `a record that was changed since stays`() throws {
        for (now, edit) in [
            (fleet(old), past(old.name, old, new)), (fleet(), past(old.name, old, new)),
            (fleet(old), past(old.name, old, nil)),
        ] {
            let error = #expect(throws: StoreError.self) { try now.undoing([edit], of: 3) }
            #expect(error?.description == "revision 3 cannot be undone: node pc-1 was changed since")
        }
    }

    @Test func `what is no record, and what cannot be undone, refuse the whole revision`() throws {
        let version = PastEdit(kind: "version", key: "debian@1", records: nil)
        let volume = past(old.name, nil as Volume?, nil)
        for edit in [version, volume] {
            let edits = [past(old.name, old, new), edit]
            let error = #expect(throws: StoreError.self) { try fleet(new).undoing(edits, of: 3) }
            #expect(error?.description.hasSuffix("is not part of the configuration") == true)
        }
        let error = #expect(throws: StoreError.self) { try fleet(new).undoing([], of: 9) }
        #expect(error?.description == "there is no revision 9")
    }

    @Test func `what is only kept for the history does not hinder`() throws {
        let image = try ImageName("debian")
        let move = PastEdit(kind: ChannelMove.kind, key: image.text, records: nil)
        #expect(
            try fleet(new).undoing([move, past(old.name, old, new)], of: 3) == [.node(old.name, old)])
    }
}
