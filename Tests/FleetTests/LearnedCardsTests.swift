import Foundation
import Testing
import Wire

@testable import Fleet

/// Cards that no record names, and the nodes found by them.
@Suite struct LearnedCardsTests {
    private let laptop: MachineUUID
    private let desktop: MachineUUID
    private let stranger: MachineUUID
    private let dock = MACAddress(rawValue: 0x5254_0000_00D0)
    private let own = MACAddress(rawValue: 0x5254_0000_0001)

    init() throws {
        laptop = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        desktop = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef1"))
        stranger = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef2"))
    }

    /// A laptop with its own card, a desktop without one, and learned cards.
    private func snapshot(_ learn: (inout LearnedCards) -> Void = { _ in }) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        for node in [
            Node(name: try NodeName("laptop"), macAddresses: [own], uuid: laptop),
            Node(name: try NodeName("desktop"), macAddresses: [], uuid: desktop),
        ] { contents.nodes[node.name] = node }
        var observations = FleetObservations()
        learn(&observations.cards)
        return FleetSnapshot(revision: 1, contents: contents, observations: observations)
    }

    private func hardware() throws -> Hardware {
        try JSONDecoder().decode(Hardware.self, from: Data(#"{"vendor":"Maker"}"#.utf8))
    }

    private func name(
        _ snapshot: FleetSnapshot, _ card: MACAddress?, _ uuid: MachineUUID? = nil
    ) -> String? { snapshot.node(at: card, uuid: uuid)?.name.text }

    @Test
    func `a node is found by a card of its record, else by the stated UUID, else by a learned card`()
        throws
    {
        let snapshot = try snapshot { _ = $0.note(dock, in: laptop) }
        #expect(name(snapshot, dock) == "laptop" && snapshot.knows(dock))
        // Another UUID means another machine, on any dock.
        #expect(name(snapshot, dock, desktop) == "desktop")
        #expect(name(snapshot, dock, stranger) == nil)
        #expect(name(snapshot, own, stranger) == "laptop")
        // Zeros mean nothing.
        #expect(name(snapshot, dock, MachineUUID(smbios: Array(repeating: 0, count: 16))) == "laptop")
        let other = MACAddress(rawValue: 9)
        #expect(name(snapshot, other) == nil && !snapshot.knows(other))
        #expect(snapshot.node(withRecordOf: dock) == nil)
    }

    @Test func `a node's cards are those of its record, then the learned ones, newest first`() throws {
        let second = MACAddress(rawValue: 0x5254_0000_00D1)
        let hardware = try hardware()
        var snapshot = try snapshot {
            _ = $0.note(dock, in: laptop)
            _ = $0.note(second, in: laptop)
        }
        snapshot = snapshot.observing { $0.note([dock: hardware]) }
        let node = try #require(snapshot.nodes[NodeName("laptop")])
        #expect(snapshot.cards(of: node) == [own, second, dock])
        #expect(snapshot.learnedCards(of: node) == [second, dock])
        #expect(snapshot.hardware(of: node) == hardware)
        let unknown = Node(name: NodeName(unknown: second), macAddresses: [second])
        #expect(snapshot.cards(of: unknown) == [second])
    }

    @Test func `a dock moves with its stated UUID, and leaves nothing behind`() throws {
        var cards = LearnedCards()
        let learned = [cards.note(dock, in: laptop), cards.note(dock, in: laptop)]
        #expect(learned == [[LearnedCards.Change(card: dock, machine: laptop)], []])
        let moved = cards.note(dock, in: desktop)
        #expect(moved == [LearnedCards.Change(card: dock, machine: desktop)])
        #expect(cards.cards(of: laptop).isEmpty && cards.cards(of: desktop) == [dock])
        let forgotten = [cards.forget(dock), cards.forget(dock)]
        #expect(forgotten == [[LearnedCards.Change(card: dock, machine: nil)], []])
        #expect(cards == LearnedCards())
    }

    @Test func `a card that moves leaves the old machine's facts behind`() throws {
        let trouble = BootTrouble(
            version: Sample.digest("a"), failedBoots: 5, lastBootAt: 1, detail: "panic")
        var before = try snapshot { _ = $0.note(dock, in: laptop) }
        let hardware = try hardware()
        before = before.observing {
            $0.note([dock: hardware])
            $0.troubles[dock] = trouble
        }
        let after = before.observing {
            _ = $0.cards.note(dock, in: desktop)
            $0.forgetMachines(of: [dock])
        }
        #expect(after.observations.hardware.isEmpty && after.observations.troubles.isEmpty)
        #expect(name(after, dock) == "desktop")
    }

    @Test func `removed nodes, other UUIDs and records that name the card leave no wrong answer`() throws {
        let snapshot = try snapshot {
            _ = $0.note(dock, in: laptop)
            _ = $0.note(dock, in: stranger)
            _ = $0.note(MACAddress(rawValue: 7), in: desktop)
        }
        // Nothing is recorded for machines that are not nodes.
        #expect(name(snapshot, dock) == nil && snapshot.observations.cards.machine(of: dock) == nil)
        let card = MACAddress(rawValue: 7)
        #expect(name(snapshot, card) == "desktop")
        let (desk, top) = (try NodeName("desktop"), try NodeName("laptop"))
        var node = try #require(snapshot.nodes[desk])
        node.uuid = stranger
        for edits in [[FleetEdit.node(desk, nil)], [.node(desk, node)]] {
            let next = try snapshot.applying(edits, revision: 2)
            #expect(name(next, card) == nil && !next.knows(card) && next.observations.cards.isEmpty)
        }
        var other = try #require(snapshot.nodes[top])
        other.macAddresses.append(card)
        let named = try snapshot.applying([.node(top, other)], revision: 2)
        #expect(name(named, card) == "laptop" && named.observations.cards.isEmpty)
        // A renamed node is the same machine.
        node.uuid = desktop
        let renamed = try snapshot.applying(
            [.node(desk, nil), .node(NodeName("desk-2"), node)], revision: 2)
        #expect(name(renamed, card) == "desk-2")
    }

    // MARK: Bounds

    @Test func `a node has at most sixteen, and its own oldest goes; those that have booted go last`() throws
    {
        var cards = LearnedCards()
        let other = MACAddress(rawValue: 0xFFFF)
        _ = cards.note(other, in: desktop)
        _ = cards.note(dock, in: laptop)
        for number in 1..<1_000 {
            let changes = cards.note(MACAddress(rawValue: UInt64(number)), in: laptop) { $0 == dock }
            #expect(changes.count == (number < LearnedCards.machineLimit ? 1 : 2))
        }
        #expect(cards.cards(of: laptop).count == LearnedCards.machineLimit)
        #expect(cards.cards(of: laptop).first == MACAddress(rawValue: 999))
        #expect(cards.machine(of: dock) == laptop && cards.machine(of: other) == desktop)
        // When all have booted, the one seen longest ago goes.
        let changes = cards.note(MACAddress(rawValue: 5_000), in: laptop) { _ in true }
        #expect(changes.last == LearnedCards.Change(card: dock, machine: nil))
        // A card seen again is the newest.
        let oldest = try #require(cards.cards(of: laptop).last)
        let again = cards.note(oldest, in: laptop)
        #expect(again == [LearnedCards.Change(card: oldest, machine: laptop)])
        #expect(cards.cards(of: laptop).first == oldest)
    }

    @Test func `the total is limited, and no machine takes another's place`() throws {
        var cards = LearnedCards()
        for number in 0..<LearnedCards.limit {
            let machine = try #require(
                MachineUUID("00000001-0000-0000-0000-00000000" + Self.hexadecimal(number / 16)))
            _ = cards.note(MACAddress(rawValue: UInt64(number)), in: machine)
        }
        let refused = cards.note(dock, in: laptop)
        #expect(refused.isEmpty && cards.machine(of: dock) == nil)
        let first = try #require(cards.machine(of: MACAddress(rawValue: 0)))
        let taken = cards.note(dock, in: first)
        #expect(taken.count == 2)
        let after = [cards.forget(dock), cards.note(dock, in: laptop)]
        #expect(after.map(\.count) == [1, 1])
    }

    private static func hexadecimal(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 4 - text.count) + text
    }

    // MARK: Uses of records only

    @Test func `a list names nodes by the cards of their records, and rules use only those`() throws {
        let snapshot = try snapshot { _ = $0.note(dock, in: desktop) }
        let rows = "mac,tags\n\(dock),found\n"
        let list = try NodeImport(DelimitedText(Array(rows.utf8)), in: snapshot)
        #expect(list.rows.map(\.fate) == [.refused])
        let node = try #require(snapshot.nodes[NodeName("desktop")])
        let condition = try Condition("mac=\(dock)")
        #expect(!condition.holds(for: snapshot.facts(of: node)))
        let living = NodeFacts(node, hardware: nil) { attribute in
            if case .card = attribute { snapshot.learnedCards(of: node).map(\.description) } else { [] }
        }
        #expect(condition.holds(for: living))
        #expect(try Condition("\(dock)").holds(for: living))
    }
}
