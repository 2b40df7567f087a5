import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// A node that boots, its TPM, and what the loop sends.
final class TPMBench {
    let context: BootContext
    private let machine: MACAddress
    private let told = Told()
    private let address: IPv4Address

    private final class Told: Sendable {
        let reports = Mutex([NodeReport]())
    }

    init(_ machine: MACAddress, _ name: NodeName, _ use: TPMUse = .use) throws {
        self.machine = machine
        address = try #require(IPv4Address("10.77.0.5"))
        let (told, digest) = (told, try #require(Digest(String(repeating: "a", count: 64))))
        let policy = BootPolicy(
            server: .loopback, loaders: [],
            nodeArchives: ["amd64": NodeArchive(digest: digest, byteCount: 1)])
        context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: try Self.fleet(machine, name, digest, use), tracker: BootTracker(),
            send: { report in told.reports.withLock { $0.append(report) } })
        context.told.isGiven = { _ in false }
        context.told.holder = { address in
            IPv4Network("10.77.0.0/24").map { (machine, ClientAddress(address: address, network: $0)) }
        }
        startAgain()
    }

    private static func fleet(_ machine: MACAddress, _ name: NodeName, _ digest: Digest, _ use: TPMUse) throws
        -> FleetSnapshot
    {
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [], packages: [],
            origin: "")
        let only = ImageVersion(image: image, number: 1, digest: digest, publishedAt: 0, manifest: manifest)
        contents.images[image] = ImageCatalogue(name: image, versions: [only], channels: [.stable: 1])
        contents.groups[.site] = NodeGroup(path: .site, settings: ["tpm": .text(use.rawValue)])
        contents.nodes[name] = Node(name: name, macAddresses: [machine])
        return FleetSnapshot(revision: 2, contents: contents)
    }

    /// A new boot: the last one has had its kernel.
    func startAgain() {
        context.note(.kernel, of: machine, detail: "")
        context.note(.dhcp, of: machine, detail: "")
    }

    func boot() throws -> String { try #require(context.tracker.currentBoot(of: machine)) }

    /// What the store has done.
    func bind(_ tpm: BoundTPM) { context.swap(context.snapshot.observing { $0.tpms[tpm.node] = tpm }) }

    var bindings: [BoundTPM] {
        told.reports.withLock { reports in
            reports.compactMap { if case .tpm(let tpm) = $0 { tpm } else { nil } }
        }
    }

    var alarms: [NodeAlarm] {
        told.reports.withLock { reports in
            reports.compactMap { if case .refusal(_, let alarm) = $0 { alarm } else { nil } }
        }
    }

    /// The TPM whose keys ``introduce(_:_:_:_:)`` shows.
    func identity() throws -> TPMIdentity {
        TPMIdentity(
            endorsement: TPMVectors.curveName, attestation: TPMVectors.attestationName, kind: .ecc)
    }

    /// What the TPM would open of the answer. The test has no TPM: it takes it from the server.
    func introduce(
        _ key: NodeKey, _ endorsement: [UInt8] = TPMVectors.curve,
        _ attestation: [UInt8] = TPMVectors.attestation, _ certificate: [UInt8]? = nil
    ) throws -> TPMCredential {
        let kind: TPMKey.Kind = endorsement.count == TPMVectors.rsa.count ? .rsa : .curve
        let introduction = TPMIntroduction(
            bootKey: key.publicBytes, endorsement: try TPMKey(kind, endorsement),
            attestation: try TPMKey(.attestation, attestation), certificate: certificate)
        var body: [UInt8] = []
        introduction.write(to: &body)
        let answer = try post(body, boot: boot())
        #expect(answer.status == 200)
        return try #require(context.tpmProofs[machine]).credential
    }

    func wish() throws -> String {
        guard case .bytes(let bytes) = try request("GET", "tpm", boot(), []).body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    func post(_ body: [UInt8], boot: String) throws -> HTTPAnswer {
        try request("POST", "tpm", boot, body)
    }

    func ask(_ key: NodeKey, _ proof: [UInt8]) throws -> HTTPAnswer {
        try request("POST", "configuration", boot(), key.publicBytes + proof)
    }

    func open(_ answer: HTTPAnswer, _ key: NodeKey) throws -> [UInt8] {
        guard case .bytes(let sealed) = answer.body else { return [] }
        return try key.open(
            sealed, of: machine, in: try boot(), from: context.settings.key.publicBytes)
    }

    func request(_ method: String, _ what: String, _ boot: String, _ body: [UInt8]) throws -> HTTPAnswer {
        let head = Array(
            "\(method) /node/\(machine)/\(what)?boot=\(boot) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(
            request, body: body, peer: address, server: .loopback)
    }
}
