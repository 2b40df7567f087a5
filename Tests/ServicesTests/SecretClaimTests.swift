import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// Secrets in the data planes: nothing goes out before its receipt, and nothing to another machine or key.
@Suite struct SecretClaimTests {
    private static let word = Array("open sesame".utf8)
    private let machine: MACAddress
    private let version: Digest

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        version = try #require(Digest(String(repeating: "a", count: 64)))
    }

    /// A node in `/school`, a secret in `group`, and what the loop sends.
    private final class Bench {
        let context: BootContext
        let told = Told()
        private let machine: MACAddress

        final class Told: Sendable {
            let reports = Mutex([NodeReport]())
        }

        init(_ machine: MACAddress, _ version: Digest, secretIn group: String, isNode: Bool = true) throws {
            self.machine = machine
            let told = told
            let policy = BootPolicy(
                server: .loopback, loaders: [],
                nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)])
            context = try BootContext(
                loop: try EventLoop(),
                settings: BootContext.Settings(
                    policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "",
                    loaders: [:], key: ServerKey(), secrets: NodeSecrets()),
                snapshot: try Self.fleet(machine, version, group, isNode), tracker: BootTracker(),
                send: { report in told.reports.withLock { $0.append(report) } })
            context.told.isGiven = { _ in false }
            context.note(.dhcp, of: machine, detail: "")
            context.told.holder = { address in
                IPv4Network("10.77.0.0/24").map {
                    (machine, ClientAddress(address: address, network: $0))
                }
            }
        }

        private static func fleet(
            _ machine: MACAddress, _ version: Digest, _ group: String, _ isNode: Bool
        ) throws -> FleetSnapshot {
            var contents = FleetSnapshot.Contents()
            let (image, school) = (try ImageName("debian"), try GroupPath("/school"))
            let manifest = ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [],
                packages: [], origin: "")
            let only = ImageVersion(
                image: image, number: 1, digest: version, publishedAt: 0, manifest: manifest)
            contents.images[image] = ImageCatalogue(name: image, versions: [only], channels: [.stable: 1])
            contents.groups[school] = NodeGroup(path: school)
            contents.groups[.site] = NodeGroup(path: .site, settings: ["enrolment": .text("open")])
            let node = Node(name: try NodeName("pc-1"), group: school, macAddresses: [machine])
            if isNode { contents.nodes[node.name] = node }
            let secret = Secret(
                name: try SecretName("token"), group: try GroupPath(group), arming: .eachBoot, changedAt: 1)
            contents.secrets[secret.name] = secret
            return FleetSnapshot(revision: 2, contents: contents)
        }

        /// The claims that the loop has sent.
        var claims: [SecretClaim] {
            told.reports.withLock { reports in
                reports.compactMap { if case .secrets(let claim) = $0 { claim } else { nil } }
            }
        }

        var alarms: [MachineProperty] {
            told.reports.withLock { reports in
                reports.compactMap { if case .refusal(_, let alarm) = $0 { alarm.property } else { nil } }
            }
        }

        func ask(_ key: NodeKey) throws -> HTTPAnswer {
            let boot = try #require(context.tracker.currentBoot(of: machine))
            let head = Array(
                "POST /node/\(machine)/configuration?boot=\(boot) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var wire = head.span
            let request = try HTTPRequestHead(parsing: &wire)
            return HTTPAnswering(context: context).answer(
                request, body: key.publicBytes, peer: try #require(IPv4Address("10.77.0.5")),
                server: .loopback)
        }

        /// Whether the answer has the word in it, once it is opened.
        func hasWord(_ answer: HTTPAnswer, _ key: NodeKey) throws -> Bool {
            guard case .bytes(let sealed) = answer.body else { return false }
            let boot = try #require(context.tracker.currentBoot(of: machine))
            let server = context.settings.key.publicBytes
            let archive = try key.open(sealed, of: machine, in: boot, from: server)
            #expect(!String(decoding: sealed, as: UTF8.self).contains("sesame"))
            return String(decoding: archive, as: UTF8.self).contains("open sesame")
        }

        func deliver(_ claim: SecretClaim, _ files: [SecretFile]?) {
            context.take([SecretDelivery(claim, files: files)])
        }

        var file: SecretFile {
            get throws {
                SecretFile(
                    try #require(context.snapshot.contents.secrets.values.first),
                    content: SecretClaimTests.word)
            }
        }
    }

    @Test func `the configuration waits for the receipt, and has the secret in it once`() throws {
        let bench = try Bench(machine, version, secretIn: "/school")
        let key = NodeKey()
        #expect(try bench.ask(key).status == 503 && bench.ask(key).status == 503)
        // It asked the store once.
        let claim = try #require(bench.claims.first)
        #expect(bench.claims.count == 1 && claim.node.text == "pc-1" && claim.group.description == "/school")
        bench.deliver(claim, [try bench.file])
        let answer = try bench.ask(key)
        #expect(try answer.status == 200 && bench.hasWord(answer, key))
        // Each further answer needs another receipt.
        #expect(try bench.ask(key).status == 503)
        #expect(bench.claims.count == 2)
        bench.deliver(claim, [])
        let last = try bench.ask(key)
        #expect(try last.status == 200 && !bench.hasWord(last, key))
    }

    @Test func `a second key in the same boot gets no secret, and raises the alarm`() throws {
        let bench = try Bench(machine, version, secretIn: "/school")
        let (first, second) = (NodeKey(), NodeKey())
        #expect(try bench.ask(first).status == 503)
        let claim = try #require(bench.claims.first)
        bench.deliver(claim, [try bench.file])
        #expect(try bench.ask(second).status == 403)
        #expect(bench.alarms == [.secondConfiguration] && bench.claims.count == 1)
        // The first one's answer is still its own.
        let answer = try bench.ask(first)
        #expect(try answer.status == 200 && bench.hasWord(answer, first))
    }

    @Test func `a key that the store knows as the second one is refused with an alarm, too`() throws {
        let bench = try Bench(machine, version, secretIn: "/")
        let key = NodeKey()
        #expect(try bench.ask(key).status == 503)
        bench.deliver(try #require(bench.claims.first), nil)
        #expect(try bench.ask(key).status == 403)
        #expect(bench.alarms == [.secondConfiguration])
    }

    @Test(arguments: [("/office", true), ("/", false)])
    func `other groups' nodes, and machines that are no nodes, ask for nothing`(group: String, isNode: Bool)
        throws
    {
        let bench = try Bench(machine, version, secretIn: group, isNode: isNode)
        let key = NodeKey()
        let answer = try bench.ask(key)
        #expect(try answer.status == 200 && !bench.hasWord(answer, key))
        #expect(bench.claims.isEmpty)
    }

    @Test func `a lost question is asked again, and what no node fetches is dropped`() throws {
        var claims = SecretClaims()
        let claim = SecretClaim(
            machine: machine, node: try NodeName("pc-1"), group: .site, boot: "one", key: "a", at: 1)
        var later = claim
        later.boot = "two"
        #expect(claims.state(of: claim, now: 0) == .unasked)
        claims.ask(claim, now: 0)
        #expect(claims.state(of: claim, now: SecretClaims.patience) == .asked)
        #expect(claims.state(of: claim, now: SecretClaims.patience + 1) == .unasked)
        // What came for another boot or key is not for this one.
        claims.take(SecretDelivery(later, files: []), now: 1)
        #expect(claims.state(of: claim, now: 1) == .asked)
        claims.take(SecretDelivery(claim, files: []), now: 1)
        #expect(claims.state(of: later, now: 1) == .unasked)
        claims.forgetOld(now: SecretClaims.keeping + 2)
        #expect(claims.state(of: claim, now: SecretClaims.keeping + 2) == .unasked)
    }
}
