import Fleet
import Foundation
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// Many nodes with stored files boot at once: they wait for one another, and memory stays bounded.
@Suite struct LargeAnswersTests {
    private static let large = LargeAnswers.byteLimit / 4

    private func sealed(_ byteCount: Int) -> HTTPAnswer {
        HTTPAnswer(status: 200, body: .bytes([UInt8](repeating: 1, count: byteCount)))
    }

    private func later(_ answer: HTTPAnswer) throws -> LaterAnswer {
        guard case .later(let later) = answer.body else { throw StoreError.notFound("a later answer") }
        return later
    }

    @Test func `what finds no room waits, in order, and what is small does not`() throws {
        let answers = LargeAnswers { 0 }
        var sent = (0..<4).map { _ in answers.answer(Self.large, now: 0) { sealed(Self.large) } }
        #expect(sent.allSatisfy { $0.byteCount == Self.large })
        #expect(answers.usedByteCount == LargeAnswers.byteLimit)
        var got: [Int] = []
        for number in 0..<3 {
            try later(answers.answer(Self.large, now: 0) { sealed(Self.large) }).whenGiven { answer in
                got.append(number)
                sent.append(answer)
            }
        }
        #expect(answers.answer(1_000, now: 0) { sealed(1_000) }.status == 200)
        answers.advance(now: 1)
        #expect(got.isEmpty && answers.waitingCount == 3)
        sent.removeFirst(2)
        answers.advance(now: 2)
        #expect(got == [0, 1] && answers.waitingCount == 1)
        #expect(answers.usedByteCount == LargeAnswers.byteLimit)
        sent = []
        answers.advance(now: 3)
        #expect(got == [0, 1, 2] && answers.usedByteCount == Self.large)
        sent = []
        #expect(answers.usedByteCount == 0)
    }

    @Test func `what goes out at once still leaves half of the loop's time to others`() throws {
        var clock = 0
        let answers = LargeAnswers { clock }
        func slow() -> HTTPAnswer {
            clock += LargeAnswers.share - 1
            return sealed(1 << 20)
        }
        // The kernel takes all of it at once: there is room for all of them.
        let now = (0..<2).map { _ in answers.answer(1 << 20, now: 0, slow).byteCount }
        #expect(now == [1 << 20, 1 << 20])
        var given = 0
        for _ in 0..<5 { try later(answers.answer(1 << 20, now: 0, slow)).whenGiven { _ in given += 1 } }
        answers.advance(now: LargeAnswers.window - 1)
        #expect(given == 0)
        answers.advance(now: LargeAnswers.window)
        #expect(given == 2)
        answers.advance(now: LargeAnswers.window + 1)
        answers.advance(now: LargeAnswers.window * 2)
        answers.advance(now: LargeAnswers.window * 3)
        #expect(given == 5 && answers.waitingCount == 0)
    }

    @Test func `one that alone has more than all may goes out alone`() {
        let answers = LargeAnswers { 0 }
        let one = answers.answer(LargeAnswers.byteLimit * 2, now: 0) { sealed(LargeAnswers.byteLimit * 2) }
        #expect(one.status == 200 && one.place != nil)
        guard case .later = answers.answer(Self.large, now: 0, { sealed(Self.large) }).body else {
            Issue.record("the second one did not wait")
            return
        }
    }

    @Test func `a refusal takes no room, one who has gone gets nothing, and waiting has an end`() throws {
        let answers = LargeAnswers { 0 }
        #expect(answers.answer(Self.large, now: 0) { .error(403, "no") }.place == nil)
        #expect(answers.usedByteCount == 0)
        let full = answers.answer(LargeAnswers.byteLimit, now: 0) { sealed(LargeAnswers.byteLimit) }
        var made = 0
        func wait(_ now: Int) throws -> LaterAnswer {
            try later(
                answers.answer(Self.large, now: now) {
                    made += 1
                    return sealed(Self.large)
                })
        }
        let (gone, late) = (try wait(0), try wait(1))
        var status: Int?
        late.whenGiven { status = $0.status }
        gone.abandon()
        answers.advance(now: LargeAnswers.patience)
        #expect(status == nil && answers.waitingCount == 1)
        answers.advance(now: LargeAnswers.patience + 2)
        #expect(status == 503 && answers.waitingCount == 0 && made == 0)
        #expect(full.status == 200)
    }

    // MARK: Over the wire

    /// The HTTP service on a loop of its own, with nodes at 127.7.0.1 and on whose configuration has a stored file of the greatest length.
    private final class Planes: Sendable {
        /// Only the loop's thread opens it.
        private final class Home: @unchecked Sendable {
            // Sendable: only the loop's thread reads and writes it.
            var service: HTTPService?
            var context: BootContext?
        }

        struct Use: Equatable { var (used, waiting) = (0, 0) }

        let port: UInt16
        let key = ServerKey()
        let boots: [String]
        private let home = Home()
        private let mailbox: EventLoop.Mailbox

        static func machine(_ number: Int) -> MACAddress {
            MACAddress(rawValue: 0x0200_0000_0000 | UInt64(number))
        }
        static func address(_ number: Int) -> IPv4Address {
            IPv4Address(rawValue: 0x7F07_0000 | UInt32(number))
        }

