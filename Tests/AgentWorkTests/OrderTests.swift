import API
import Fleet
import Synchronization
import Testing

@testable import AgentWork

/// Orders of the center, as an agent carries them out.
@Suite struct OrderTests {
    /// A server with one session, which ends when logind is told so.
    private final class Server: LogInDoor, AgentEventSink {
        let prepared = Mutex<[String]>([])
        let arrived = Mutex<[String]>([])
        /// Beside the one of xrdp: sessions of logind.
        let shells = Mutex<[LogInSession]>([])
        /// What is to be done later.
        let later = Mutex<[@Sendable () -> Void]>([])
        /// How often an account is just being removed.
        let removals = Mutex(0)
        let programs: NotedPrograms
        private let isStubborn: Bool

        init(isStubborn: Bool = false) {
            programs = NotedPrograms()
            self.isStubborn = isStubborn
        }

        var sessions: [AgentSession] {
            let ended = programs.all
            let own = shells.withLock { $0 }.filter { shell in
                !ended.contains("loginctl terminate-session \(shell.id)")
            }.map { shell in
                AgentSession(
                    id: "ssh-\(shell.id)", user: shell.user, kind: .ssh, display: "", age: 0, idle: nil,
                    isConnected: true, from: shell.remoteHost)
            }
            return own + displays
        }

        private var displays: [AgentSession] {
            let ends = programs.all.contains {
                $0.hasPrefix(isStubborn ? "loginctl kill-session" : "loginctl terminate-session")
            }
            return ends
                ? []
                : [
                    AgentSession(
                        id: "xrdp-10", user: "anna", kind: .rdp, display: ":10", age: 1, idle: nil,
                        isConnected: true, from: "")
                ]
        }

        func prepare(_ logIn: AgentLogIn) throws -> AgentResult.Ready {
            let isEnding = removals.withLock { count in
                defer { count = max(0, count - 1) }
                return count > 0
            }
            if isEnding { throw AccountEnds(user: logIn.user) }
            prepared.withLock { $0.append(logIn.user) }
            guard logIn.user != "full" else { throw AgentProblem("there is no room for an account") }
            return AgentResult.Ready(certificate: nil, hostKeys: [], accountMilliseconds: 7)
        }
        func forget(_ ticket: String) { prepared.withLock { $0.append("forget \(ticket)") } }
        func claim(user: String, secret: [UInt8], service: String, from: String) -> Bool { false }
        func removeAccount(_ user: String, _ end: AgentOrder.HomeEnd) throws {}
        func sweep(sessions: [AgentSession]) {}
        func arrived(_ user: String) { arrived.withLock { $0.append(user) } }
        func note(_ kind: AgentEvent.Kind, user: String, id: String, _ text: String) {}

        var orders: Orders {
            Orders(
                door: self, programs: programs, events: self, sessions: { self.sessions },
                logIns: {
                    [
                        LogInSession(
                            id: "c2",
                            parsing: "UID=1000\nUSER=anna\nCLASS=user\nDISPLAY=:10\nSERVICE=xrdp-sesman\n")
                    ].compactMap(\.self) + self.shells.withLock { $0 }
                }, grace: 1, isMember: { user, groups in user == "anna" && groups.contains("staff") },
                now: { 0 }, later: { _, _, work in self.later.withLock { $0.append(work) } })
        }

        /// sshd lets a person in.
        func letIn(_ user: String, from: String, id: String) {
            let session = LogInSession(
                id: id,
                parsing: "UID=1000\nUSER=\(user)\nCLASS=user\nSERVICE=sshd\nREMOTE_HOST=\(from)\n")
            shells.withLock { $0 += [session].compactMap(\.self) }
        }

        /// Time passes.
        func goOn() {
            let due = later.withLock { later in
                defer { later = [] }
                return later
            }
            for work in due { work() }
        }
    }

    @Test func `who is in none of the groups gets nothing, and nothing of theirs ends`() async {
        func logIn(_ user: String, _ groups: [String]?) -> AgentOrder {
            AgentOrder(
                id: "\(user)-\(groups ?? [])",
                work: .prepare(
                    AgentLogIn(
                        ticket: "t", user: user, kind: .rdp, credential: "", lifetime: 60, from: "",
                        account: nil,
                        endsSessions: ["xrdp-10"], groups: groups)))
        }
        let server = Server()
        for order in [logIn("eve", ["staff"]), logIn("anna", ["pupils"]), logIn("anna", [])] {
            let result = await Self.result(order, by: server.orders)
            #expect(result.lacksGroup == true && !result.problem.isEmpty && result.ready == nil)
        }
        #expect(server.programs.all.isEmpty && server.prepared.withLock(\.isEmpty))
        let member = await Self.result(logIn("anna", ["pupils", "staff"]), by: server.orders)
        #expect(member.ready?.isMember == true && member.lacksGroup == nil)
        let other = Server()
        let unasked = await Self.result(logIn("anna", nil), by: other.orders)
        #expect(unasked.ready?.isMember == nil && unasked.problem.isEmpty)
    }

