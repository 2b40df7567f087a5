import API
import Fleet
import Testing

@testable import AgentWork

/// When a person is there whose log-in was prepared.
@Suite struct ArrivalTests {
    private func logIn(
        _ ticket: String = "t1", user: String = "anna", kind: SessionProtocol = .ssh,
        from: String = "10.77.0.7", lifetime: Int = 60
    ) -> AgentLogIn {
        AgentLogIn(
            ticket: ticket, user: user, kind: kind, credential: "", lifetime: lifetime, from: from,
            account: nil, endsSessions: ["ssh-3"])
    }

    private func shell(_ id: String, user: String = "anna", service: String = "sshd", from: String)
        -> LogInSession?
    {
        LogInSession(
            id: id,
            parsing: "UID=1000\nUSER=\(user)\nCLASS=user\nSERVICE=\(service)\nREMOTE_HOST=\(from)\n")
    }

    private func display(connected: Bool, from: String = "") -> AgentSession {
        AgentSession(
            id: "xrdp-10", user: "anna", kind: .rdp, display: ":10", age: 1, idle: nil,
            isConnected: connected, from: from)
    }

    private func marks(
        _ kind: SessionProtocol, sessions: [AgentSession] = [], _ logIns: LogInSession?...
    ) -> [Arrivals.Mark] {
        Arrivals.marks(of: "anna", kind, sessions: sessions, logIns: logIns.compactMap(\.self))
    }

    @Test(arguments: [
        ("10.77.0.7", true), ("::ffff:10.77.0.7", true), ("10.77.0.8", false), ("", true), ("pc-7", true),
    ])
    func `a new session from the node's address is the person`(from: String, isThere: Bool) {
        var arrivals = Arrivals()
        arrivals.expect(logIn(), having: marks(.ssh, shell("3", from: "10.77.0.9")), at: 0)
        let early = arrivals.take(at: 1) { _, _ in marks(.ssh, shell("3", from: "10.77.0.9")) }
        #expect(early.isEmpty)
        let seen = marks(.ssh, shell("3", from: "10.77.0.9"), shell("4", from: from))
        let arrived = arrivals.take(at: 2) { _, _ in seen }
        #expect(arrived.map(\.ends) == (isThere ? [["ssh-3"]] : []))
        #expect(arrivals.awaited.isEmpty == isThere)
    }

    @Test func `what was there before proves nothing, from whichever address`() {
        var arrivals = Arrivals()
        let there = marks(.ssh, shell("3", from: "10.77.0.7"))
        arrivals.expect(logIn(), having: there, at: 0)
        let arrived = arrivals.take(at: 1) { _, _ in there }
        #expect(arrived.isEmpty && arrivals.hasEnds)
    }

