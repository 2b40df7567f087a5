import Fleet
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// A node that asks the loop by HTTP, with a journal of deliveries that the test holds back.
final class NodeBench {
    let context: BootContext
    let machine = MACAddress(rawValue: 0x5254_0000_0001)
    private(set) var written: [(delivery: WrittenDelivery, number: Int)] = []

    /// - Parameters:
    ///   - boots: of the run before.
    ///   - deliveries: in its journal.
    init(
        boots: [BootTimeline] = [], deliveries: [WrittenDelivery] = [], revision: Int = 2,
        secrets: NodeSecrets = NodeSecrets(),
        send: @escaping @Sendable (NodeReport) -> Void = { _ in }
    ) throws {
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        let policy = BootPolicy(
            server: .loopback, loaders: [],
            nodeArchives: ["amd64": NodeArchive(digest: digest, byteCount: 1)])
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [],
            packages: [], origin: "")
        contents.images[image] = ImageCatalogue(
            name: image,
            versions: [
                ImageVersion(
                    image: image, number: 1, digest: digest, publishedAt: 0, manifest: manifest)
            ], channels: [.stable: 1])
        let node = Node(name: try NodeName("pc-1"), macAddresses: [machine])
        contents.nodes[node.name] = node
        var tracker = BootTracker()
        tracker.restore(boots)
        for event in tracker.restore(deliveries) { send(.boot(event)) }
        context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "",
                loaders: [:], key: ServerKey(), secrets: secrets),
            snapshot: FleetSnapshot(revision: revision, contents: contents), tracker: tracker, send: send)
        let network = try #require(IPv4Network("10.77.0.0/24"))
        context.told.holder = { [machine] in (machine, ClientAddress(address: $0, network: network)) }
        context.writeDelivery = { [unowned self] in written.append(($0, $1)) }
    }

    func ask(_ key: NodeKey, in boot: String) throws -> HTTPAnswer {
        try request("POST", "configuration?boot=\(boot)", body: key.publicBytes)
    }

    /// - Parameter path: below the node's own.
    func request(_ method: String, _ path: String, body: [UInt8] = []) throws -> HTTPAnswer {
        let head = Array("\(method) /node/\(machine)/\(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(
            request, body: body, peer: try #require(IPv4Address("10.77.0.5")), server: .loopback)
    }

    var boot: String { get throws { try #require(context.tracker.currentBoot(of: machine)) } }
}
