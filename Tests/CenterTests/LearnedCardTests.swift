import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// A node known only by its UUID, and the card that it was seen with.
@Suite struct LearnedCardTests {
    private let directory: TemporaryDirectory
    private let services: CenterServices
    private let card: MACAddress
    private let (mine, other): (MachineUUID, MachineUUID)
    private let (name, second): (NodeName, NodeName)

    private var fleet: LiveFleet { services.fleet }
    private var acts: Acts { Acts(services: services, caller: .local) }

    init() async throws {
        directory = try TemporaryDirectory()
        services = try await CenterServices.alone(in: directory)
        card = try #require(MACAddress("52:54:00:00:00:01"))
        mine = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        other = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef1"))
        (name, second) = (try NodeName("pc-1"), try NodeName("pc-2"))
        let (name, second, mine, other) = (name, second, mine, other)
        try await services.fleet.change(by: "test") { _ in
            [
                .node(name, Node(name: name, macAddresses: [], uuid: mine)),
                .node(second, Node(name: second, macAddresses: [], uuid: other)),
            ]
        }
    }

    private func boot(_ boot: String) async throws {
        let events = [BootStage.dhcp, .kernel, .ready].map {
            BootEvent(boot: boot, macAddress: card, stage: $0, at: Clock.millisecond, detail: "")
        }
        try await fleet.store.append(events)
        try await fleet.note(events)
    }

    private func alarm() throws -> NodeAlarm {
        NodeAlarm(
            at: 1, address: try #require(IPv4Address("10.77.0.66")), holder: nil, property: .volume)
    }

    @Test func `its boots, alarm, sessions and hardware are listed under the node`() async throws {
        try await fleet.note([(card, mine)])
        try await boot("0000000000000001")
        try await fleet.note(alarm(), of: card)
        let session =
            #"[{"id":"1","user":"ann","kind":"tty","place":"tty1","from":"","isActive":true,"age":1}]"#
        fleet.note(
            try JSONDecoder().decode([NodeSessions.TellsSession].self, from: Data(session.utf8)),
            of: card, in: "0000000000000001")
        let hardware = try JSONDecoder().decode(Hardware.self, from: Data(#"{"vendor":"Maker"}"#.utf8))
        _ = try await fleet.store.save(hardware, of: card)
        fleet.note([card: hardware])

        let answer = try await acts.node("pc-1")
        #expect(answer.node.macAddresses.isEmpty && answer.learnedCards == [card])
        #expect(answer.boots.map(\.boot) == ["0000000000000001"])
        #expect(answer.sessions.map(\.user) == ["ann"] && answer.alarm?.property == .volume)
        #expect(answer.hardware?.vendor == "Maker")
        #expect(try await acts.hardware("pc-1").macAddress == card)
        #expect(try await acts.node(card.description).node.name == name)
        let row = try #require(try await acts.nodes("", offset: 0, limit: 9).rows.first)
        #expect(row.state == .ready && row.stage == .ready && row.macAddress == card)
        #expect(try await acts.names("mac=\(card)") == [name])
        #expect(try await acts.sessions("", offset: 0, limit: 9).rows.map(\.node) == [name])
        #expect(try await acts.unknownMachines().isEmpty)
        #expect(try await acts.figures().unknownCount == 0)
        #expect(try await acts.inventory("").map(\.macAddresses) == [[card]])
        try await fleet.dismissAlarm(of: answer.node)
        #expect(try await acts.node("pc-1").alarm == nil)
    }

    @Test func `it gets its volume`() async throws {
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian", files: [],
            packages: [], origin: "test")
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        _ = try await fleet.publish(manifest, digest: digest, by: "test")
        try await fleet.change(by: "test") { snapshot in
            var site = snapshot.groups[.site] ?? NodeGroup(path: .site)
            site.settings["root-mode"] = .text("persistent")
            return [.group(.site, site)]
        }
        let address = try #require(IPv4Address("10.77.0.5"))
        await services.volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volumes.isEmpty)
        try await fleet.note([(card, mine)])
        await services.volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volumes.keys.map(\.text) == ["pc-1"])
    }

    @Test func `a node's machine cannot be approved as another one, and can be forgotten`()
        async throws
    {
        try await fleet.note([(card, mine)])
        try await fleet.change(by: "test") { _ in
            [.group(.site, NodeGroup(path: .site, settings: ["registration-pin": .text("471108")]))]
        }
        let wish = Registration(name: try NodeName("pc-9"), group: .site, pin: "471108")
        await #expect(throws: StoreError.self) { try await fleet.register(wish, of: card) }
        let approval = try JSONDecoder().decode(ApprovalRequest.self, from: Data(#"{"name":"pc-9"}"#.utf8))
        await #expect(throws: StoreError.self) {
            try await acts.approve(card, approval)
        }
        try await boot("0000000000000001")
        try await fleet.forget(card)
        #expect(!fleet.snapshot.knows(card) && fleet.boot(of: card) == nil)
        #expect(try await !fleet.store.snapshot().knows(card))
        #expect(try await fleet.register(wish, of: card))
    }

    @Test
    func `a dock goes to the node that states it, without the other node's alarm; a stranger gets no node's`()
        async throws
    {
        try await fleet.note([(card, mine)])
        try await fleet.note(alarm(), of: card)
        let revision = fleet.snapshot.revision
        try await fleet.note([(card, other), (card, mine), (card, other)])
        #expect(try await acts.node("pc-1").learnedCards.isEmpty)
        let answer = try await acts.node("pc-2")
        #expect(answer.learnedCards == [card] && answer.alarm == nil)
        // It persists when the configuration is read again, and does not change the configuration.
        try await fleet.reload()
        #expect(fleet.snapshot.node(at: card)?.name == second && fleet.snapshot.revision == revision)
        try await fleet.note([(card, nil)])
        #expect(fleet.snapshot.node(at: card) == nil)
        try await fleet.reload()
        #expect(fleet.snapshot.node(at: card) == nil)
    }

    @Test func `a flood of a node's UUID does not displace the card that has booted with it`() async throws {
        try await fleet.note([(card, mine)])
        try await boot("0000000000000001")
        try await fleet.note((1...1_000).map { (MACAddress(rawValue: $0), mine) })
        #expect(fleet.snapshot.node(at: card)?.name == name)
        #expect(try await acts.node("pc-1").learnedCards.count == LearnedCards.machineLimit)
        let stored = try await fleet.store.snapshot().observations.cards
        #expect(stored == fleet.snapshot.observations.cards)
        // With the node, its learned cards go.
        let name = name
        try await fleet.change(by: "test") { _ in [.node(name, nil)] }
        #expect(fleet.snapshot.observations.cards.isEmpty)
        #expect(try await fleet.store.snapshot().observations.cards.isEmpty)
    }
}
