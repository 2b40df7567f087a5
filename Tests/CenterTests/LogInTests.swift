import API
import Fleet
import Synchronization
import Testing
import Wire

@testable import Center

/// Log-ins of people at thin clients, from the request to the answer.
@Suite struct LogInTests {
    private static let guests: [String: SettingValue] = [
        "log-in": .text("automatic"), "log-in-account": .text("guest01..guest03"),
    ]

    @Test
    func `a node's own log-in gets an account, a server and a credential of which the agent has the hash`()
        async throws
    {
        let bench = try await LogInBench(settings: Self.guests)
        let ticket = try await bench.ticket()
        let prepared = try #require(bench.prepared().first)
        #expect(ticket.user == "guest01" && prepared.user == "guest01" && prepared.ticket == ticket.id)
        #expect(ticket.credential.utf8.count == 43 && ticket.lifetime == 60)
        #expect(prepared.credential == Secrets.hash(ticket.credential) && prepared.from == "10.77.0.101")
        #expect(prepared.account?.user == "guest01" && prepared.account?.end == .remove)
        #expect(prepared.account?.mayBeForeign == false)
        #expect(ticket.certificate == LogInBench.certificate && ticket.kind == "rdp" && ticket.port == 3_389)
    }

    @Test func `a person's own password goes nowhere here, and the node gets nothing in its place`()
        async throws
    {
        let bench = try await LogInBench()
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb node"
        guard case .ready(let ticket) = try await bench.logIn("ann", key: key).outcome else {
            Issue.record("no ticket")
            return
        }
        let prepared = try #require(bench.prepared().first)
        #expect(ticket.user == "ann" && ticket.credential.isEmpty)
        #expect(prepared.credential.isEmpty && prepared.publicKey.isEmpty && prepared.account == nil)
    }