    @Test func `groups are those that this machine knows`() {
        #expect(DirectoryGroups.has("root", oneOf: ["no-such-group", "root"]))
        #expect(!DirectoryGroups.has("root", oneOf: ["no-such-group", "nogroup"]))
        #expect(!DirectoryGroups.has("no-such-person", oneOf: ["root"]))
    }

    private static func result(_ order: AgentOrder, by orders: Orders) async -> AgentResult {
        await withCheckedContinuation { continuation in
            orders.take(order) { continuation.resume(returning: $0) }
        }
    }

    private static func logIn(
        _ user: String, kind: SessionProtocol = .rdp, from: String = "", ends: [String] = []
    ) -> AgentLogIn {
        AgentLogIn(
            ticket: "t", user: user, kind: kind, credential: "", lifetime: 60, from: from, account: nil,
            endsSessions: ends)
    }

    @Test func `of log-ins of one person at one moment one session stays`()
        async
    {
        let server = Server()
        let orders = server.orders
        for (number, from) in [("1", "10.77.0.7"), ("2", "10.77.0.8")] {
            let logIn = AgentLogIn(
                ticket: number, user: "ben", kind: .ssh, credential: "", lifetime: 60, from: from,
                account: nil, isOnly: true)
            _ = await Self.result(AgentOrder(id: number, work: .prepare(logIn)), by: orders)
        }
        server.letIn("ben", from: "10.77.0.7", id: "4")
        server.letIn("ben", from: "10.77.0.8", id: "5")
        server.goOn()
        #expect(server.programs.all == ["loginctl terminate-session 4"])
        #expect(server.arrived.withLock { $0 } == ["ben", "ben"])
        server.goOn()
        #expect(server.programs.all.count == 1)
    }

    @Test func `an order that comes again is answered, and not carried out again`() async {
        let server = Server()
        let orders = server.orders
        let order = AgentOrder(id: "1", work: .prepare(Self.logIn("anna")))
        let first = await Self.result(order, by: orders)
        #expect(first.problem.isEmpty)
        #expect(first.ready?.accountMilliseconds == 7)
        #expect(await Self.result(order, by: orders) == first)
        #expect(server.prepared.withLock { $0 } == ["anna"])
    }

    @Test func `what prevents an order is told in words`() async {
        let result = await Self.result(
            AgentOrder(id: "1", work: .prepare(Self.logIn("full"))), by: Server().orders)
        #expect(result.problem == "there is no room for an account")
        #expect(result.ready == nil)
    }

