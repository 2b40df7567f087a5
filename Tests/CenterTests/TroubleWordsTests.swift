import API
import Fleet
import Testing
import Wire

@testable import Center

/// What people read of troubles: who has them, what is wrong, and what to do.
@Suite struct TroubleWordsTests {
    private let (server, pool): (TerminalName, PoolName)

    init() throws { (server, pool) = (try TerminalName("ts1"), try PoolName("staff")) }

    /// - Parameters:
    ///   - what: words of the sentence about it.
    ///   - fix: words of the advice.
    private func expect(
        _ trouble: TerminalTrouble, _ what: String, _ fix: String, isOfPool: Bool = false,
        since: Int? = nil, at location: SourceLocation = #_sourceLocation
    ) {
        #expect(trouble.pool == (isOfPool ? pool : nil), sourceLocation: location)
        #expect(trouble.server == (isOfPool ? nil : server), sourceLocation: location)
        #expect(trouble.since == since, sourceLocation: location)
        #expect(trouble.what.filled.contains(what), "\(trouble.what.filled)", sourceLocation: location)
        #expect(trouble.fix.filled.contains(fix), "\(trouble.fix.filled)", sourceLocation: location)
        let name = isOfPool ? "Pool staff: " : "Terminal server ts1: "
        #expect(
            trouble.text.hasPrefix(name) && trouble.text.hasSuffix("; \(trouble.fix.filled)")
                && trouble.text.contains("(since ") == (since != nil), sourceLocation: location)
    }

    @Test func `a pool without servers, with silent ones and with unknown ones is told apart`() {
        expect(
            .unserved(pool, [], otherCount: 0, wasHeard: false), "no terminal server is in this pool",
            "add a server to it", isOfPool: true)
        // Only servers that may not be named.
        expect(
            .unserved(pool, [], otherCount: 2, wasHeard: true), "takes log-ins now: +2",
            "roost place --pool staff --explain", isOfPool: true)
        expect(
            .unserved(pool, [server], otherCount: 3, wasHeard: true), "takes log-ins now: ts1, +3",
            "let one take them again", isOfPool: true)
        expect(
            .unserved(pool, [server], otherCount: 0, wasHeard: false), "nothing was ever heard of ts1",
            "set up the roost-agent there", isOfPool: true)
        expect(
            .noServer(pool, count: 4, why: "all are full"), "found no server: 4 (all are full)",
            "raise a limit; ‘roost place --pool staff --explain’", isOfPool: true)
    }

    @Test func `a server's troubles name its command`() {
        expect(
            .silent(server, sessionCount: 1, since: 60), "silent, with 1 session on it",
            "roost server maintenance ts1", since: 60)
        expect(
            .silent(server, sessionCount: 2, since: 60), "silent, with 2 sessions on it",
            "roost server maintenance ts1", since: 60)
        expect(.failing(server, count: 3), "3 log-ins in a row", "roost server show ts1")
        expect(.otherCertificate(server), "another certificate", "roost server set ts1 --rdp-certificate")
        expect(.unknownCertificate(server), "no certificate for RDP", "have it use TLS")
        expect(.oldAgent(server, version: "0.1.0"), "an old roost-agent (0.1.0)", "install the roost-agent")
        expect(.reported(server, "sesman is down"), "sesman is down", "what its agent says")
    }

    @Test(arguments: [
        (10, 8, false), (10, 9, true), (10, 10, true), (0, 0, false), (101, 90, false), (101, 91, true),
    ])
    func `a network is scarce with a tenth of its addresses`(size: Int, leased: Int, isScarce: Bool) throws {
        var network = NetworkAnswer(
            interface: "br0", server: try #require(IPv4Address("10.77.0.1")), network: "10.77.0.0/24",
            pools: [], router: nil, size: size, leased: leased)
        #expect(network.isScarce == isScarce && (network.scarcityWarning != nil) == isScarce)
        guard isScarce else { return }
        #expect(network.scarcityWarning?.hasPrefix("\(leased) of \(size) addresses") == true)
        #expect(network.scarcityWarning?.contains("roost network set NAME --pool") == true)
        network.name = try NetworkName("school")
        #expect(network.scarcityWarning?.contains("roost network set school --pool") == true)
    }

    @Test func `all nodes are looked at only where someone hears of it`() async throws {
        let services = try await SmallFleet().services
        #expect(!services.troublesAreHeard)
        func hook(_ id: Int, _ kinds: [String]) -> HookTarget {
            HookTarget(WebHook(id: id, url: "http://127.0.0.1:9/", secret: "s", kinds: kinds, group: .site))
        }
        for (id, kinds, areHeard) in [
            (1, ["crash"], false), (2, ["trouble"], true), (3, ["trouble-over"], true), (4, [], true),
        ] as [(Int, [String], Bool)] {
            let target = hook(id, kinds)
            services.webHooks.begin(target)
            #expect(services.troublesAreHeard == areHeard, "\(kinds)")
            services.webHooks.end(target.key)
        }
        #expect(!services.troublesAreHeard)
        let listener = try services.fleet.events.listen(as: "anna")
        #expect(services.troublesAreHeard)
        withExtendedLifetime(listener) {}
    }
}
