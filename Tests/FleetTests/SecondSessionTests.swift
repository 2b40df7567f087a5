import Testing

@testable import Fleet

/// What a log-in becomes where the person has a session.
@Suite struct SecondSessionTests {
    private let (one, two): (TerminalName, TerminalName)

    init() throws { (one, two) = (try TerminalName("ts1"), try TerminalName("ts2")) }

    private func session(
        _ server: TerminalName, id: String = "c1", kind: SessionProtocol = .rdp, connected: Bool = true,
        here: Bool = false, inPool: Bool = true
    ) -> OwnSession {
        OwnSession(
            server: server, id: id, kind: kind, isConnected: connected, isHere: here, isInPool: inPool)
    }

    private func decide(
        _ policy: TerminalPool.SecondLogIn, _ sessions: OwnSession...,
        protocols: SessionProtocols = [.rdp, .ssh],
        agrees: Bool = false
    ) -> SecondSession {
        SecondSession(policy, having: sessions, protocols: protocols, agrees: agrees)
    }

    @Test(arguments: TerminalPool.SecondLogIn.allCases)
    func `without a session there is a new one`(policy: TerminalPool.SecondLogIn) {
        #expect(decide(policy) == .new(besides: []))
    }

    @Test func `a session elsewhere is refused, asked for, or brought here`() {
        let there = session(one)
        #expect(decide(.refuse, there) == .refused(.hasSession(one)))
        #expect(decide(.ask, there) == .ask(there))
        #expect(decide(.ask, there, agrees: true) == .back(there, ends: []))
        #expect(decide(.takeOver, there) == .back(there, ends: []))
        #expect(decide(.allow, there) == .new(besides: [one]))
    }

    @Test(arguments: TerminalPool.SecondLogIn.allCases)
    func `a session that no one looks at is continued without a question`(policy: TerminalPool.SecondLogIn) {
        let left = session(one, connected: false)
        #expect(decide(policy, left) == .back(left, ends: []))
        let here = session(one, here: true)
        #expect(decide(policy, here) == .back(here, ends: []))
    }

    @Test func `a session of another pool is not doubled`() {
        let other = session(two, inPool: false)
        for policy in [TerminalPool.SecondLogIn.takeOver, .ask, .refuse] {
            let expected: LogInRefusal = policy == .refuse ? .hasSession(two) : .sessionInOtherPool(two)
            #expect(decide(policy, other) == .refused(expected))
        }
        #expect(decide(.allow, other) == .new(besides: []))
    }

    @Test func `a session that the node cannot show is not doubled`() {
        #expect(decide(.takeOver, session(one, kind: .vnc)) == .refused(.sessionOfOtherKind(one, .vnc)))
    }

    @Test func `a session of SSH ends where another one begins`() {
        let ssh = session(one, id: "7", kind: .ssh)
        #expect(decide(.takeOver, ssh) == .back(ssh, ends: ["7"]))
    }

    @Test func `a log-in on its way counts as a session`() {
        let coming = session(one, id: "")
        #expect(decide(.refuse, coming) == .refused(.hasSession(one)))
        #expect(decide(.takeOver, coming) == .back(coming, ends: []))
    }
}
