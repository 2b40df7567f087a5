import Fleet
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// Log-ins that nodes ask for, and nothing else does.
@Suite struct LogInRequestTests {
    private final class Bench {
        let machine = MACAddress(rawValue: 0x5254_0000_0001)
        let context: BootContext
        let address: IPv4Address
        let boot: String
        let key: RunKey
        var questions: [LogInQuestion] = []

        init(nodes: [MACAddress] = []) throws {
            address = try #require(IPv4Address("10.77.0.5"))
            let digest = try #require(Digest(String(repeating: "a", count: 64)))
            let policy = BootPolicy(
                server: .loopback, loaders: [],
                nodeArchives: ["amd64": NodeArchive(digest: digest, byteCount: 1)])
            var contents = FleetSnapshot.Contents()
            contents.groups[.site] = NodeGroup(path: .site)
            for (index, card) in ([machine] + nodes).enumerated() {
                let node = Node(name: try NodeName("pc-\(index)"), macAddresses: [card])
                contents.nodes[node.name] = node
            }
            context = try BootContext(
                loop: try EventLoop(),
                settings: BootContext.Settings(
                    policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "",
                    loaders: [:],
                    key: ServerKey(), secrets: NodeSecrets()),
                snapshot: FleetSnapshot(revision: 2, contents: contents), tracker: BootTracker(),
                send: { _ in })
            let (machine, address) = (machine, address)
            context.told.isGiven = { _ in true }
            context.told.holder = { asked in
                guard asked == address else { return nil }
                return IPv4Network("10.77.0.0/24").map {
                    (machine, ClientAddress(address: address, network: $0))
                }
            }
            (boot, key) = try Self.start(machine, at: address, in: context)
            context.center = .open { [unowned self] in questions.append($0) }
        }

