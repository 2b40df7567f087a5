import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// What the data planes themselves know about boots.
@Suite struct BootContextTests {
    private let machine: MACAddress
    private let version: Digest

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        version = try #require(Digest(String(repeating: "a", count: 64)))
    }

    private func context(send: @escaping @Sendable (NodeReport) -> Void = { _ in }) throws -> BootContext {
        let policy = BootPolicy(
            server: .loopback, loaders: [],
            nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)])
        return try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents()), tracker: BootTracker(),
            send: send)
    }

    @Test func `a failed boot is known before the next one's script is requested`() throws {
        let context = try context()
        for boot in 1...2 {
            context.note(.dhcp, of: machine, detail: "")
            #expect(context.snapshot.observations.troubles[machine]?.failedBoots ?? 0 == boot - 1)
            context.tracker.offer(version, to: machine)
            context.note(.kernel, of: machine, detail: "")
            // Boots are distinguished by the millisecond in which they began.
            let now = context.now()
            while context.now() == now {}
        }
        // It reports its failure and starts again: that is one failure.
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(context.report(.failed, boot: boot, machine: machine, age: 0, detail: "no init"))
        #expect(!context.report(.ready, boot: "0123456789abcdef", machine: machine, age: 0, detail: ""))
        #expect(context.snapshot.observations.troubles[machine]?.failedBoots == 2)
        context.note(.dhcp, of: machine, detail: "")
        #expect(context.snapshot.observations.troubles[machine]?.failedBoots == 2)
        #expect(context.snapshot.observations.troubles[machine]?.detail == "no init")
    }

    @Test func `only a report of a mounted root names the tree that was mounted`() throws {
        let events = Mutex([BootEvent]())
        let context = try context { report in
            if case .boot(let event) = report { events.withLock { $0.append(event) } }
        }
        let boot = context.openBoot(of: machine, version)
        for words in [
            "stage=network&tree=pc-1/3", "stage=root", "stage=root&tree=x", "stage=root&tree=pc-1/3",
        ] {
            let text = "POST /node/\(machine)/report?boot=\(boot)&\(words) HTTP/1.1\r\nHost: a\r\n\r\n"
            let wire = Array(text.utf8)
            var span = wire.span
            let request = try HTTPRequestHead(parsing: &span)
            let answer = HTTPAnswering(context: context).answer(
                request, body: Array("nfs /other/2, and more".utf8), peer: .loopback, server: .loopback)
            #expect(answer.status == 204, "\(words)")
        }
        let tree = TreeReference(node: try NodeName("pc-1"), generation: 3)
        #expect(events.withLock { $0.map(\.tree) } == [nil, nil, nil, nil, tree])
    }

    @Test func `a machine's boot program is what its firmware last named, not the loader that it started`()
        throws
    {
        let context = try context()
        let (firmware, loader) = (
            BootClient(macAddress: machine, architecture: .uefiX64HTTP, program: .httpFirmware),
            BootClient(macAddress: machine, architecture: .uefiX64, program: .ipxe(canHTTP: true))
        )
        context.note(loader, of: machine)
        #expect(context.clients[machine] == loader)
        context.note(firmware, of: machine)
        context.note(loader, of: machine)
        // It was not started from here: the firmware gets nothing.
        #expect(context.clients[machine] == loader)
        context.settings.policy.loaders = ["ipxe.efi"]
        context.note(firmware, of: machine)
        context.note(loader, of: machine)
        #expect(context.clients[machine] == firmware)
    }

    @Test func `a node known only by its UUID is recognised in all requests of its card`() throws {
        let context = try context()
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let other = try #require(MACAddress("52:54:00:00:00:02"))
        let node = Node(name: try NodeName("pc-7"), macAddresses: [], uuid: uuid)
        let third = Node(name: try NodeName("pc-8"), macAddresses: [other])
        context.swap(FleetSnapshot(revision: 2, nodes: [node, third], groups: [], images: []))
        context.note(uuid, of: machine)
        // The card counts for more than statements about the machine around it.
        context.note(uuid, of: other)
        #expect(context.node(of: machine)?.name == node.name)
        #expect(context.node(of: other)?.name == third.name)
        #expect(context.plan(for: machine, at: .loopback, server: .loopback).name == node.name)
        context.swap(FleetSnapshot(revision: 3, nodes: [third], groups: [], images: []))
        #expect(context.node(of: machine) == nil)
    }

    // MARK: Cards that no record names

    /// What the loop reported about cards.
    private final class Told: Sendable {
        let cards = Mutex<[NodeReport]>([])
        func add(_ report: NodeReport) { if case .card = report { cards.withLock { $0.append(report) } } }
        func take() -> [NodeReport] {
            cards.withLock { cards in
                defer { cards = [] }
                return cards
            }
        }
    }

    private func uuid(_ digit: Character) throws -> MachineUUID {
        try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef\(digit)"))
    }

    /// Two nodes without a card in their records, and the learned cards.
    private func twoNodes(_ learn: (inout LearnedCards) throws -> Void = { _ in }) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        for digit in ["0", "1"] as [Character] {
            let name = try NodeName("pc-\(digit)")
            contents.nodes[name] = Node(name: name, macAddresses: [], uuid: try uuid(digit))
        }
        var observations = FleetObservations()
        try learn(&observations.cards)
        return FleetSnapshot(revision: 2, contents: contents, observations: observations)
    }

    @Test func `a card counts for the node at once, and is not reported again once it is learned`() throws {
        let told = Told()
        let context = try context { told.add($0) }
        context.swap(try twoNodes())
        context.note(try uuid("0"), of: machine)
        #expect(told.take() == [.card(machine, try uuid("0"))])
        #expect(context.node(of: machine)?.name.text == "pc-0")
        // A configuration that was already on its way does not contain it.
        context.swap(try twoNodes())
        #expect(context.node(of: machine)?.name.text == "pc-0")
        context.swap(try twoNodes { _ = $0.note(machine, in: try uuid("0")) })
        context.note(try uuid("0"), of: machine)
        #expect(told.take().isEmpty && context.node(of: machine)?.name.text == "pc-0")
        // Zeros identify nothing.
        context.note(try #require(MachineUUID(smbios: Array(repeating: 0, count: 16))), of: machine)
        #expect(told.take().isEmpty && context.node(of: machine)?.name.text == "pc-0")
        // After a restart of the server it is known without asking.
        let fresh = try self.context()
        fresh.swap(try twoNodes { _ = $0.note(machine, in: try uuid("0")) })
        #expect(fresh.node(of: machine)?.name.text == "pc-0")
        #expect(fresh.plan(for: machine, at: .loopback, server: .loopback).name.text == "pc-0")
    }

    @Test func `a stranger on a node's dock is not the node, and another node there is itself`() throws {
        let told = Told()
        let context = try context { told.add($0) }
        let learned = try twoNodes { _ = $0.note(machine, in: try uuid("0")) }
        context.swap(learned)
        context.note(try uuid("9"), of: machine)
        #expect(context.node(of: machine) == nil)
        #expect(!context.plan(for: machine, at: .loopback, server: .loopback).isKnown)
        context.note(try uuid("9"), of: machine)
        #expect(told.take() == [.card(machine, nil)])
        // Before the center knows about it, and afterwards.
        context.swap(learned)
        #expect(context.node(of: machine) == nil)
        context.swap(try twoNodes())
        #expect(context.node(of: machine) == nil)
        context.swap(learned)
        context.note(try uuid("1"), of: machine)
        #expect(told.take() == [.card(machine, try uuid("1"))])
        #expect(context.node(of: machine)?.name.text == "pc-1")
        // The first node returns before that report arrives.
        context.note(try uuid("0"), of: machine)
        #expect(told.take() == [.card(machine, try uuid("0"))])
        #expect(context.node(of: machine)?.name.text == "pc-0")
    }

    @Test func `a neighbour that sends a node's UUID from ever new cards is accepted sixteen times`() throws {
        let told = Told()
        let context = try context { told.add($0) }
        context.swap(try twoNodes { _ = $0.note(machine, in: try uuid("0")) })
        for number in 1...10_000 {
            context.note(try uuid("0"), of: MACAddress(rawValue: UInt64(number)))
        }
        // A second may pass meanwhile, but not a minute.
        #expect((1...16).contains(told.take().count))
        #expect(context.node(of: MACAddress(rawValue: 9_999)) == nil)
        #expect(context.node(of: machine)?.name.text == "pc-0")
        // Another node is unaffected, and its own dock still becomes its card.
        let other = try #require(MACAddress("52:54:00:00:00:02"))
        context.note(try uuid("1"), of: other)
        #expect(told.take() == [.card(other, try uuid("1"))])
        // A card of this node that cannot be learned for another at least no longer counts as this one's.
        for number in 1...20 { context.note(try uuid("1"), of: MACAddress(rawValue: UInt64(number))) }
        _ = told.take()
        context.note(try uuid("1"), of: machine)
        #expect(told.take() == [.card(machine, nil)])
        #expect(context.node(of: machine)?.name.text == "pc-1")
    }

    @Test
    func `behind a router with another DHCP server, a node is known by the address that it was given here`()
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
        // Where leases are ours, only they count.
        context.told.isGiven = { _ in true }
        #expect(!context.isOwn(machine, fixed))
        context.told.holder = {
            $0 == fixed ? (stranger, ClientAddress(address: fixed, network: network)) : nil
        }
        #expect(context.isOwn(stranger, fixed) && !context.isOwn(machine, fixed))
    }

    // MARK: A machine's own data

    /// The snapshot of a fleet with one image, as modified by `change`.
    private func fleet(_ change: (inout FleetSnapshot.Contents) throws -> Void) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [], packages: [],
            origin: "")
        let only = ImageVersion(
            image: image, number: 1, digest: version, publishedAt: 0, manifest: manifest)
        contents.images[image] = ImageCatalogue(name: image, versions: [only], channels: [.stable: 1])
        try change(&contents)
        return FleetSnapshot(revision: 2, contents: contents)
    }

    /// `machine` holds the lease of the first address, another machine that of the second, and the third is free.
    private func addresses(in context: BootContext) throws -> [IPv4Address] {
        let addresses = try ["10.77.0.5", "10.77.0.6", "10.77.0.7"].map { try #require(IPv4Address($0)) }
        let other = try #require(MACAddress("52:54:00:00:00:02"))
        let network = try #require(IPv4Network("10.77.0.0/24"))
        let holders = [addresses[0]: machine, addresses[1]: other]
        context.told.isGiven = { _ in true }
        context.told.holder = { address in
            holders[address].map { ($0, ClientAddress(address: address, network: network)) }
        }
        return addresses
    }

    @Test(arguments: [(Enrolment.open, 200), (.quarantine, 403), (.refuse, 403)])
    func `an unknown machine gets the site's configuration during its boot, and for no other machine's name`(
        enrolment: Enrolment, status: Int
    ) throws {
        let context = try context()
        context.swap(
            try fleet {
                $0.groups[.site] = NodeGroup(
                    path: .site, settings: ["enrolment": .text(enrolment.rawValue)])
            })
        let addresses = try addresses(in: context)
        context.note(.dhcp, of: machine, detail: "")
        let boot = try #require(context.tracker.currentBoot(of: machine))
        let key = NodeKey().publicBytes
        func ask(from address: IPv4Address) throws -> Int {
            let head = Array(
                "POST /node/\(machine)/configuration?boot=\(boot) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var wire = head.span
            let request = try HTTPRequestHead(parsing: &wire)
            return HTTPAnswering(context: context).answer(
                request, body: key, peer: address, server: .loopback
            ).status
        }
        #expect(try ask(from: addresses[1]) == 403 && ask(from: addresses[2]) == 403)
        #expect(try ask(from: addresses[0]) == status)
    }

    @Test func `results of steps are taken from the machine itself, and for its open boot only`() throws {
        let taken = Mutex([NodeReport]())
        let context = try context { report in
            if case .steps = report { taken.withLock { $0.append(report) } }
        }
        let addresses = try addresses(in: context)
        context.note(.dhcp, of: machine, detail: "")
        let boot = try #require(context.tracker.currentBoot(of: machine))
        func post(_ query: String, from address: IPv4Address, _ method: String = "POST") throws -> Int {
            let head = Array("\(method) /node/\(machine)/steps?\(query) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var wire = head.span
            let request = try HTTPRequestHead(parsing: &wire)
            return HTTPAnswering(context: context).answer(
                request, body: [1, 2], peer: address, server: .loopback
            ).status
        }
        let own = "boot=\(boot)&phase=late"
        #expect(try post(own, from: addresses[1]) == 403 && post(own, from: addresses[2]) == 403)
        #expect(try post("boot=0123456789abcdef&phase=late", from: addresses[0]) == 403)
        #expect(try post("boot=\(boot)", from: addresses[0]) == 400)
        #expect(try post("boot=\(boot)&phase=sometime", from: addresses[0]) == 400)
        #expect(try post("phase=late", from: addresses[0]) == 400)
        #expect(try post(own, from: addresses[0], "GET") == 405)
        #expect(taken.withLock { $0.isEmpty })
        #expect(try post(own, from: addresses[0]) == 204)
        #expect(taken.withLock { $0 } == [.steps(machine, boot: boot, .late, [1, 2])])
        // Answered as if they had been accepted, so that no node tries again; but not recorded without end.
        for _ in 1...1_000 { #expect(try post(own, from: addresses[0]) == 204) }
        #expect(taken.withLock { $0.count } < 500)
    }

    @Test(arguments: [false, true])
    func `a node's volume and swap can be opened only from its own address, during its own boot`(
        isLearned: Bool
    ) throws {
        let context = try context()
        let name = try NodeName("pc-7")
        let uuid = try uuid("0")
        context.swap(
            try fleet {
                $0.nodes[name] = Node(name: name, macAddresses: isLearned ? [] : [machine], uuid: uuid)
                $0.groups[.site] = NodeGroup(path: .site, settings: ["swap": .list(["server:512M"])])
                $0.volumes[name] = Volume(
                    node: name, image: try ImageName("debian"), version: 1, digest: version,
                    byteCount: 8 << 30, createdAt: 0, generation: 1)
            }.observing { if isLearned { _ = $0.cards.note(machine, in: uuid) } })
        let addresses = try addresses(in: context)
        context.note(.dhcp, of: machine, detail: "")
        let boot = try #require(context.tracker.currentBoot(of: machine))
        for kind in [VolumeExportName.Kind.volume, .swap] {
            let disk = VolumeExportName(kind, of: name, boot: boot)
            let before = VolumeExportName(kind, of: name, boot: "0123456789abcdef")
            #expect(context.disk(disk, for: addresses[0]) != nil, "\(kind)")
            #expect(context.disk(disk, for: addresses[1]) == nil, "\(kind)")
            #expect(context.disk(disk, for: addresses[2]) == nil, "\(kind)")
            #expect(context.disk(before, for: addresses[0]) == nil, "\(kind)")
        }
    }

    @Test func `a running node that gets another name keeps its volume and swap, and nobody else gets them`()
        throws
    {
        let context = try context()
        let (old, new) = (try NodeName("pc-7"), try NodeName("office-7"))
        let volume = Volume(
            node: old, image: try ImageName("debian"), version: 1, digest: version, byteCount: 8 << 30,
            createdAt: 0, generation: 1)
        func fleet(_ node: NodeName, _ volume: Volume, others: [NodeName] = []) throws -> FleetSnapshot {
            try self.fleet {
                $0.nodes[node] = Node(name: node, macAddresses: [machine])
                $0.groups[.site] = NodeGroup(path: .site, settings: ["swap": .list(["server:512M"])])
                $0.volumes[node] = volume
                for (number, other) in others.enumerated() {
                    $0.nodes[other] = Node(
                        name: other, macAddresses: [MACAddress(rawValue: 0x5254_0000_0900 + UInt64(number))])
                }
            }
        }
        context.swap(try fleet(old, volume))
        let address = try addresses(in: context)[0]
        context.note(.dhcp, of: machine, detail: "")
        _ = context.offer(to: machine, at: address, server: address)
        let boot = try #require(context.tracker.currentBoot(of: machine))
        let disks = [
            VolumeExportName(.volume, of: old, boot: boot), VolumeExportName(.swap, of: old, boot: boot),
        ]
        let paths = disks.map { context.disk($0, for: address)?.path }
        #expect(paths.allSatisfy { $0?.contains("/pc-7/") == true })
        context.swap(try fleet(new, volume.renamed(to: new)))
        #expect(disks.map { context.disk($0, for: address)?.path } == paths)
        // Neither by its new name, which has no files, nor by one that it never had.
        let third = try NodeName("pc-8")
        for name in [new, third] {
            #expect(context.disk(VolumeExportName(.volume, of: name, boot: boot), for: address) == nil)
        }
        #expect(context.disk(VolumeExportName(.swap, of: third, boot: boot), for: address) == nil)
        // A new node with the old name has swap of its own in that directory.
        context.swap(try fleet(new, volume.renamed(to: new), others: [old]))
        #expect(context.disk(disks[0], for: address)?.path == paths[0])
        #expect(context.disk(disks[1], for: address) == nil)
    }

    @Test func `logs are kept for a machine that boots here, and for no other address`() throws {
        let kept = Mutex(0)
        let context = try context { report in
            if case .log = report { kept.withLock { $0 += 1 } }
        }
        let addresses = try addresses(in: context)
        context.note(.dhcp, of: machine, detail: "")
        let loop = try EventLoop()
        let receiver = try LogReceiver(
            socket: Socket.datagram(.loopback, port: 0), loop: loop, context: context)
        let message = Array("<14>hello".utf8)
        for address in addresses {
            receiver.take(message.span, from: address)
            #expect(kept.withLock { $0 } == 1, "\(address)")
        }
    }
}
