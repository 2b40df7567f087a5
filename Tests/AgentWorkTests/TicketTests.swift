import API
import Fleet
import Testing

@testable import AgentWork

/// Tickets: each opens one session, of its user and kind, from its node, within its time.
@Suite struct TicketTests {
    private static let hash = String(repeating: "ab", count: 32)
    private static let secret = [UInt8](repeating: 0xAB, count: 32)
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

    private func logIn(
        _ ticket: String = "t1", user: String = "guest01", kind: SessionProtocol = .rdp,
        credential: String = TicketTests.hash, key: String = "", lifetime: Int = 60,
        from: String = "10.77.0.7"
    ) -> AgentLogIn {
        AgentLogIn(
            ticket: ticket, user: user, kind: kind, credential: credential, publicKey: key,
            lifetime: lifetime, from: from, account: nil)
    }

    private func tickets(_ logIns: AgentLogIn...) throws -> Tickets {
        var tickets = Tickets()
        for logIn in logIns { try tickets.take(logIn, at: 0) }
        return tickets
    }

    private func claim(
        _ tickets: inout Tickets, user: String = "guest01", _ hash: [UInt8] = TicketTests.secret,
        service: String = "xrdp-sesman", from: String = "", at time: Int = 1_000
    ) -> Tickets.Answer {
        tickets.claim(user: user, hash: hash, service: service, from: from, at: time)
    }

    @Test func `a ticket opens one session`() throws {
        var tickets = try tickets(logIn())
        let first = claim(&tickets)
        let second = claim(&tickets)
        #expect(first == .opened(ticket: "t1"))
        #expect(second == .refused(ticket: "t1", .used))
    }

    @Test(arguments: [
        ("guest02", "xrdp-sesman", "", Tickets.Refusal.otherUser), ("guest01", "sshd", "", .otherDoor),
        ("guest01", "login", "", .otherDoor), ("guest01", "xrdp-sesman", "10.77.0.8", .otherAddress),
        ("guest01", "xrdp-sesman", "::ffff:10.77.0.8", .otherAddress),
        ("guest01", "xrdp-sesman", "fe80::1%eth0", .otherAddress),
    ])
    func `another user, door or address is refused, and closes the ticket`(
        user: String, service: String, from: String, refusal: Tickets.Refusal
    ) throws {
        var tickets = try tickets(logIn())
        let answer = claim(&tickets, user: user, service: service, from: from)
        #expect(answer == .refused(ticket: "t1", refusal))
        let right = claim(&tickets)
        #expect(right == .refused(ticket: "t1", .used))
    }

    @Test(arguments: ["", "10.77.0.7", "::ffff:10.77.0.7", "node-7.example", "UNKNOWN"])
    func `where the address is not known, it is not compared`(from: String) throws {
        var tickets = try tickets(logIn())
        let answer = claim(&tickets, from: from)
        #expect(answer == .opened(ticket: "t1"))
    }

    @Test func `a ticket that is late or was called back is refused`() throws {
        var late = try tickets(logIn())
        let answer = claim(&late, at: 60_000)
        #expect(answer == .refused(ticket: "t1", .late))
        var forgotten = try tickets(logIn())
        let user = forgotten.forget("t1", at: 10)
        #expect(user == "guest01" && forgotten.users.isEmpty)
        let again = claim(&forgotten)
        #expect(again == .refused(ticket: "t1", .late))
        let long = claim(&late, at: 700_000)
        #expect(long == .unknown)
    }

    @Test func `a wrong password is no ticket`() throws {
        var tickets = try tickets(logIn(), logIn("own", credential: ""))
        for secret in [[], [0xAB], [UInt8](repeating: 0, count: 32)] {
            let answer = claim(&tickets, secret)
            #expect(answer == .unknown)
        }
    }

    @Test func `a number is taken once, and a hash has its form`() throws {
        var tickets = try tickets(logIn())
        for wrong in [
            logIn(), logIn("t2", credential: "ab"),
            logIn("t3", credential: String(repeating: "x", count: 64)),
            logIn("", credential: Self.hash), logIn("t4", lifetime: 0), logIn("t5", lifetime: 86_400),
        ] {
            #expect(throws: AgentProblem.self) { try tickets.take(wrong, at: 0) }
        }
    }

    @Test func `a key opens one session, for the two questions of one process of sshd`() throws {
        var tickets = try tickets(logIn(kind: .ssh, credential: "", key: "\(Self.key) node"))
        func ask(_ process: Int32, _ user: String = "guest01") -> Tickets.Answer {
            tickets.claim(user: user, publicKey: Self.key, process: process, at: 1_000)
        }
        let answers = [ask(7), ask(7), ask(8), ask(7, "root")]
        #expect(answers[0] == .opened(ticket: "t1") && answers[1] == .opened(ticket: "t1"))
        #expect(answers[2] == .refused(ticket: "t1", .used) && answers[3] == .refused(ticket: "t1", .used))
    }

    @Test func `tickets are bounded`() throws {
        var tickets = Tickets()
        for number in 0..<Tickets.openLimit {
            try tickets.take(logIn("t\(number)", credential: Self.number(number)), at: 0)
        }
        #expect(throws: AgentProblem.self) { try tickets.take(logIn("more"), at: 0) }
        tickets.expire(at: 61_000)
        for number in 0..<Tickets.openLimit {
            try tickets.take(logIn("u\(number)", credential: Self.number(number + 5_000)), at: 61_000)
        }
        tickets.expire(at: 122_000)
        #expect(tickets.tickets.count <= Tickets.openLimit + Tickets.closedLimit)
    }

    private static func number(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 64 - text.count) + text
    }
}