    @Test func `sessions end in order, and those that do not by force`() async {
        let server = Server()
        _ = await Self.result(AgentOrder(id: "1", work: .end(session: "xrdp-10")), by: server.orders)
        #expect(server.programs.all == ["loginctl terminate-session c2"])
        let other = Server(isStubborn: true)
        let result = await Self.result(
            AgentOrder(id: "1", work: .end(session: "xrdp-10")), by: other.orders)
        #expect(result.problem.isEmpty)
        #expect(
            other.programs.all == [
                "loginctl terminate-session c2", "loginctl kill-session --signal=SIGKILL c2",
            ])
    }

    @Test func `a log-in that takes a session's place ends it once its person is there, and not before`()
        async
    {
        let server = Server()
        let orders = server.orders
        let order = AgentOrder(
            id: "1",
            work: .prepare(Self.logIn("anna", kind: .ssh, from: "10.77.0.7", ends: ["xrdp-10", "gone"])))
        #expect(await Self.result(order, by: orders).problem.isEmpty)
        #expect(server.prepared.withLock { $0 } == ["anna"])
        // She comes from elsewhere, and others come from there.
        server.letIn("anna", from: "10.77.0.8", id: "5")
        server.letIn("ben", from: "10.77.0.7", id: "6")
        for _ in 0..<3 { server.goOn() }
        #expect(server.programs.all.isEmpty && server.arrived.withLock(\.isEmpty))
        server.letIn("anna", from: "10.77.0.7", id: "7")
        server.goOn()
        #expect(server.programs.all == ["loginctl terminate-session c2"])
        #expect(server.arrived.withLock { $0 } == ["anna"])
        // Then no one looks any more.
        #expect(server.later.withLock { $0.isEmpty })
    }

    @Test func `a session whose number is another person's by then stays`() async {
        let server = Server()
        let orders = server.orders
        let order = AgentOrder(
            id: "1", work: .prepare(Self.logIn("ben", kind: .ssh, from: "10.77.0.7", ends: ["xrdp-10"])))
        _ = await Self.result(order, by: orders)
        server.letIn("ben", from: "10.77.0.7", id: "6")
        server.goOn()
        #expect(server.arrived.withLock { $0 } == ["ben"] && server.programs.all.isEmpty)
    }

    @Test func `a log-in that is called back ends nothing`() async {
        let server = Server()
        let orders = server.orders
        let order = AgentOrder(id: "1", work: .prepare(Self.logIn("anna", kind: .ssh, ends: ["xrdp-10"])))
        _ = await Self.result(order, by: orders)
        _ = await Self.result(AgentOrder(id: "2", work: .forget(ticket: "t")), by: orders)
        server.letIn("anna", from: "", id: "5")
        server.goOn()
        #expect(server.programs.all.isEmpty && server.later.withLock { $0.isEmpty })
    }

    @Test func `a log-in waits while its account is being removed, and others do not`() async {
        let server = Server()
        server.removals.withLock { $0 = 2 }
        let orders = server.orders
        let answers = Mutex<[String]>([])
        func take(_ id: String, _ user: String) async {
            // It is answered, or put off.
            orders.take(AgentOrder(id: id, work: .prepare(Self.logIn(user)))) { result in
                answers.withLock { $0.append("\(id) \(result.problem)") }
            }
            // What comes after it in the same row tells that it has been looked at.
            _ = await Self.result(AgentOrder(id: "after \(id)", work: .forget(ticket: "none")), by: orders)
        }
        await take("1", "guest01")
        #expect(answers.withLock(\.isEmpty) && server.later.withLock { $0.count } == 1)
        server.removals.withLock { $0 = 0 }
        await take("2", "guest02")
        #expect(answers.withLock { $0 } == ["2 "])
        server.goOn()
        #expect(answers.withLock { $0 } == ["2 ", "1 "])
        // For a bounded time.
        server.removals.withLock { $0 = 1_000 }
        await take("3", "guest01")
        for _ in 0..<100 { server.goOn() }
        #expect(answers.withLock { $0.last?.contains("being removed") } == true)
    }

    @Test func `a log-in that is called back while its account is being removed opens nothing later`() async {
        let server = Server()
        server.removals.withLock { $0 = 1 }
        let orders = server.orders
        let problem = Mutex<String?>(nil)
        orders.take(AgentOrder(id: "1", work: .prepare(Self.logIn("guest01")))) { result in
            problem.withLock { $0 = result.problem }
        }
        _ = await Self.result(AgentOrder(id: "2", work: .forget(ticket: "t")), by: orders)
        #expect(problem.withLock { $0 } == nil && server.later.withLock { $0.count } == 1)
        server.goOn()
        #expect(problem.withLock { $0?.contains("called back") } == true)
        #expect(server.prepared.withLock { $0 } == ["forget t"])
        #expect(server.later.withLock { $0.isEmpty })
    }

    @Test func `only a session is disconnected, and a machine with one is not restarted`() async {
        let server = Server()
        let orders = server.orders
        let gone = await Self.result(AgentOrder(id: "1", work: .disconnect(session: "xrdp-11")), by: orders)
        #expect(gone.problem == "there is no session xrdp-11 here any more")
        _ = await Self.result(AgentOrder(id: "2", work: .disconnect(session: "xrdp-10")), by: orders)
        #expect(server.programs.all == ["env DISPLAY=:10 xrdp-dis"])
        let restart = await Self.result(AgentOrder(id: "3", work: .restart), by: orders)
        #expect(restart.problem == "there are sessions here: it is not restarted")
    }

    @Test func `a message goes to the session's person as its own program, never through a shell`()
        async throws
    {
        let server = Server()
        let text = "Save!\u{1b}[2J $(reboot) '; reboot"
        let result = await Self.result(
            AgentOrder(id: "1", work: .message(sessions: [], text: text)), by: server.orders)
        #expect(result.problem.isEmpty)
        let call = try #require(server.programs.all.first)
        #expect(call.hasPrefix("runuser -l anna -s /bin/sh -c "))
        #expect(call.hasSuffix("-- :10 Save![2J $(reboot) '; reboot"))
    }

    @Test func `lines of orders are whole, and bounded`() throws {
        var lines = OrderLines(limit: 10)
        #expect(try lines.take(Array("\n{\"a".utf8)).isEmpty)
        #expect(
            try lines.take(Array("\"}\n\n{}\n".utf8)).map { String(decoding: $0, as: UTF8.self) } == [
                "{\"a\"}", "{}",
            ])
        #expect(throws: AgentProblem.self) {
            var lines = OrderLines(limit: 10)
            _ = try lines.take(Array(repeating: UInt8(ascii: "x"), count: 11))
        }
    }

    @Test func `pauses grow to four seconds and differ`() {
        var backoff = Backoff()
        let pauses = (0..<10).map { _ in backoff.next(0.5) }
        #expect(pauses.prefix(3) == [.seconds(1), .seconds(2), .seconds(4)])
        #expect(pauses.last == .seconds(4))
        #expect(backoff.next(0) == .seconds(2))
        backoff.reset()
        #expect(backoff.next(1) == .milliseconds(1_500))
    }
}