    @Test func `a name without a password opens nothing`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        #expect(try await bench.refusal("ann", password: false) == "Type your name and your password.")
        #expect(bench.prepared().isEmpty)
    }

    @Test(arguments: ["-x", "a;b", "$(id)", "../root", "a\nb", "a b", ".\\ann", "SCHOOL\\Änne"])
    func `a name that a shell, a path or PAM would take for its own goes to no server`(user: String)
        async throws
    {
        let bench = try await LogInBench()
        #expect(try await bench.refusal(user) == "No account has such a name.")
        #expect(bench.prepared().isEmpty)
    }

    @Test func `an account of the directory is made with its number, groups and hash`() async throws {
        let bench = try await LogInBench()
        let name = try LogInName("ann")
        let ann = DirectoryAccount(name: name, fullName: "Ann Lee", uid: 2_000, groups: ["audio"])
        try await bench.fleet.change(by: "test") { _ in [.account(name, ann, passwordHash: "$6$salt$hash")] }
        _ = try await bench.ticket("ann")
        let account = try #require(bench.prepared().first?.account)
        #expect(account.number == 2_000 && account.groups == ["audio"] && account.end == .keep)
        #expect(account.passwordHash == "$6$salt$hash" && account.fullName == "Ann Lee")
        try await bench.fleet.change(by: "test") { _ in
            var closed = ann
            closed.isDisabled = true
            return [.account(name, closed)]
        }
        bench.pass(61_000)
        try bench.reportAll()
        // No word of the account: it is not known yet whether it is hers to ask about.
        #expect(try await bench.refusal("ann")?.hasPrefix("You cannot log in here now.") == true)
    }

    @Test func `passwords of the directory go to servers of the whole site only`() async throws {
        let bench = try await LogInBench()
        let (name, office) = (try LogInName("ann"), try GroupPath("/office"))
        let servers = bench.fleet.snapshot.contents.terminals.servers
        func put(_ servers: some Sequence<TerminalServer>) async throws {
            let edits = servers.map { server in
                var server = server
                server.group = office
                return FleetEdit.terminal(server.name, server)
            }
            try await bench.fleet.change(by: "test") { _ in edits }
        }
        try await bench.fleet.change(by: "test") { _ in
            [
                .group(office, NodeGroup(path: office)),
                .account(name, DirectoryAccount(name: name, uid: 2_000), passwordHash: "$6$salt$hash"),
            ]
        }
        try await put(servers.values.filter { $0.name.text == "ts1" })
        _ = try await bench.ticket("ann")
        #expect(bench.prepared("ts1").isEmpty && bench.prepared("ts2").count == 1)
        bench.pass(61_000)
        try bench.reportAll()
        try await put(servers.values)
        #expect(try await bench.refusal("ann") != nil)
        #expect(bench.prepared().count == 1)
        #expect(bench.logIns.failures().first?.reason.contains("the whole site only") == true)
    }

    @Test func `a node's name makes no one else's account`() async throws {
        let bench = try await LogInBench(settings: [
            "log-in": .text("automatic"), "log-in-account": .text("pc-(.*) → ann\\1"),
        ])
        let name = try LogInName("ann1")
        try await bench.fleet.change(by: "test") { _ in
            [.account(name, DirectoryAccount(name: name, uid: 2_000))]
        }
        #expect(try await bench.refusal() != nil)
        #expect(bench.prepared().isEmpty)
    }

    // MARK: Who may

    @Test func `pools take those whom they name, in their hours, from their nodes`() async throws {
        let bench = try await LogInBench { $0.users = ["ben"] }
        #expect(try await bench.refusal("ann") == "You may not log in here.")
        #expect(try await bench.refusal("ben") == nil)
    }

    @Test func `groups that only a server's directory knows let people in to that server`() async throws {
        let bench = try await LogInBench { $0.groups = ["staff"] }
        for (isMember, said) in [(true, nil), (false, "You may not log in here."), (nil, "does not answer")]
            as [(Bool?, String?)]
        {
            for name in ["ts1", "ts2"] { try bench.behave(name, .knows(isMember: isMember)) }
            let user = "ann\(isMember.map { "\($0)" } ?? "")"
            let refusal = try await bench.refusal(user)
            #expect(said == nil ? refusal == nil : refusal?.contains(said ?? "") == true, "\(refusal ?? "")")
            #expect(bench.prepared().last?.groups == ["staff"])
        }
        // Whom the directory here knows, it decides; and it is not asked for nodes' own accounts.
        let name = try LogInName("ben")
        try await bench.fleet.change(by: "test") { _ in
            [.account(name, DirectoryAccount(name: name, uid: 2_000, groups: ["pupils"]))]
        }
        let count = bench.prepared().count
        #expect(try await bench.refusal("ben") == "You may not log in here.")
        #expect(bench.prepared().count == count)
        #expect(bench.terminals.now(at: bench.time).values.allSatisfy { $0.placed?.failureCount ?? 0 <= 1 })
    }

    @Test func `without a pool, or with a missing one, no one logs in`() async throws {
        let bench = try await LogInBench(settings: ["pool": .text("")])
        #expect(try await bench.refusal("ann")?.contains("administrator") == true)
        #expect(bench.logIns.failures().first?.reason == "the setting pool of the node is empty")
    }

    @Test func `a machine that is no node gets nothing`() async throws {
        let bench = try await LogInBench()
        let request = LogInRequest(
            id: "1", user: "ann", pool: "", protocols: ["rdp"], publicKey: "", hasPassword: true,
            takesOver: false)
        let answer = await bench.logIns.logIn(
            request, by: nil, machine: try #require(MACAddress("52:54:00:00:09:99")),
            at: try #require(IPv4Address("10.77.0.9")))
        guard case .refused = answer.outcome else {
            Issue.record("\(answer.outcome)")
            return
        }
    }

    // MARK: Requests that come again

    @Test func `the same request has the same answer for a minute, and none later`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        let first = try await bench.logIn(id: "once")
        #expect(try await bench.logIn(id: "once") == first)
        #expect(bench.prepared().count == 1)
        bench.pass(61_000)
        try bench.reportAll()
        guard case .refused = try await bench.logIn(id: "once").outcome else {
            Issue.record("it was answered again")
            return
        }
        #expect(bench.prepared().count == 1)
    }

    @Test func `another request with a used number gets no credential`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        _ = try await bench.logIn(id: "once")
        guard case .refused = try await bench.logIn("ann", id: "once").outcome else {
            Issue.record("it was answered")
            return
        }
    }

    @Test func `a node logs in thirty times a minute at most`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        for _ in 0..<30 { _ = try await bench.ticket() }
        #expect(try await bench.refusal() == "Too many log-ins here. Wait a moment.")
        #expect(try await bench.refusal(at: 2) == nil)
        bench.pass(61_000)
        try bench.reportAll()
        #expect(try await bench.refusal() == nil)
    }

    // MARK: Servers that fail

    @Test func `a server that cannot prepare it is left for the next best, once`() async throws {
        let bench = try await LogInBench()
        try bench.behave("ts1", .refuses("the disk is full"))
        try bench.behave("ts2", .refuses("the disk is full"))
        #expect(try await bench.refusal("ann")?.contains("does not answer") == true)
        #expect(bench.prepared().count == 2)
        try bench.behave("ts2", .carriesOut)
        for _ in 0..<3 { #expect(try await bench.ticket("ann").address == "10.77.0.21") }
    }

    @Test(.timeLimit(.minutes(10)))
    func `an agent that dies before it answers gives the person to another server`() async throws {
        let bench = try await LogInBench()
        let first = try await bench.ticket("ann").address
        let (dead, other) = first == "10.77.0.20" ? ("ts1", "10.77.0.21") : ("ts2", "10.77.0.20")
        try bench.behave(dead, .dies)
        bench.pass(61_000)
        try bench.reportAll()
        #expect(try await bench.ticket("ann").address == other)
    }

    /// A bench on which ann was sent to a server, with that server and the address of the other one.
    private func sent() async throws -> (
        bench: LogInBench, ticket: SessionTicket, server: String, other: String
    ) {
        let bench = try await LogInBench()
        let ticket = try await bench.ticket("ann")
        let isFirst = ticket.address == "10.77.0.20"
        return (bench, ticket, isFirst ? "ts1" : "ts2", isFirst ? "10.77.0.21" : "10.77.0.20")
    }

    @Test(.timeLimit(.minutes(10)))
    func `a server that lost its power with the person's session is left at the next log-in`() async throws {
        let (bench, ticket, server, other) = try await sent()
        try bench.begin("ann", on: server)
        try bench.behave(server, .dies)
        bench.state.withLock { $0.knocks[ticket.address] = PortKnock.Answer.none }
        // Fewer than the fifteen seconds after which it counts as silent anyway.
        bench.pass(8_000)
        let again = try await bench.ticket("ann")
        #expect(again.address == other && !again.isReconnection)
        #expect(bench.terminals.now(at: bench.time)[try TerminalName(server)]?.state == .silent)
        // Until it is heard again.
        bench.report(try TerminalName(server))
        #expect(bench.terminals.now(at: bench.time)[try TerminalName(server)]?.state == .up)
    }

    @Test(.timeLimit(.minutes(10)))
    func `a server that dies just after its report is left once the next one is overdue`() async throws {
        let (bench, ticket, server, other) = try await sent()
        try bench.begin("ann", on: server)
        try bench.behave(server, .dies)
        bench.state.withLock { $0.knocks[ticket.address] = PortKnock.Answer.none }
        let again = Task { try await bench.ticket("ann") }
        while bench.prepared().count < 2 { await Task.yield() }
        // Its connection ends.
        _ = bench.terminals.orders(for: try TerminalName(server))
        while bench.terminals.history(limit: 1).first?.outcome != .failed {
            try await Task.sleep(for: .milliseconds(50))
        }
        bench.pass(8_000)
        #expect(try await again.value.address == other)
    }

    @Test(.timeLimit(.minutes(10)))
    func `a server that is only slow keeps the person's session`() async throws {
        let (bench, _, server, _) = try await sent()
        try bench.begin("ann", on: server)
        try bench.behave(server, .dies)
        bench.pass(8_000)
        #expect(try await bench.refusal("ann")?.contains("does not answer") == true)
        #expect(bench.prepared().count == 2)
    }

    @Test(arguments: [PortKnock.Answer.refused, .none, .open])
    func `who asks again because nothing takes them lands elsewhere`(answer: PortKnock.Answer) async throws {
        let (bench, ticket, _, other) = try await sent()
        bench.state.withLock { $0.knocks[ticket.address] = answer }
        bench.pass(2_000)
        // A firewall may keep this server from a port that nodes reach.
        let again = try await bench.ticket("ann")
        #expect(again.address == (answer == .refused ? other : ticket.address))
        bench.pass(6_000)
        if answer == .none { #expect(try await bench.ticket("ann").address == other) }
    }

    @Test func `a ticket's name is no option of a program`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        let ticket = try await bench.ticket()
        #expect(ticket.id.utf8.count == 32 && ticket.id.allSatisfy(\.isHexDigit))
    }

    // MARK: One session

    @Test func `two log-ins of one person at one moment have one server`() async throws {
        let bench = try await LogInBench()
        async let one = bench.ticket("ann", at: 1)
        async let two = bench.ticket("ann", at: 2)
        let (first, second) = try await (one, two)
        #expect(first.address == second.address)
        // Only the later one opens a session: the former was called back.
        let forgotten = bench.state.withLock { state in
            state.orders.compactMap { order -> String? in
                if case .forget(let ticket) = order.work { ticket } else { nil }
            }
        }
        #expect(forgotten.count <= 1 && Set(forgotten).isSubset(of: [first.id, second.id]))
    }

    @Test func `a protocol that the agent does not find open is not chosen`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        bench.state.withLock { $0.ports = [.ssh: 22] }
        try bench.reportAll()
        #expect(try await bench.ticket().kind == "ssh")
        bench.state.withLock { $0.ports = [.rdp: 3_389] }
        try bench.reportAll()
        #expect(try await bench.ticket(at: 2).kind == "rdp")
    }

    @Test func `a thousand log-ins at one moment have accounts of their own, on servers that share them`()
        async throws
    {
        let count = 1_000
        let bench = try await LogInBench(
            settings: ["log-in": .text("automatic"), "log-in-account": .text("pc-(.*) → guest-\\1")],
            servers: ["ts1", "ts2", "ts3", "ts4"], furtherNodeCount: count - 3)
        let users = try await withThrowingTaskGroup(of: String.self) { group in
            for place in 1...count { group.addTask { try await bench.ticket(at: place).user } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(users.count == count)
        let prepared = ["ts1", "ts2", "ts3", "ts4"].map { bench.prepared($0).count }
        #expect(prepared.reduce(0, +) == count)
        #expect(prepared.allSatisfy { (count / 5...count * 3 / 10).contains($0) }, "\(prepared)")
        #expect(bench.terminals.state.withLock { $0.waiting.isEmpty })
        #expect(bench.logIns.state.withLock { $0.kept.isEmpty && $0.turns.isEmpty })
    }

    @Test func `nodes that log in at one moment have accounts of their own`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        async let one = bench.ticket(at: 1)
        async let two = bench.ticket(at: 2)
        async let three = bench.ticket(at: 3)
        let users = try await [one, two, three].map(\.user)
        #expect(Set(users) == ["guest01", "guest02", "guest03"])
    }

    /// Also where the agent looked at the session when it had begun, and its display had not come yet.
    @Test(arguments: TerminalPool.SecondLogIn.allCases, [true, false])
    func `a second log-in is handled as the pool says`(
        policy: TerminalPool.SecondLogIn, isConnected: Bool
    ) async throws {
        let bench = try await LogInBench { $0.secondLogIn = policy }
        let first = try await bench.ticket("ann", at: 1)
        let server = first.address == "10.77.0.20" ? "ts1" : "ts2"
        try bench.begin("ann", on: server, connected: isConnected)
        let answer = try await bench.logIn("ann", at: 2)
        switch (policy, answer.outcome) {
        case (.refuse, .refused(let text)): #expect(text.contains("another place"))
        case (.ask, .askConsent):
            let agreed = try await bench.ticket("ann", at: 2, takesOver: true)
            #expect(agreed.address == first.address && agreed.isReconnection)
        case (.takeOver, .ready(let ticket)):
            #expect(ticket.address == first.address && ticket.isReconnection)
        case (.allow, .ready(let ticket)): #expect(ticket.address != first.address && !ticket.isReconnection)
        default: Issue.record("\(policy): \(answer.outcome)")
        }
    }

    @Test func `a person comes back to the session that the same node shows`() async throws {
        let bench = try await LogInBench { $0.secondLogIn = .refuse }
        let first = try await bench.ticket("ann", at: 1)
        try bench.begin("ann", on: first.address == "10.77.0.20" ? "ts1" : "ts2")
        let again = try await bench.ticket("ann", at: 1)
        #expect(again.isReconnection && again.address == first.address)
    }

    @Test func `a server that is silent keeps no one from a new session`() async throws {
        let bench = try await LogInBench()
        let first = try await bench.ticket("ann")
        let (dead, alive) = first.address == "10.77.0.20" ? ("ts1", "ts2") : ("ts2", "ts1")
        try bench.begin("ann", on: dead)
        bench.pass(16_000)
        bench.report(try TerminalName(alive))
        let again = try await bench.ticket("ann")
        #expect(again.address != first.address && !again.isReconnection)
    }

    @Test func `a server that claims a session of a person does not get their next log-in`() async throws {
        let bench = try await LogInBench()
        let first = try await bench.ticket("ann")
        let liar = first.address == "10.77.0.20" ? "ts2" : "ts1"
        try bench.begin("ann", on: liar)
        #expect(try await bench.ticket("ann").address == first.address)
    }

    // MARK: Tickets that come again

    @Test func `a ticket that comes again raises an alarm on the page of its node`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        let ticket = try await bench.ticket()
        let node = try #require(bench.fleet.snapshot.nodes[NodeName("pc-1")])
        let server = ticket.address == "10.77.0.20" ? "ts1" : "ts2"
        // Another server is not believed about it.
        try bench.tell(.ticketRefused, ticket: ticket.id, on: server == "ts1" ? "ts2" : "ts1")
        #expect(bench.fleet.alarm(of: node) == nil)
        try bench.tell(.ticketRefused, ticket: ticket.id, on: server)
        #expect(bench.fleet.alarm(of: node)?.property == .logInTicket)
        try bench.tell(.ticketRefused, ticket: ticket.id, on: server)
        #expect(bench.fleet.alarm(of: node)?.count == 1)
    }
}
