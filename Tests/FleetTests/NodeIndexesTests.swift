import Testing
import Wire

@testable import Fleet

@Suite struct NodeIndexesTests {
    private static func node(_ number: Int, card: Int? = nil, address: Int? = nil) throws -> Node {
        Node(
            name: try NodeName("pc-\(number)"), macAddresses: [MACAddress(rawValue: UInt64(card ?? number))],
            address: address.map { IPv4Address(rawValue: 0x0A4D_0000 + UInt32($0)) })
    }

    private static func fleet(_ count: Int) throws -> FleetSnapshot {
        FleetSnapshot(
            revision: 1, nodes: try (1...count).map { try node($0, address: $0) },
            groups: [NodeGroup(path: .site)], images: [])
    }

    private static func edit(_ node: Node) -> FleetEdit { .node(node.name, node) }

    /// What is exchanged, few nodes at a time, is the same as what is made anew.
    @Test(arguments: [3, 400]) func `indexes follow added, changed and removed nodes`(count: Int) throws {
        var edits = [FleetEdit.node(try NodeName("pc-2"), nil)]
        edits += try (20..<20 + count).map {
            Self.edit(try Self.node($0, card: 10_000 + $0, address: 10_000 + $0))
        }
        let after = try Self.fleet(30).applying(edits, revision: 2)
        let anew = FleetConfiguration(revision: 2, contents: after.contents)
        #expect(after.nodeOrder == anew.nodeOrder)
        #expect(after.nodeOrder.count == 19 + count + max(0, 11 - count) - 1)
        for number in 1...(20 + count) {
            let cards = [number, 10_000 + number].map { MACAddress(rawValue: UInt64($0)) }
            for card in cards {
                #expect(after.node(withRecordOf: card) == anew.node(withRecordOf: card))
                #expect(
                    after.configuration.nodeName(withRecordOf: card) == anew.node(withRecordOf: card)?.name)
            }
            let address = IPv4Address(rawValue: 0x0A4D_0000 + UInt32(number))
            #expect(after.hasReserved(address) == anew.hasReserved(address))
        }
    }

    @Test func `two nodes exchange their cards and addresses in one change`() throws {
        let edits = [
            Self.edit(try Self.node(1, card: 2, address: 2)),
            Self.edit(try Self.node(2, card: 1, address: 1)),
        ]
        let after = try Self.fleet(3).applying(edits, revision: 2)
        #expect(after.node(withRecordOf: MACAddress(rawValue: 1))?.name.text == "pc-2")
        #expect(after.node(withRecordOf: MACAddress(rawValue: 2))?.name.text == "pc-1")
        #expect(!after.configuration.hasNodeConflict)
    }

    @Test func `a card or an address of another node is refused by name`() throws {
        let fleet = try Self.fleet(5)
        #expect(throws: StoreError.self) {
            try fleet.applying([Self.edit(try Self.node(1, card: 2, address: 1))], revision: 2)
        }
        #expect(throws: StoreError.self) {
            try fleet.applying([Self.edit(try Self.node(9, address: 2))], revision: 2)
        }
    }

    /// A store of an earlier version may have nodes with the same card: what follows is made anew, so that both are found.
    @Test func `a conflict ends with the node that has it`() throws {
        var contents = try Self.fleet(4).contents
        let twin = try Self.node(5, card: 1)
        contents.nodes[twin.name] = twin
        let fleet = FleetSnapshot(revision: 1, contents: contents)
        #expect(fleet.configuration.hasNodeConflict)
        let after = try fleet.applying([.node(twin.name, nil)], revision: 2)
        #expect(!after.configuration.hasNodeConflict)
        #expect(after.node(withRecordOf: MACAddress(rawValue: 1))?.name.text == "pc-1")
    }

    @Test func `the settings of groups follow an edit of them, and stay with one of a node`() throws {
        let group = try GroupPath("/school")
        var node = try Self.node(1)
        node.group = group
        var fleet = FleetSnapshot(
            revision: 1, nodes: [node], groups: [NodeGroup(path: .site), NodeGroup(path: group)], images: [])
        fleet = try fleet.applying(
            [.group(group, NodeGroup(path: group, settings: ["loader": .text("grub")]))], revision: 2)
        node.tags = ["lab"]
        fleet = try fleet.applying([Self.edit(node)], revision: 3)
        let name = node.name
        #expect(fleet.settings(of: fleet.nodes[name]).shown(Settings.loader.definition) == .text("grub"))
        let room = try GroupPath("/school/room")
        node.group = room
        fleet = try fleet.applying([.group(room, NodeGroup(path: room)), Self.edit(node)], revision: 4)
        #expect(fleet.settings(of: fleet.nodes[name]).shown(Settings.loader.definition) == .text("grub"))
        #expect(fleet.settings(of: room).origin(of: Settings.loader) == .group(group))
    }
}
