import API
import Fleet
import Foundation
import HTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Sealing
import Testing

@testable import AgentWork
@testable import Center

/// Agents come to a port of their own by mutual TLS, and are known by the certificates that they were given.
@Suite struct AgentPortTests {
    private let bench: AgentPortBench
    private var services: CenterServices { bench.services }
    private var acts: Acts { bench.acts }

    init() async throws { bench = try await AgentPortBench() }

    @Test func `an agent that joined reports, takes orders and tells how they ended`() async throws {
        let services = services
        try await bench.serving { port, _ in
            let line = try CenterLine(try await bench.identity("TS1.example.org", port: port))
            #expect(line.identity.server == "ts1")
            let name = try TerminalName("ts1")
            let answer = try await line.report(AgentPortBench.report)
            #expect(answer.acknowledged == 7)
            #expect(services.fleet.snapshot.contents.terminals.servers[name] != nil)
            let (connected, feed) = AsyncStream.makeStream(of: Void.self)
            let listening = Task {
                try await line.orders(connected: { feed.yield() }) { order in
                    Task { try await line.tell(AgentResult(order: order.id)) }
                }
            }
            defer { listening.cancel() }
            var starts = connected.makeAsyncIterator()
            await starts.next()
            let result = try await services.terminals.order(.forget(ticket: "t"), on: name)
            #expect(result.problem.isEmpty)
            #expect(try await acts.agents().map(\.isListening) == [true])
        }
    }

    @Test func `an agent brings back a mark of a later state, and people are told what is missing`()
        async throws
    {
        let (services, acts) = (services, acts)
        try await bench.serving { port, _ in
            let line = try CenterLine(try await bench.identity("ts1", port: port))
            let answer = try await line.report(AgentPortBench.report)
            let now = services.fleet.snapshot.revision
            #expect(answer.mark == AgentPortBench.marks.mark(of: now))
            var report = AgentPortBench.report
            // Its own, and another server's.
            for mark in [answer.mark, StateMarks(NodeSecrets()).mark(of: now + 9)] {
                report.mark = mark
                _ = try await line.report(report)
            }
            let before = try await acts.status().warnings ?? []
            #expect(!before.contains { $0.contains("are missing") })
            report.mark = AgentPortBench.marks.mark(of: now + 3)
            let next = try await line.report(report)
            #expect(services.fleet.snapshot.revision == now + 4)
            #expect(next.mark == AgentPortBench.marks.mark(of: now + 4))
            let warnings = try await acts.status().warnings ?? []
            let text = "revisions \(now + 1) to \(now + 3) are missing"
            #expect(warnings.contains { $0.contains(text) }, "\(warnings)")
            #expect(try await acts.server().lostRevisions?.numbers == now + 1...now + 3)
        }
    }

    @Test func `without a certificate, or with one of another authority, no agent is let in`() async throws {
        try await bench.serving { port, _ in
            let known = try await bench.identity("ts1", port: port)
            let other = try #require(AgentAuthority.make())
            let request = try CertificateRequest(name: "ts1")
            var foreign = known
            foreign.key = request.key
            foreign.certificate = try #require(
                other.certificate(forRequest: request.text, of: "ts1", now: Clock.second)
            ).pem
            await #expect(throws: (any Error).self) {
                try await CenterLine(foreign).report(AgentPortBench.report)
            }
            let bare = try HTTPClient(trustingPEM: known.authority, at: "")
            await #expect(throws: (any Error).self) {
                try await CenterLine.answer(
                    to: HTTPClientRequest(url: known.url("orders")), by: bare,
                    within: HTTPClientLimits(whole: .seconds(5)))
            }
            // One of the right authority that was never stored.
            let port = try #require(services.agents.port)
            var stray = known
            stray.key = request.key
            stray.certificate = try #require(
                port.authority.certificate(forRequest: request.text, of: "ts1", now: Clock.second)
            ).pem
            await #expect(throws: AgentProblem.self) {
                try await CenterLine(stray).report(AgentPortBench.report)
            }
            _ = try await CenterLine(known).report(AgentPortBench.report)
        }
    }

    @Test func `a certificate that has expired is refused`() async throws {
        try await bench.serving { port, _ in
            var identity = try await bench.identity("ts1", port: port)
            let request = try CertificateRequest(name: "ts1")
            let authority = try #require(services.agents.port).authority
            identity.key = request.key
            identity.certificate = try #require(
                authority.certificate(
                    forRequest: request.text, of: "ts1",
                    now: Clock.second - (AgentAuthority.days + 1) * 86_400)
            ).pem
            await #expect(throws: (any Error).self) {
                try await CenterLine(identity).report(AgentPortBench.report)
            }
        }
    }

    @Test func `a revoked agent, and that of a server that was removed, are not let in any more`()
        async throws
    {
        let services = services
        try await bench.serving { port, _ in
            let revoked = try CenterLine(try await bench.identity("ts1", port: port))
            let removed = try CenterLine(try await bench.identity("ts2", port: port))
            for line in [revoked, removed] { _ = try await line.report(AgentPortBench.report) }
            try await acts.revokeAgent(of: TerminalName("ts1"))
            let name = try TerminalName("ts2")
            let record = try #require(services.fleet.snapshot.contents.terminals.servers[name])
            for edit in [FleetEdit.terminal(name, nil), .terminal(name, record)] {
                try await services.fleet.change(by: "test") { _ in [edit] }
            }
            for line in [revoked, removed] {
                // Its connection is ended, which may be while it asks by it. By a new one it is told.
                do {
                    _ = try await line.report(AgentPortBench.report)
                    Issue.record("let in")
                } catch is HTTPClientError {} catch is AgentProblem {}
                await #expect(throws: AgentProblem.self) { try await line.report(AgentPortBench.report) }
                await #expect(throws: AgentProblem.self) {
                    try await line.renew(CertificateRequest(name: "x").text)
                }
            }
        }
    }

    @Test func `a renewed certificate counts, and so does the one before, but none earlier`() async throws {
        try await bench.serving { port, _ in
            var identity = try await bench.identity("ts1", port: port)
            var lines = [try CenterLine(identity)]
            for _ in 0..<2 {
                let request = try CertificateRequest(name: "other name")
                identity.certificate = try await #require(lines.last).renew(request.text)
                identity.key = request.key
                lines.append(try CenterLine(identity))
            }
            await #expect(throws: AgentProblem.self) { try await lines[0].report(AgentPortBench.report) }
            for line in lines.dropFirst() { _ = try await line.report(AgentPortBench.report) }
        }
    }

    @Test func `the port serves nothing else, and no more than is bounded`() async throws {
        try await bench.serving { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            let client = try identity.client()
            for path in ["../../api/v1/nodes", "../../login", "other"] {
                let answer = try await client.execute(
                    HTTPClientRequest(url: identity.url(path)),
                    within: HTTPClientLimits(whole: .seconds(5)))
                #expect(answer.status == 404, "\(path)")
            }
            var large = HTTPClientRequest(url: identity.url("report"))
            large.method = .POST
            large.body = ByteBuffer(repeating: UInt8(ascii: "x"), count: (1 << 20) + 1)
            let answer = try await client.execute(large, within: HTTPClientLimits(whole: .seconds(10)))
            #expect(answer.status == 413)
        }
    }

    @Test func `an agent that asks too often waits`() async throws {
        let name = try TerminalName("ts1")
        let taken = (0..<200).count { _ in services.agents.takesRequest(of: name) }
        #expect((Agents.burst...(Agents.burst + 2 * Agents.perSecond)).contains(taken))
        #expect(services.agents.takesRequest(of: try TerminalName("ts2")))
    }
}