    @Test func `another door, and another person, prove nothing`() {
        #expect(
            marks(.ssh, shell("4", service: "xrdp-sesman", from: ""), shell("5", user: "ben", from: ""))
                .isEmpty)
        #expect(marks(.vnc, shell("4", from: "")).isEmpty)
        #expect(marks(.x2go, shell("4", from: "")).count == 1)
    }

    @Test func `who comes back to a display is there once it is shown`() {
        var arrivals = Arrivals()
        arrivals.expect(logIn(kind: .rdp), having: marks(.rdp, sessions: [display(connected: false)]), at: 0)
        let left = arrivals.take(at: 1) { _, kind in marks(kind, sessions: [display(connected: false)]) }
        let back = arrivals.take(at: 2) { _, kind in marks(kind, sessions: [display(connected: true)]) }
        #expect(left.isEmpty && back.count == 1)
    }

    @Test func `a log-in that does not come is awaited for its time, and many for so many`() {
        var arrivals = Arrivals()
        arrivals.expect(logIn(), having: [], at: 0)
        _ = arrivals.take(at: 59_999) { _, _ in [] }
        #expect(arrivals.hasEnds)
        _ = arrivals.take(at: 60_000) { _, _ in [] }
        #expect(arrivals.awaited.isEmpty)
        for number in 0..<3_000 { arrivals.expect(logIn("t\(number)"), having: [], at: 0) }
        #expect(arrivals.awaited.count == Arrivals.limit && arrivals.awaited.last?.ticket == "t2999")
        arrivals.forget("t2999")
        #expect(arrivals.awaited.last?.ticket == "t2998")
    }

    // MARK: Two at once

    private func session(_ id: String, _ kind: SessionProtocol = .ssh, age: Int, user: String = "anna")
        -> AgentSession
    {
        AgentSession(
            id: id, user: user, kind: kind, display: "", age: age, idle: nil, isConnected: true, from: "")
    }

    /// Two seats, whose log-ins were prepared when there was nothing.
    private func twoSeats(_ kind: SessionProtocol = .ssh) -> Arrivals {
        var arrivals = Arrivals()
        for (ticket, from) in [("t1", "10.77.0.7"), ("t2", "10.77.0.8")] {
            arrivals.expect(logIn(ticket, kind: kind, from: from), having: [], [], at: 0)
        }
        return arrivals
    }

    @Test(arguments: [[0], [1], [0, 1]])
    func `of shells from two seats at once one stays, whichever is seen first`(first: [Int]) {
        var arrivals = twoSeats()
        let shells = [shell("4", from: "10.77.0.7"), shell("5", from: "10.77.0.8")]
        #expect(arrivals.hasEnds)
        _ = arrivals.take(at: 1) { _, kind in
            Arrivals.marks(of: "anna", kind, sessions: [], logIns: first.compactMap { shells[$0] })
        }
        let seen = first.map { session("ssh-\($0 + 4)", age: 1 - $0) }
        let early = arrivals.surplus(of: seen).map(\.id)
        #expect(early == (first.count == 2 ? ["ssh-4"] : []))
        _ = arrivals.take(at: 2) { _, kind in
            Arrivals.marks(of: "anna", kind, sessions: [], logIns: shells.compactMap(\.self))
        }
        // That of the second seat, and one of the person's own, which is no business of ours.
        let all = [session("ssh-5", age: 0), session("ssh-9", age: 0), session("ssh-4", age: 1)]
        #expect(arrivals.surplus(of: all).map(\.id) == ["ssh-4"])
        #expect(arrivals.surplus(of: [session("ssh-5", age: 0)]).isEmpty)
        #expect(arrivals.surplus(of: []).isEmpty)
    }

    @Test func `one connection is one log-in, where the server tells no address`() {
        var arrivals = twoSeats()
        let one = arrivals.take(at: 1) { _, _ in marks(.ssh, shell("4", from: "pc-7")) }
        #expect(one.map(\.ticket) == ["t1"])
        #expect(arrivals.surplus(of: [session("ssh-4", age: 0)]).isEmpty)
        let two = arrivals.take(at: 2) { _, _ in
            marks(.ssh, shell("4", from: "pc-7"), shell("5", from: "pc-8"))
        }
        #expect(two.map(\.ticket) == ["t2"])
        #expect(
            arrivals.surplus(of: [session("ssh-4", age: 0), session("ssh-5", age: 0)]).map(\.id) == ["ssh-4"])
    }

    @Test func `sessions of X2Go begin after their connections, and the newest stays`() {
        var arrivals = twoSeats(.x2go)
        _ = arrivals.take(at: 1) { _, _ in
            marks(.x2go, shell("4", from: "10.77.0.7"), shell("5", from: "10.77.0.8"))
        }
        #expect(arrivals.surplus(of: []).isEmpty && arrivals.hasEnds)
        let sessions = [
            session("x2go-50", .x2go, age: 2), session("x2go-51", .x2go, age: 1),
            session("x2go-52", .x2go, age: 9, user: "ben"),
        ]
        #expect(arrivals.surplus(of: sessions).map(\.id) == ["x2go-50"])
        // Not for ever.
        _ = arrivals.take(at: 1 + Arrivals.together) { _, _ in [] }
        #expect(arrivals.surplus(of: sessions).isEmpty && arrivals.isIdle)
    }

    @Test func `a log-in that comes just behind another one knows of its session, and ends it`() {
        var arrivals = Arrivals()
        arrivals.expect(logIn("t1"), having: [], ["x2go-50"], at: 0)
        _ = arrivals.take(at: 1) { _, _ in marks(.ssh, shell("4", from: "10.77.0.7")) }
        // The center has not been told of it.
        arrivals.expect(
            logIn("t2", from: "10.77.0.8"), having: marks(.ssh, shell("4", from: "10.77.0.7")),
            ["x2go-50", "ssh-4"], at: 2)
        let before = [session("x2go-50", .x2go, age: 99), session("ssh-4", age: 1)]
        #expect(arrivals.surplus(of: before).isEmpty)
        _ = arrivals.take(at: 3) { _, _ in
            marks(.ssh, shell("4", from: "10.77.0.7"), shell("5", from: "10.77.0.8"))
        }
        #expect(arrivals.surplus(of: before + [session("ssh-5", age: 0)]).map(\.id) == ["ssh-4"])
    }

    @Test func `where people may have several sessions, all stay`() {
        var arrivals = Arrivals()
        for (ticket, from) in [("t1", "10.77.0.7"), ("t2", "10.77.0.8")] {
            arrivals.expect(logIn(ticket, from: from), having: [], at: 0)
        }
        _ = arrivals.take(at: 1) { _, _ in
            marks(.ssh, shell("4", from: "10.77.0.7"), shell("5", from: "10.77.0.8"))
        }
        #expect(arrivals.surplus(of: [session("ssh-4", age: 0), session("ssh-5", age: 0)]).isEmpty)
        #expect(arrivals.isIdle)
    }
}
