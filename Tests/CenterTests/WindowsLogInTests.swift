import API
import Fleet
import Testing
import Wire

@testable import Center

/// Log-ins on Windows servers, which have no agent: with people's own passwords, or with one that is kept for a node's own accounts.
@Suite struct WindowsLogInTests {
    private static let certificate = String(repeating: "cd", count: 32)

    /// A bench whose pool has one Windows server, which was probed.
    private static func bench(
        accounts: [String: String] = [:], secret: (inout Secret) throws -> Void = { _ in },
        server change: (inout TerminalServer) -> Void = { _ in }
    ) async throws -> LogInBench {
        let bench = try await LogInBench(settings: [
            "log-in": .text("automatic"), "log-in-account": .text("guest01..guest03"),
            "windows-accounts": .map(accounts),
        ])
        let name = try TerminalName("win")
        var server = TerminalServer(
            name: name, address: "10.77.0.30", system: .windows, ports: [.rdp: 3_389],
            certificate: certificate)
        change(&server)
        var kept = Secret(name: try SecretName("windows"), group: .site, changedAt: 1)
        try secret(&kept)
        let (record, secret) = (server, kept)
        try await bench.fleet.change(by: "test") { current in
            var pool = try #require(current.contents.terminals.pools.values.first)
            pool.levels = [TerminalPool.Level(servers: [name])]
            return [
                .group(record.group, current.contents.groups[record.group] ?? NodeGroup(path: record.group)),
                .terminal(name, record), .pool(pool.name, pool),
                .secret(secret.name, secret, value: secret.minted == nil ? Array("Käse 9".utf8) : nil),
            ]
        }
        bench.terminals.reached(name, at: bench.time)
        return bench
    }

    @Test(arguments: [
        ("*", "SCHOOL\\guest secret=windows", "SCHOOL\\guest"),
        ("*", "SCHOOL\\ secret=windows", "SCHOOL\\guest01"),
        ("guest01", "@school.example secret=windows", "guest01@school.example"),
        ("guest01", "secret=windows", "guest01"),
    ])
    func `an account of the node's opens with the password that is kept for it`(
        key: String, value: String, user: String
    ) async throws {
        let bench = try await Self.bench(accounts: [key: value])
        let ticket = try await bench.ticket()
        #expect(ticket.user == user && ticket.credential == "Käse 9" && ticket.kind == "rdp")
        #expect(ticket.certificate == Self.certificate)
        #expect(bench.prepared().isEmpty)
    }

    @Test func `people's own passwords go to Windows itself, whatever is kept`() async throws {
        let bench = try await Self.bench(accounts: ["*": "secret=windows"])
        let name = try LogInName("ann")
        try await bench.fleet.change(by: "test") { _ in
            [.account(name, DirectoryAccount(name: name, uid: 2_000), passwordHash: "$6$salt$hash")]
        }
        for user in ["ann", "SCHOOL\\ben", ".\\guest", "SCHOOL\\Änne O'Hara"] {
            let ticket = try await bench.ticket(user)
            #expect(ticket.user == user && ticket.credential.isEmpty)
        }
    }

    @Test func `a name that only Windows has goes to no Linux server, even one that claims a session of it`()
        async throws
    {
        let bench = try await Self.bench()
        try await bench.fleet.change(by: "test") { current in
            var pool = try #require(current.contents.terminals.pools.values.first)
            pool.levels = [try TerminalPool.Level(servers: [TerminalName("ts1"), TerminalName("win")])]
            return [.pool(pool.name, pool)]
        }
        let user = "SCHOOL\\Änne O'Hara"
        try bench.begin(user, on: "ts1")
        #expect(try await bench.ticket(user).address == "10.77.0.30")
        #expect(bench.prepared().isEmpty)
    }

