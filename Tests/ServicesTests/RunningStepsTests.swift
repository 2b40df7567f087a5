import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// Changed steps on their way to a running node, and to nothing else.
@Suite struct RunningStepsTests {
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)
    private let context: BootContext
    private let address: IPv4Address
    private let boot: String

    init() throws {
        let version = try #require(Digest(String(repeating: "a", count: 64)))
        address = try #require(IPv4Address("10.77.0.5"))
        let policy = BootPolicy(
            server: .loopback, loaders: [],
            nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)])
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [], packages: [],
            origin: "")
        let only = ImageVersion(image: image, number: 1, digest: version, publishedAt: 0, manifest: manifest)
        contents.images[image] = ImageCatalogue(name: image, versions: [only], channels: [.stable: 1])
        contents.groups[.site] = NodeGroup(path: .site)
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [machine],
            settings: ["files": .map(["/etc/motd": "open sesame"])])
        contents.nodes[node.name] = node
        context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 2, contents: contents), tracker: BootTracker(), send: { _ in })
        context.told.isGiven = { _ in false }
        let machine = machine
        context.told.holder = { address in
            IPv4Network("10.77.0.0/24").map { (machine, ClientAddress(address: address, network: $0)) }
        }
        context.note(.dhcp, of: machine, detail: "")
        boot = try #require(context.tracker.currentBoot(of: machine))
    }

    private func ask(_ method: String, _ path: String, _ body: [UInt8] = []) throws -> HTTPAnswer {
        let head = Array(
            "\(method) /node/\(machine)/\(path)boot=\(boot) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(request, body: body, peer: address, server: .loopback)
    }

    private func bytes(_ answer: HTTPAnswer) -> [UInt8] {
        if case .bytes(let bytes) = answer.body { bytes } else { [] }
    }

    private func order() throws -> String {
        String(decoding: bytes(try ask("GET", "orders?")), as: UTF8.self)
    }

    /// Of the order for steps.
    private func number() throws -> String {
        guard case .apply(let number)? = NodeOrder(text: try order()) else { return "" }
        return number
    }

    /// The node gets its configuration, and the key in it.
    private func start() throws -> RunKey {
        let key = NodeKey()
        let answer = try ask("POST", "configuration?", key.publicBytes)
        #expect(answer.status == 200)
        let archive = try key.open(
            bytes(answer), of: machine, in: boot, from: context.settings.key.publicBytes)
        let delivery = ConfigurationDelivery(address: address, publicKey: key.publicBytes)
        let runKey = try #require(
            context.settings.secrets.runKey(of: machine, in: boot, sealedTo: delivery.key))
        #expect(archive.firstRange(of: runKey.bytes) != nil)
        return runKey
    }

    private func files() throws -> CurrentStep {
        let steps = try #require(try context.currentSteps(of: machine))
        return try #require(steps.first { $0.step.name == "files" })
    }

    @Test func `a running node is asked until it has fetched them, and gets them sealed, once`() throws {
        let runKey = try start()
        #expect(try context.currentSteps(of: machine) == nil)
        #expect(try number().isEmpty)
        let step = try files()
        context.apply(["files": step.mark, "hosts": "another mark"], to: machine)
        let number = try number()
        #expect(try number.utf8.count == 32 && self.number() == number)
        let key = NodeKey()
        let request = runKey.request(with: key, of: machine, in: boot, order: number)
        let answer = try ask("POST", "apply?", request)
        #expect(answer.status == 200)
        #expect(bytes(answer).firstRange(of: Array("sesame".utf8)) == nil)
        let list = try key.open(
            bytes(answer), of: machine, in: boot, from: context.settings.key.publicBytes)
        var wire = list.span
        let steps = try [AppliedStep](parsing: &wire)
        // The other one has changed since it was shown.
        #expect(steps.map(\.work.name) == ["files"] && steps.first?.mark == step.mark)
        #expect(list.firstRange(of: Array("open sesame".utf8)) != nil)
        #expect(try self.number().isEmpty)
        let later = runKey.request(with: NodeKey(), of: machine, in: boot, order: number)
        #expect(try ask("POST", "apply?", later).status == 403)
        // One that was recorded on the wire takes no later order away.
        context.apply(["files": step.mark], to: machine)
        #expect(try ask("POST", "apply?", request).status == 403)
        #expect(try order().hasPrefix("apply "))
    }

    @Test func `a request that was recorded before a restart of the server takes no order behind it`() throws
    {
        let runKey = try start()
        _ = try order()
        let step = try files()
        context.apply(["files": step.mark], to: machine)
        let recorded = runKey.request(with: NodeKey(), of: machine, in: boot, order: try number())
        #expect(try ask("POST", "apply?", recorded).status == 200)
        // As after a restart: orders are forgotten, and the boot goes on.
        context.runningSteps = RunningSteps()
        #expect(try ask("POST", "apply?", recorded).status == 403)
        _ = try order()
        context.apply(["files": step.mark], to: machine)
        #expect(try ask("POST", "apply?", recorded).status == 403)
        let request = runKey.request(with: NodeKey(), of: machine, in: boot, order: try number())
        #expect(try ask("POST", "apply?", request).status == 200)
        #expect(try ask("POST", "apply?", request).status == 403)
    }

    @Test func `an order that takes another one's place has another number`() throws {
        let runKey = try start()
        _ = try order()
        let step = try files()
        context.apply(["files": step.mark], to: machine)
        let old = runKey.request(with: NodeKey(), of: machine, in: boot, order: try number())
        context.apply(["files": step.mark], to: machine)
        #expect(try ask("POST", "apply?", old).status == 403)
        #expect(try order().hasPrefix("apply "))
    }

    @Test func `programs on the node that are not root, and others, get nothing and take nothing away`()
        throws
    {
        let runKey = try start()
        _ = try order()
        context.apply(["files": try files().mark], to: machine)
        let (key, number) = (NodeKey(), try number())
        let stranger = try #require(
            NodeSecrets().runKey(of: machine, in: boot, sealedTo: "00"))
        for body in [
            [], key.publicBytes, key.publicBytes + [UInt8](repeating: 0, count: RunKey.codeByteCount),
            stranger.request(with: key, of: machine, in: boot, order: number),
            runKey.request(with: key, of: machine, in: "0123456789abcdef", order: number),
            runKey.request(with: key, of: machine, in: boot, order: ""),
            [UInt8](repeating: 0, count: 60_000),
        ] {
            #expect(try ask("POST", "apply?", body).status == 403)
        }
        #expect(try ask("GET", "apply?").status == 405)
        #expect(try self.number() == number)
    }

    @Test func `an order belongs to one boot, and a boot without configuration has no key`() throws {
        context.apply(["files": "x"], to: machine)
        let made = context.settings.secrets.runKey(of: machine, in: boot, sealedTo: "")
        let request = try #require(made).request(
            with: NodeKey(), of: machine, in: boot, order: try number())
        #expect(try ask("POST", "apply?", request).status == 403)
        var steps = RunningSteps()
        steps.order(["a": "1"], of: machine, in: "one", number: "1")
        let next = RunningSteps.Asked(boot: "two", address: address, server: .loopback)
        let wanted = steps.note(next, by: machine)
        #expect(wanted == nil)
        let taken = steps.take(for: machine, in: "one")
        #expect(taken.isEmpty)
    }

    @Test func `a restart goes before them, and log-ins wait for them`() throws {
        _ = try start()
        context.apply(["files": "x"], to: machine)
        context.restart([machine])
        #expect(try order() == "restart" && order().hasPrefix("apply "))
    }
}
