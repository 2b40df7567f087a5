import Testing
import Wire

@testable import Fleet

/// Placement by a pool's rule or its broker, and of servers that only probes know.
@Suite struct PlacementTermsTests {
    private static let now = 1_000_000

    private static func server(
        _ name: String, sessions: Int, load: Double = 0, _ change: (inout PlacementServer) -> Void = { _ in }
    ) -> PlacementServer {
        var server = PlacementServer(name: name)
        server.heard(
            TerminalLoad(
                processorCount: 8, loadAverage: load, memoryByteCount: 16 << 30, usedMemoryByteCount: 1 << 30,
                idleMemoryByteCount: 1 << 30, sessionCount: sessions), at: now)
        change(&server)
        return server
    }

    private static func place(
        _ servers: [PlacementServer], _ terms: PlacementTerms, protocols: SessionProtocols = .rdp,
        existing: String? = nil
    ) -> Placement {
        Placement(
            LogIn(user: "ann", protocols: protocols, existing: existing), levels: [Array(servers.indices)],
            of: servers, cost: .usual, now: now, terms: terms)
    }

    // MARK: Rules

    @Test func `a rule counts in place of what a server uses otherwise`() throws {
        let servers = [Self.server("few", sessions: 2, load: 6), Self.server("many", sessions: 40, load: 0)]
        #expect(Self.place(servers, PlacementTerms()).server == "many")
        let rule = [LoadVariable(.sessionCount, weight: 1, capacity: try LoadExpression("100"))]
        let placement = Self.place(servers, PlacementTerms(rule: rule))
        #expect(placement.server == "few")
        #expect(placement.verdicts.compactMap(\.reason.use?.percent) == ["3 %", "41 %"])
    }

    @Test func `a server above a critical value takes nobody`() throws {
        let rule = [
            LoadVariable(
                .sessionCount, weight: 1, capacity: try LoadExpression("100"),
                critical: try LoadExpression("20"))
        ]
        let placement = Self.place(
            [Self.server("full", sessions: 20), Self.server("free", sessions: 19)], PlacementTerms(rule: rule)
        )
        #expect(placement.server == "free")
        guard case .critical(.sessionCount, _) = placement.verdicts[0].reason else {
            Issue.record("\(placement.verdicts)")
            return
        }
        #expect(placement.verdicts[0].reason.words.filled == "NBX11SESS is above its critical value")
    }

    @Test func `log-ins on their way count in rules, too`() throws {
        let rule = [LoadVariable(.sessionCount, weight: 1, capacity: try LoadExpression("50"))]
        var servers = ["a", "b", "c"].map { Self.server($0, sessions: 5) }
        for number in 0..<30 {
            let placement = Placement(
                LogIn(user: "user\(number)"), levels: [Array(servers.indices)], of: servers, cost: .usual,
                now: Self.now, terms: PlacementTerms(rule: rule))
            if let index = servers.firstIndex(where: { $0.name == placement.server }) {
                servers[index].underwayCount += 1
            }
        }
        #expect(servers.map(\.underwayCount) == [10, 10, 10])
    }

    @Test func `rules are parts of records, and their expressions are checked where they enter`() throws {
        let rule = [
            LoadVariable(.loadAverage, weight: 50, capacity: try LoadExpression(".7")),
            LoadVariable(
                .sessionCount, weight: 25, capacity: try LoadExpression("CPUCOUNT * 4"),
                critical: try LoadExpression("CPUCOUNT * 5")),
        ]
        let fields = DeclaredForms.fields["pools"] ?? []
        guard case .list(.object(let members))? = fields.first(where: { $0.name == "rule" })?.form else {
            Issue.record("a rule is a list of objects")
            return
        }
        #expect(Set(members.map(\.name)) == ["figure", "capacity", "critical", "weight"])
        #expect(rule[1].critical?.text == "CPUCOUNT * 5")
    }

    // MARK: Brokers

    @Test func `the first server that answers leads to the broker, and others are not needed`() {
        let servers = [
            PlacementServer(name: "never"), Self.server("first", sessions: 90),
            Self.server("second", sessions: 0),
        ]
        let placement = Self.place(servers, PlacementTerms(isBrokered: true), existing: "second")
        #expect(placement.server == "first" && !placement.isReconnection && placement.level == 0)
        #expect(placement.verdicts.map(\.reason) == [.neverHeard, .broker, .notNeeded])
        #expect(Self.place(servers, PlacementTerms(isBrokered: true), protocols: .ssh).server == nil)
    }

    // MARK: Probed servers