        init(nodes: Int) throws {
            let (key, home) = (key, home)
            let found = Mutex<(port: UInt16, boots: [String])>((0, []))
            let snapshot = try Self.fleet(nodes)
            let version = try #require(Digest(String(repeating: "a", count: 64)))
            mailbox = try EventLoop.start(name: "test-loop") { loop in
                let policy = BootPolicy(
                    server: .loopback, loaders: [],
                    nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)])
                var settings = BootContext.Settings(
                    policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "",
                    loaders: [:], key: key, secrets: NodeSecrets())
                settings.storedContents = StoredContents()
                settings.storedContents.add(
                    [UInt8](repeating: 0x2A, count: StoredFile.byteLimit), version)
                let context = try BootContext(
                    loop: loop, settings: settings, snapshot: snapshot, tracker: BootTracker(),
                    send: { _ in })
                context.told.isGiven = { _ in false }
                context.told.holder = { address in
                    IPv4Network("127.7.0.0/16").map {
                        (
                            Self.machine(Int(address.rawValue & 0xFFFF)),
                            ClientAddress(address: address, network: $0)
                        )
                    }
                }
                var boots: [String] = []
                for number in 1...nodes {
                    context.note(.dhcp, of: Self.machine(number), detail: "")
                    boots.append(try #require(context.tracker.currentBoot(of: Self.machine(number))))
                }
                let listener = try Socket.listening(.any, port: 0)
                let port = try Socket.localPort(listener)
                home.service = try HTTPService(listener: listener, loop: loop, context: context) { _ in }
                home.context = context
                found.withLock { $0 = (port, boots) }
            }
            (port, boots) = found.withLock(\.self)
        }

        deinit { mailbox.submit { $0.stop() } }

        private static func fleet(_ nodes: Int) throws -> FleetSnapshot {
            let version = try #require(Digest(String(repeating: "a", count: 64)))
            var contents = FleetSnapshot.Contents()
            let image = try ImageName("debian")
            let manifest = ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [],
                packages: [], origin: "")
            let only = ImageVersion(
                image: image, number: 1, digest: version, publishedAt: 0, manifest: manifest)
            contents.images[image] = ImageCatalogue(
                name: image, versions: [only], channels: [.stable: 1])
            let name = try StoredFileName("large")
            contents.storedFiles[name] = StoredFile(
                name: name, digest: version, byteCount: StoredFile.byteLimit, changedAt: 0)
            contents.groups[.site] = NodeGroup(
                path: .site, settings: ["files": .map(["/opt/large": "stored:large"])])
            for number in 1...nodes {
                let node = Node(
                    name: try NodeName("pc-\(number)"), macAddresses: [Self.machine(number)])
                contents.nodes[node.name] = node
            }
            return FleetSnapshot(revision: 1, contents: contents)
        }

        /// What is on its way now. It blocks: a test that suspends here goes on when all others have had their turn, and by then the server
        /// has given its clients up.
        func use() -> Use {
            let asked = DispatchSemaphore(value: 0)
            let found = Mutex(Use())
            mailbox.submit { [home] _ in
                let answers = home.context?.largeAnswers
                found.withLock {
                    $0 = Use(used: answers?.usedByteCount ?? 0, waiting: answers?.waitingCount ?? 0)
                }
                asked.signal()
            }
            asked.wait()
            return found.withLock(\.self)
        }

        func ask(_ number: Int, _ key: NodeKey) throws -> LoopbackClient {
            let client = try LoopbackClient(SOCK_STREAM, at: "\(Self.address(number))", to: port)
            let machine = Self.machine(number)
            let head =
                "POST /node/\(machine)/configuration?boot=\(boots[number - 1]) HTTP/1.1\r\nHost: a\r\n"
                + "Connection: close\r\nContent-Length: \(key.publicBytes.count)\r\n\r\n"
            client.say(Array(head.utf8) + key.publicBytes)
            return client
        }
    }

    @Test func `many nodes with the largest files boot at once: a few are on their way, and all get theirs`()
        throws
    {
        let isSample = ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil
        let count = isSample ? 16 : 64
        let planes = try Planes(nodes: count)
        let keys = (0..<count).map { _ in NodeKey() }
        var clients = try (1...count).map { try planes.ask($0, keys[$0 - 1]) }
        var most = 0
        for number in 1...count {
            let key = keys[number - 1]
            var answer: [UInt8] = []
            for _ in 0..<100 {
                let use = planes.use()
                most = max(most, use.used)
                answer = clients[number - 1].hearAll() ?? []
                guard answer.starts(with: Array("HTTP/1.1 503".utf8)) else { break }
                clients[number - 1] = try planes.ask(number, key)
            }
            #expect(answer.starts(with: Array("HTTP/1.1 200".utf8)), "node \(number)")
            let head = try #require(answer.firstRange(of: Array("\r\n\r\n".utf8)))
            let archive = try key.open(
                Array(answer[head.upperBound...]), of: Planes.machine(number), in: planes.boots[number - 1],
                from: planes.key.publicBytes)
            #expect(archive.count > StoredFile.byteLimit)
        }
        // It was full, and never more than that.
        #expect((LargeAnswers.byteLimit / 4...LargeAnswers.byteLimit).contains(most))
        #expect(planes.use() == Planes.Use())
    }
}