    @Test func `a server whose certificate is not pinned gets no kept password`() async throws {
        let bench = try await Self.bench(
            accounts: ["*": "secret=windows"], server: { $0.certificate = nil })
        #expect(try await bench.refusal() != nil)
        #expect(
            bench.terminals.history().first?.text.contains("its certificate for RDP is not known") == true)
    }

    @Test func `a certificate that is not known is the server's trouble, and no person's failed log-in`()
        async throws
    {
        let bench = try await Self.bench(server: { $0.certificate = nil })
        let name = try TerminalName("win")
        for _ in 1...Placement.failureLimit { #expect(try await bench.refusal("SCHOOL\\ann") != nil) }
        #expect(bench.terminals.troubles(at: bench.time).contains(.unknownCertificate(name)))
        #expect(bench.logIns.failures().isEmpty)
        #expect(bench.terminals.now(at: bench.time)[name]?.placed?.failureCount == 0)
        #expect(bench.terminals.history().allSatisfy { $0.outcome == .noServer })
        let (_, record) = try #require(
            bench.fleet.snapshot.contents.terminals.servers.first { $0.key == name })
        try await bench.fleet.change(by: "test") { _ in
            var known = record
            known.certificate = Self.certificate
            return [.terminal(name, known)]
        }
        #expect(try await bench.ticket("SCHOOL\\ann").certificate == Self.certificate)
        #expect(!bench.terminals.troubles(at: bench.time).contains(.unknownCertificate(name)))
    }

    @Test(arguments: ["/", "/office"])
    func `a server of a group gets no password of a group above it`(place: String) async throws {
        let group = try GroupPath(place)
        let bench = try await Self.bench(accounts: ["*": "secret=windows"], server: { $0.group = group })
        if place == "/" {
            #expect(try await bench.ticket().credential == "Käse 9")
            return
        }
        #expect(try await bench.refusal() != nil)
        #expect(bench.logIns.failures().first?.reason.contains("secret windows is of group /") == true)
        // With another one beside it, the log-in lands there.
        let other = TerminalServer(
            name: try TerminalName("win2"), address: "10.77.0.31", system: .windows, ports: [.rdp: 3_389],
            certificate: Self.certificate)
        try await bench.fleet.change(by: "test") { current in
            var pool = try #require(current.contents.terminals.pools.values.first)
            pool.levels[0].servers.append(other.name)
            return [.terminal(other.name, other), .pool(pool.name, pool)]
        }
        bench.terminals.reached(other.name, at: bench.time)
        for place in 1...3 { #expect(try await bench.ticket(at: place).address == "10.77.0.31") }
    }

    @Test(arguments: ["other", "minted", "missing", "off", "none"])
    func `a secret that is none for the node opens nothing`(flaw: String) async throws {
        let value = ["off": "off", "missing": "secret=others"][flaw] ?? "secret=windows"
        let bench = try await Self.bench(accounts: flaw == "none" ? [:] : ["*": value]) {
            if flaw == "other" { $0.node = try NodeName("pc-2") }
            if flaw == "minted" { $0.minted = .password(MintedPassword(length: 12)) }
        }
        #expect(try await bench.refusal() != nil)
        let reason = bench.logIns.failures().first?.reason ?? ""
        switch flaw {
        case "other":
            #expect(reason.contains("there is no secret windows of group / or below that is for pc-1"))
        case "missing": #expect(reason.contains("there is no secret others of group / or below"))
        default: break
        }
    }

    @Test func `what a guest's settings lack counts against no server, so that people still log in there`()
        async throws
    {
        let bench = try await Self.bench(accounts: ["*": "secret=others"])
        for place in 1...Placement.failureLimit { #expect(try await bench.refusal(at: place) != nil) }
        let name = try TerminalName("win")
        #expect(bench.terminals.now(at: bench.time)[name]?.placed?.failureCount == 0)
        #expect(try await bench.ticket("SCHOOL\\ann").user == "SCHOOL\\ann")
    }

    @Test func `a server without an agent that failed is as good as before once it took a log-in`()
        async throws
    {
        let bench = try await Self.bench()
        let (name, terminals) = (try TerminalName("win"), bench.terminals)
        func failureCount() -> Int? { terminals.now(at: bench.time)[name]?.placed?.failureCount }
        for number in 0..<Placement.failureLimit {
            terminals.note("bad\(number)", user: "ann", on: name, at: bench.time)
            terminals.noteEnd(of: "bad\(number)", on: name, problem: "no certificate", at: bench.time)
        }
        #expect(failureCount() == Placement.failureLimit)
        terminals.note("good", user: "ann", on: name, at: bench.time)
        bench.pass(LiveTerminals.patience + 1)
        #expect(terminals.takePlaced(on: name, at: bench.time).count == 1)
        #expect(failureCount() == 0)
    }
}