        /// The machine boots, and has its configuration.
        static func start(_ machine: MACAddress, at address: IPv4Address, in context: BootContext) throws -> (
            String, RunKey
        ) {
            context.note(.dhcp, of: machine, detail: "")
            let boot = try #require(context.tracker.currentBoot(of: machine))
            let node = NodeKey()
            _ = context.deliver(to: machine, at: address, boot: boot, key: node.publicBytes)
            return (boot, try #require(context.runKey(of: machine, in: boot)))
        }

        func request(_ time: Int, _ user: String = "anna") -> LogInRequest {
            LogInRequest(
                id: LogInIdentifier(time: time, random: RandomBytes.make(16)).text, user: user, pool: "",
                protocols: ["rdp"], publicKey: "", hasPassword: false, takesOver: false)
        }

        func sealed(_ request: LogInRequest, run: String? = nil) -> [UInt8] {
            key.seal(request, of: machine, in: boot, run: run ?? context.logInRun)
        }

        func post(
            _ body: [UInt8], from peer: IPv4Address? = nil, boot: String? = nil, run: String? = nil,
            method: String = "POST"
        ) throws -> HTTPAnswer {
            let query = "boot=\(boot ?? self.boot)&run=\(run ?? context.logInRun)"
            let head = Array(
                "\(method) /node/\(machine)/ticket?\(query) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var wire = head.span
            let request = try HTTPRequestHead(parsing: &wire)
            return HTTPAnswering(context: context).answer(
                request, body: body, peer: peer ?? address, server: .loopback)
        }

        /// What the node hears of a request that waits.
        func hear(_ answer: HTTPAnswer, _ take: @escaping (HTTPAnswer) -> Void) throws {
            guard case .later(let later) = answer.body else {
                Issue.record("\(answer.status): it does not wait")
                return
            }
            later.whenGiven(take)
        }
    }

    private func refusal(of id: String) -> LogInAnswer { LogInAnswer(id: id, outcome: .refused("full")) }

    @Test func `a node asks, waits, and hears the control center's answer, sealed`() throws {
        let bench = try Bench()
        let request = bench.request(5)
        var heard: [HTTPAnswer] = []
        try bench.hear(bench.post(bench.sealed(request))) { heard.append($0) }
        let question = try #require(bench.questions.first)
        #expect(question.request == request && question.node.name.text == "pc-0")
        #expect(question.address == bench.address && heard.isEmpty)
        // Of another request: nothing happens.
        bench.context.take(refusal(of: "other"), for: bench.machine)
        #expect(heard.isEmpty)
        bench.context.take(refusal(of: request.id), for: bench.machine)
        bench.context.take(refusal(of: request.id), for: bench.machine)
        #expect(heard.count == 1 && heard.first?.status == 200)
        guard case .bytes(let bytes)? = heard.first?.body else { return }
        let answer = bench.key.logInAnswer(bytes, to: request, of: bench.machine, in: bench.boot)
        #expect(answer == refusal(of: request.id))
        #expect(bench.context.logIns.count == 0)
    }

    @Test func `another address, boot, key or machine gets nothing, and asks the control center nothing`()
        throws
    {
        let bench = try Bench()
        let sealed = bench.sealed(bench.request(5))
        #expect(try bench.post(sealed, from: IPv4Address("10.77.0.6")).status == 403)
        #expect(try bench.post(sealed, boot: "0123456789abcdef").status == 403)
        #expect(try bench.post(sealed, method: "PUT").status == 405)
        #expect(try bench.post([], boot: "0123456789abcdef", method: "GET").status == 403)
        #expect(try bench.post([], from: IPv4Address("10.77.0.6"), method: "GET").status == 403)
        let stranger = try #require(NodeSecrets().runKey(of: bench.machine, in: bench.boot, sealedTo: "00"))
        for body in [
            [], [UInt8](repeating: 0, count: 200), Array(sealed.dropLast()), sealed + [0],
            stranger.seal(
                bench.request(5), of: bench.machine, in: bench.boot, run: bench.context.logInRun),
        ] {
            #expect(try bench.post(body).status == 403)
        }
        #expect(try bench.post([UInt8](repeating: 0, count: LogInRequest.byteLimit + 1)).status == 413)
        #expect(bench.questions.isEmpty && bench.context.logIns.count == 0)
        bench.context.center = .none
        #expect(try bench.post(sealed).status == 501)
        // A server that has just started serves nodes before its control center does.
        bench.context.center = .opening
        #expect(try bench.post(sealed).status == 503)
        #expect(bench.questions.isEmpty && bench.context.logIns.count == 0)
    }

    @Test func `a recorded request is refused when a later one was made`() throws {
        let bench = try Bench()
        let (first, second) = (bench.request(5), bench.request(6))
        let recorded = bench.sealed(first)
        _ = try bench.post(recorded)
        bench.context.take(refusal(of: first.id), for: bench.machine)
        // The same again: the control center knows it, and answers as before.
        _ = try bench.post(recorded)
        #expect(bench.questions.count == 2)
        bench.context.take(refusal(of: first.id), for: bench.machine)
        _ = try bench.post(bench.sealed(second))
        bench.context.take(refusal(of: second.id), for: bench.machine)
        #expect(try bench.post(recorded).status == 409)
        #expect(try bench.post(bench.sealed(bench.request(6))).status == 409)
        #expect(bench.questions.count == 3)
    }

    @Test func `a request that was recorded before a restart of the server is refused behind it`() throws {
        let bench = try Bench()
        let request = bench.request(5)
        let (recorded, run) = (bench.sealed(request), bench.context.logInRun)
        guard case .bytes(let mark) = try bench.post([], method: "GET").body else {
            Issue.record("a node gets no mark")
            return
        }
        #expect(mark == Array(run.utf8) && run.utf8.count == 32)
        _ = try bench.post(recorded)
        bench.context.take(refusal(of: request.id), for: bench.machine)
        // As after a restart: what was asked is forgotten, and the boot goes on.
        bench.context.logIns = LogInRequests()
        #expect(bench.context.logInRun != run)
        #expect(try bench.post(recorded, run: run).status == 409)
        // With the new mark beside it.
        #expect(try bench.post(recorded).status == 403)
        #expect(bench.questions.count == 1)
        #expect(try bench.post(bench.sealed(bench.request(6))).status == 200)
        #expect(bench.questions.count == 2)
    }

    @Test func `where requests are forgotten because there are too many, those before are of a former run`()
        throws
    {
        let key = try #require(RunKey(bytes: [UInt8](repeating: 1, count: 32)))
        var requests = LogInRequests(machineLimit: 2)
        let run = requests.run
        for number in 1...2 {
            #expect(requests.run == run)
            _ = requests.wait(
                LogInIdentifier(time: 1, random: []), of: MACAddress(rawValue: UInt64(number)), in: "b",
                key: key, answer: LaterAnswer(), at: 0)
        }
        #expect(requests.run != run && requests.count == 2)
    }

    @Test func `one log-in of a node at a time; the same on a new connection takes the place of the old`()
        throws
    {
        let bench = try Bench()
        let request = bench.request(5)
        var (old, new): ([Int], [Int]) = ([], [])
        try bench.hear(bench.post(bench.sealed(request))) { old.append($0.status) }
        #expect(try bench.post(bench.sealed(bench.request(6))).status == 503)
        try bench.hear(bench.post(bench.sealed(request))) { new.append($0.status) }
        #expect(old == [503] && new.isEmpty && bench.questions.count == 1)
        bench.context.take(refusal(of: request.id), for: bench.machine)
        #expect(old == [503] && new == [200])
    }

    @Test func `a next request on the same connection is taken in the moment of the answer`() throws {
        let bench = try Bench()
        let (first, second) = (bench.request(5), bench.request(6))
        let next = bench.sealed(second)
        var status: Int?
        try bench.hear(bench.post(bench.sealed(first))) { _ in status = try? bench.post(next).status }
        bench.context.take(refusal(of: first.id), for: bench.machine)
        #expect(status == 200 && bench.questions.count == 2)
    }

    @Test func `a flood of a node ends at its limit, and other nodes still ask`() throws {
        let bench = try Bench()
        var statuses: [Int: Int] = [:]
        for time in 1...200 {
            let request = bench.request(time)
            let answer = try bench.post(bench.sealed(request))
            statuses[answer.status, default: 0] += 1
            bench.context.take(refusal(of: request.id), for: bench.machine)
        }
        #expect(statuses[200, default: 0] <= 40 && statuses[429, default: 0] >= 150)
        #expect(bench.questions.count == statuses[200])
        let answer = bench.context.limits.takes(
            \.logIns, .reports, .logIns, .machine(MACAddress(rawValue: 9)))
        #expect(answer)
    }

    @Test func `what the control center never answers is given up, and at most so many wait`() throws {
        let key = try #require(RunKey(bytes: [UInt8](repeating: 1, count: 32)))
        var requests = LogInRequests()
        let id = LogInIdentifier(time: 1, random: [])
        for number in 0..<LogInRequests.limit {
            let machine = MACAddress(rawValue: UInt64(number))
            #expect(requests.admission(of: id, of: machine, in: "b") == .asks)
            let former = requests.wait(id, of: machine, in: "b", key: key, answer: LaterAnswer(), at: number)
            #expect(former == nil)
        }
        let more = MACAddress(rawValue: 1 << 40)
        #expect(requests.admission(of: id, of: more, in: "b") == .full)
        // The node has restarted meanwhile.
        #expect(requests.admission(of: id, of: MACAddress(rawValue: 1), in: "c") == .asks)
        let late = requests.giveUp(now: LogInRequests.patience + 10)
        #expect(late.count == 10 && requests.count == LogInRequests.limit - 10)
        #expect(requests.admission(of: id, of: more, in: "b") == .asks)
    }
}
