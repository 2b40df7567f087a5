import Fleet
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// What the data planes know of boots by themselves.
@Suite struct BootContextTests {
    private let machine: MACAddress
    private let version: Digest

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        version = try #require(Digest(String(repeating: "a", count: 64)))
    }

    private func context() throws -> BootContext {
        let policy = BootPolicy(server: .loopback, loaders: [], nodeArchives: [:])
        return try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents()), tracker: BootTracker(),
            send: { _ in })
    }

    @Test func `a failed boot is known before the script of the next one is asked for`() throws {
        let context = try context()
        for boot in 1...2 {
            context.note(.dhcp, of: machine, detail: "")
            #expect(context.snapshot.contents.troubles[machine]?.failedBoots ?? 0 == boot - 1)
            context.tracker.offer(version, to: machine)
            context.note(.kernel, of: machine, detail: "")
            // Boots are told apart by the millisecond in which they began.
            let now = context.now()
            while context.now() == now {}
        }
        // It says itself that it failed, and starts again: that is one failure.
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(context.report(.failed, boot: boot, machine: machine, age: 0, detail: "no init"))
        #expect(!context.report(.ready, boot: "0123456789abcdef", machine: machine, age: 0, detail: ""))
        #expect(context.snapshot.contents.troubles[machine]?.failedBoots == 2)
        context.note(.dhcp, of: machine, detail: "")
        #expect(context.snapshot.contents.troubles[machine]?.failedBoots == 2)
        #expect(context.snapshot.contents.troubles[machine]?.detail == "no init")
    }

    @Test func `a node that is known by its UUID alone is itself in all that its card asks`() throws {
        let context = try context()
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let other = try #require(MACAddress("52:54:00:00:00:02"))
        let node = Node(name: try NodeName("pc-7"), macAddresses: [], uuid: uuid)
        let third = Node(name: try NodeName("pc-8"), macAddresses: [other])
        context.swap(FleetSnapshot(revision: 2, nodes: [node, third], groups: [], images: []))
        context.note(uuid, of: machine)
        // The card counts for more than what is said of the machine around it.
        context.note(uuid, of: other)
        #expect(context.node(of: machine)?.name == node.name)
        #expect(context.node(of: other)?.name == third.name)
        #expect(context.plan(for: machine, at: .loopback, server: .loopback).name == node.name)
        context.swap(FleetSnapshot(revision: 3, nodes: [third], groups: [], images: []))
        #expect(context.node(of: machine) == nil)
    }

    @Test
    func `behind a router with another DHCP server a node is known by the address that it was given here`()
        throws
    {
        let context = try context()
        let (fixed, other) = (
            try #require(IPv4Address("198.51.100.7")), try #require(IPv4Address("198.51.100.8"))
        )
        #expect(!context.isOwn(machine, fixed))
        let node = Node(name: try NodeName("pc-7"), macAddresses: [machine], address: fixed)
        context.swap(FleetSnapshot(revision: 2, nodes: [node], groups: [], images: []))
        #expect(context.isOwn(machine, fixed) && !context.isOwn(machine, other))
        let stranger = try #require(MACAddress("52:54:00:00:00:02"))
        let network = try #require(IPv4Network("198.51.100.0/24"))
        #expect(!context.isOwn(stranger, fixed))
        // Where leases are ours, they alone count.
        context.givesAddressesLike = { _ in true }
        #expect(!context.isOwn(machine, fixed))
        context.clientAddress = {
            $0 == fixed ? (stranger, ClientAddress(address: fixed, network: network)) : nil
        }
        #expect(context.isOwn(stranger, fixed) && !context.isOwn(machine, fixed))
    }
}
