import Fleet
import Glibc
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// A request that claims a machine's address counts only on the interface where that address is.
@Suite struct InterfaceTests {
    private static let (right, wrong, loopback, gone): (UInt32, UInt32, UInt32, UInt32) = (2, 3, 1, 9)
    private let machine: MACAddress
    private let address: IPv4Address
    private let version: Digest
    private let context: BootContext
    private let told: Told

    /// What was reported.
    private final class Told: Sendable {
        let alarms = Mutex<[NodeAlarm]>([])
        let lines = Mutex(0)
    }

    /// `pc-7` has the lease of 10.77.0.5, a volume and a swap.
    init() throws {
        let told = Told()
        self.told = told
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        address = try #require(IPv4Address("10.77.0.5"))
        version = try #require(Digest(String(repeating: "a", count: 64)))
        let (name, image, version, machine) = (
            try NodeName("pc-7"), try ImageName("debian"), version, machine
        )
        var contents = FleetSnapshot.Contents()
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [], packages: [],
            origin: "")
        contents.images[image] = ImageCatalogue(
            name: image,
            versions: [
                ImageVersion(image: image, number: 1, digest: version, publishedAt: 0, manifest: manifest)
            ], channels: [.stable: 1])
        contents.nodes[name] = Node(name: name, macAddresses: [machine])
        contents.groups[.site] = NodeGroup(path: .site, settings: ["swap": .list(["server:512M"])])
        contents.volumes[name] = Volume(
            node: name, image: image, version: 1, digest: version, byteCount: 8 << 30, createdAt: 0,
            generation: 1)
        context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: BootPolicy(
                    server: .loopback, loaders: [],
                    nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)]),
                imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: contents), tracker: BootTracker()
        ) { report in
            if case .refusal(_, let alarm) = report { told.alarms.withLock { $0.append(alarm) } }
            if case .log = report { told.lines.withLock { $0 += 1 } }
        }
        let (lease, network) = (address, try #require(IPv4Network("10.77.0.0/24")))
        context.told.isGiven = { network.contains($0) }
        context.told.holder = {
            $0 == lease ? (machine, ClientAddress(address: lease, network: network)) : nil
        }
        context.told.interface = { network.contains($0) ? "eth1" : nil }
        let names = [Self.right: "eth1", Self.wrong: "eth2", Self.loopback: "lo"]
        context.interfaceName = { names[$0] }
    }

    private func boot() throws -> String {
        context.note(.dhcp, of: machine, detail: "")
        return try #require(context.tracker.currentBoot(of: machine))
    }

    private func status(_ method: String, _ path: String, on interface: UInt32?, body: [UInt8] = []) throws
        -> Int
    {
        let head = Array("\(method) /node/\(machine)/\(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(
            request, body: body, peer: address, server: .loopback, interface: interface
        ).status
    }

    @Test func `scripts, configurations, reports and orders by HTTP`() throws {
        let boot = try boot()
        let key = NodeKey().publicBytes
        for interface in [Self.wrong, Self.gone] {
            for path in ["boot.ipxe", "orders?boot=\(boot)", "register?name=x"] {
                #expect(try status("GET", path, on: interface) == 403, "\(path)")
            }
            for path in [
                "configuration?boot=\(boot)", "report?boot=\(boot)&stage=network", "hardware?boot=\(boot)",
                "sessions?boot=\(boot)",
            ] {
                #expect(try status("POST", path, on: interface, body: key) == 403, "\(path)")
            }
        }
        #expect(context.tracker.progress(of: machine)?.stage == .dhcp)
        for interface in [Self.right, nil] {
            #expect(try status("GET", "boot.ipxe", on: interface) == 200)
            #expect(try status("GET", "orders?boot=\(boot)", on: interface) == 200)
            #expect(try status("POST", "report?boot=\(boot)&stage=network", on: interface) == 204)
        }
    }

    @Test func `scripts by TFTP`() throws {
        let names = [
            "node/\(machine)/boot.ipxe",
            "grub.cfg-01-\(machine.description.split(separator: ":").joined(separator: "-"))",
            "grub.cfg-\(address.hexadecimal)", "grub.cfg",
        ]
        for name in names {
            for (interface, isGiven) in [
                (Self.right, true), (Self.wrong, false), (Self.gone, false), (nil, true),
            ] {
                let content = try context.content(at: name, for: address, server: .loopback, on: interface)
                #expect((content != nil) == isGiven, "\(name) on \(interface ?? 0)")
            }
        }
    }

    @Test func `volumes and swap by NBD, with an alarm that names the interface`() throws {
        let (boot, name) = (try boot(), try NodeName("pc-7"))
        for kind in [VolumeExportName.Kind.volume, .swap] {
            let disk = VolumeExportName(kind, of: name, boot: boot)
            #expect(context.disk(disk, for: address, on: Self.right) != nil, "\(kind)")
            #expect(context.disk(disk, for: address, on: Self.wrong) == nil, "\(kind)")
        }
        let alarms = told.alarms.withLock { $0 }
        #expect(alarms.map(\.interface) == ["eth2"] && alarms.map(\.holder) == [nil])
        #expect(
            alarms.map(\.summary) == [
                "another machine (10.77.0.5, on eth2, where that address is not) asked for its volume, and was refused"
            ])
    }

    @Test func `lines of logs by UDP`() throws {
        let loop = try EventLoop()
        let receiver = try LogReceiver(
            socket: Socket.datagram(.loopback, port: 0), loop: loop, context: context)
        let message = Array("<14>hello".utf8)
        for (interface, count) in [(Self.wrong, 0), (Self.gone, 0), (Self.right, 1)] {
            receiver.take(message.span, from: address, on: interface)
            #expect(told.lines.withLock { $0 } == count)
        }
    }

    @Test
    func `any interface may lead to machines behind routers and relays, and this host speaks to itself`()
        throws
    {
        #expect(context.machine(at: address, on: Self.wrong) == nil)
        #expect(context.machine(at: address, on: Self.loopback) == machine)
        context.told.interface = { _ in nil }
        #expect(context.machine(at: address, on: Self.wrong) == machine)
        #expect(context.isOwn(machine, address, on: Self.wrong))
    }

    @Test func `neighbours are known with their interfaces`() throws {
        let text = """
            IP address       HW type     Flags       HW address            Mask     Device
            10.77.0.5        0x1         0x2         52:54:00:00:00:01     *        eth1
            10.77.0.6        0x1         0x0         00:00:00:00:00:00     *        eth1

            """
        #expect(
            NeighbourTable.read(text) == [
                address: NeighbourTable.Neighbour(machine: machine, interface: "eth1")
            ])
    }

    @Test func `the kernel tells on which interface a connection came in`() throws {
        let listener = try Socket.listening(.loopback, port: 0)
        let port = try Socket.localPort(listener)
        let client = try LoopbackClient(SOCK_STREAM, at: "127.0.0.1", to: port)
        let accepted = try Socket.accept(listener)
        let interface: UInt32? =
            switch accepted {
            case .some(let socket): Socket.interface(socket)
            case .none: nil
            }
        #expect(interface.flatMap(NetworkInterface.name) == "lo")
        withExtendedLifetime(client) {}
    }
}