    @Test func `a server that is reached has room for the usual number of sessions, and is heard longer`() {
        var server = PlacementServer(name: "win")
        server.patience = 100_000
        server.reached(at: Self.now - 99_000)
        server.seenSessionCount = 24
        #expect(Self.place([server], PlacementTerms()).server == "win")
        #expect(Self.place([server, Self.server("agent", sessions: 5)], PlacementTerms()).server == "agent")
        server.reached(at: Self.now - 101_000)
        #expect(Self.place([server], PlacementTerms()).server == nil)
    }

    @Test func `a server with another certificate gets nobody, not even those who have a session there`() {
        let server = Self.server("win", sessions: 1) { $0.isDistrusted = true }
        let placement = Self.place([server], PlacementTerms(), existing: "win")
        #expect(placement.server == nil && placement.verdicts[0].reason == .otherCertificate)
    }

    @Test func `a protocol that does not answer is none that a server has`() {
        let server = Self.server("both", sessions: 0) {
            ($0.protocols, $0.silentProtocols) = ([.rdp, .ssh], .rdp)
        }
        #expect(Self.place([server], PlacementTerms()).verdicts[0].reason == .silentProtocol(.rdp))
        #expect(Self.place([server], PlacementTerms(), protocols: [.rdp, .ssh]).server == "both")
    }

    @Test func `a server whose certificate is not known gets no log-in by RDP`() {
        let server = Self.server("new", sessions: 0) {
            ($0.protocols, $0.lacksCertificate) = ([.rdp, .ssh], true)
        }
        for terms in [PlacementTerms(), PlacementTerms(isBrokered: true)] {
            #expect(Self.place([server], terms).verdicts.map(\.reason) == [.unknownCertificate])
        }
        #expect(Self.place([server], PlacementTerms(), protocols: .ssh).server == "new")
    }

    /// Sessions of a server on which the pool's first protocol does not answer, those of another one, and which is chosen why.
    @Test(arguments: [(0, 20, "well", "lesser"), (0, 99, "ill", "fallback"), (99, 99, "well", "")])
    func `a server without the protocol that it should have comes after all others with room`(
        ill: Int, well: Int, chosen: String, code: String
    ) {
        var servers = [Self.server("ill", sessions: ill), Self.server("well", sessions: well)]
        for index in servers.indices {
            (servers[index].protocols, servers[index].sessionLimit) = ([.rdp, .x2go], 40)
        }
        servers[0].silentProtocols = .rdp
        if ill == 99 {
            servers[0].sessionLimit = nil
            servers[1].sessionLimit = nil
        }
        let terms = PlacementTerms(protocols: [.rdp, .x2go])
        let placement = Self.place(servers, terms, protocols: [.rdp, .x2go])
        #expect(placement.server == chosen, "\(placement.verdicts)")
        if !code.isEmpty { #expect(placement.verdicts[0].reason.code == code) }
        // Where the node has X2Go alone, nothing is missing.
        #expect(Self.place([servers[0]], terms, protocols: .x2go).verdicts[0].reason.code == "freest")
    }

    @Test func `what an exporter tells is a load`() throws {
        func reading(_ all: Double, _ idle: Double) -> ExporterReading? {
            ExporterReading(
                ExporterText(
                    Array(
                        """
                        windows_cpu_time_total{core="0,0",mode="idle"} \(idle / 2)
                        windows_cpu_time_total{core="0,1",mode="idle"} \(idle / 2)
                        windows_cpu_time_total{core="0,1",mode="user"} \(all - idle)
                        windows_memory_physical_total_bytes 8000000000
                        windows_memory_physical_free_bytes 2000000000
                        """.utf8), namesBeginningWith: ExporterReading.prefixes))
        }
        let (first, second) = (try #require(reading(1_000, 800)), try #require(reading(1_060, 815)))
        let start = try #require(TerminalLoad(first, since: nil, sessionCount: 7))
        #expect(start.processorCount == 2 && abs(start.loadAverage - 0.4) < 1e-9 && start.sessionCount == 7)
        #expect(start.memoryByteCount == 8_000_000_000 && start.usedMemoryByteCount == 6_000_000_000)
        // 45 of 60 seconds of both processors.
        let load = try #require(TerminalLoad(second, since: first, sessionCount: 7))
        #expect(abs(load.loadAverage - 1.5) < 1e-9)
        // It restarted: its counters began anew.
        let again = try #require(TerminalLoad(first, since: second, sessionCount: 0))
        #expect(abs(again.loadAverage - 0.4) < 1e-9)
        let text = ExporterText(
            Array("windows_cs_logical_processors 4".utf8), namesBeginningWith: ["windows_"])
        let bare = try #require(ExporterReading(text))
        #expect(TerminalLoad(bare, since: nil, sessionCount: 0) == nil)
    }
}
