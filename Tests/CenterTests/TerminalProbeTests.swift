import API
import Fleet
import Foundation
import NIOSSL
import Sealing
import Testing
import Wire

@testable import Center

/// Terminal servers without an agent: what probes find, and what follows.
@Suite struct TerminalProbeTests {
    private static let xrdp: [UInt8] = [3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0]
    private static let withNLA: [UInt8] = [3, 0, 0, 19, 14, 0xD0, 0, 0, 0, 0, 0, 2, 3, 8, 0, 2, 0, 0, 0]
    private static let refusal: [UInt8] = [3, 0, 0, 19, 14, 0xD0, 0, 0, 0, 0, 0, 3, 0, 8, 0, 5, 0, 0, 0]
    private static let now = 1_000_000

    private static func tls() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.good.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    private static func fingerprint() throws -> String {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.good.utf8))
        return Hashing.hexadecimal(Hashing.sha256(try chain[0].toDERBytes()))
    }

    private static func finding(
        _ manner: PortServer.Manner, as service: PortDialogue.Service, within limit: Duration = .seconds(30)
    ) async throws -> PortFinding {
        let server = try await PortServer(manner)
        let finding = await PortProber(limit: limit).finding(service, at: "127.0.0.1", server.port)
        try await server.stop()
        return finding
    }

    // MARK: One port

    @Test func `a certificate is learned behind TLS and behind NLA`() async throws {
        let (tls, fingerprint) = (try Self.tls(), try Self.fingerprint())
        #expect(
            try await Self.finding(.answers(Self.xrdp, tls: tls), as: .rdp)
                == .rdp(security: .tls, certificate: fingerprint))
        #expect(
            try await Self.finding(.answers(Self.withNLA, tls: tls), as: .rdp)
                == .rdp(security: .credSSP, certificate: fingerprint))
        #expect(
            try await Self.finding(.answers(Self.refusal, tls: nil), as: .rdp)
                == .rdpRefused(.credSSPRequired))
    }

    @Test func `sshd and a VNC server name themselves`() async throws {
        let banner = Array("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".utf8)
        guard case .ssh(let found) = try await Self.finding(.says(banner), as: .ssh) else {
            Issue.record("no banner")
            return
        }
        #expect(found.software == "OpenSSH_9.2p1 Debian-2")
        let greeting = Array("RFB 003.008\n".utf8)
        #expect(
            try await Self.finding(.says(greeting), as: .vnc) == .vnc(VNCGreeting(major: 3, minor: 8)))
    }

    @Test(arguments: [PortDialogue.Service.rdp, .ssh, .vnc])
    func `garbage, endless bytes, silence and closed doors end a probe`(service: PortDialogue.Service)
        async throws
    {
        let mannersOfOthers: [PortServer.Manner] = [
            .says([UInt8](repeating: 0xFF, count: 10_000)), .endless(0), .endless(10), .closes,
        ]
        for manner in mannersOfOthers {
            guard case .other = try await Self.finding(manner, as: service) else {
                Issue.record("\(manner) is taken for \(service)")
                return
            }
        }
        guard case .silent = try await Self.finding(.silence, as: service, within: .milliseconds(200)) else {
            Issue.record("silence is taken for \(service)")
            return
        }
        // One that was just free may be another test's by now.
        let finding = await PortProber().finding(service, at: "127.0.0.1", 1)
        guard case .silent(let text) = finding else {
            Issue.record("nothing is there, and found is \(finding)")
            return
        }
        #expect(text.contains("nothing answers on 127.0.0.1:1"))
    }

    @Test func `TLS that never begins is no certificate`() async throws {
        let finding = try await Self.finding(
            .answers(Self.xrdp, tls: nil), as: .rdp, within: .milliseconds(300))
        #expect(finding.certificate == nil && !finding.isThere)
    }

    // MARK: Servers

    /// A control center with one server, `win`, and its pool.
    private struct Site {
        let directory: TemporaryDirectory
        let services: CenterServices
        let probes: TerminalProbes
        let name: TerminalName
        let pool: TerminalPool

        init(_ ports: [SessionProtocol: Int], exporter: Int, limit: Int? = nil) async throws {
            directory = try TemporaryDirectory()
            services = try await CenterServices.alone(in: directory)
            probes = TerminalProbes(of: services.terminals) { _ in exporter }
            name = try TerminalName("win")
            pool = TerminalPool(
                name: try PoolName("staff"), levels: [TerminalPool.Level(servers: [name])],
                protocols: SessionProtocol.allCases)
            let server = TerminalServer(
                name: name, address: "127.0.0.1", system: .windows, ports: ports, sessionLimit: limit)
            let (name, pool) = (name, pool)
            try await services.fleet.change(by: "test") { _ in
                [.terminal(name, server), .pool(pool.name, pool)]
            }
        }

        var record: TerminalServer? { services.fleet.snapshot.contents.terminals.servers[name] }

        func place(_ user: String = "ann", at time: Int) -> Placement {
            services.terminals.place(LogIn(user: user, protocols: [.rdp, .ssh]), in: pool, at: time)
        }

        func pin(_ certificate: String) async throws {
            let name = name
            try await services.fleet.change(by: "test") { current in
                guard var server = current.contents.terminals.servers[name] else { return [] }
                server.certificate = certificate
                return [.terminal(name, server)]
            }
        }
    }

    private static func exporter(_ sessions: Int?) async throws -> ByteServer {
        var text = """
            windows_cs_logical_processors 8
            windows_cs_physical_memory_bytes 16e9
            windows_os_physical_memory_free_bytes 12e9

            """
        if let sessions { text += "windows_logon_logon_type{status=\"remote_interactive\"} \(sessions)\n" }
        return try await ByteServer(
            "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)", isClosing: true)
    }

    @Test func `a server without an agent takes log-ins by what its ports and its exporter tell`()
        async throws
    {
        let rdp = try await PortServer(.answers(Self.withNLA, tls: try Self.tls()))
        let exporter = try await Self.exporter(7)
        let site = try await Site([.rdp: rdp.port], exporter: exporter.port)
        #expect(site.place(at: Self.now).server == nil)
        await site.probes.look(clock: { Self.now })
        #expect(site.place(at: Self.now).server == "win")
        #expect(site.place(at: Self.now + 60_000).server == "win", "the next probe may be lost")
        #expect(site.place(at: Self.now + 200_000).server == nil)
        #expect(site.record?.certificate == (try Self.fingerprint()))
        let known = try #require(site.probes.probed(site.name))
        #expect(known.sessionCount == 7 && known.load?.processorCount == 8 && known.limits.isEmpty)
        let record = try #require(site.record)
        let answer = try #require(site.probes.answer(about: record, at: Self.now + 3_000))
        #expect(answer.age == 3 && answer.exporter == "windows_exporter" && !answer.isDistrusted)
        #expect(answer.findings.count == 1 && answer.findings[0].hasPrefix("rdp: RDP with NLA, certificate "))
    }

    @Test func `another certificate is an alarm, and no log-in goes there until people accept it`()
        async throws
    {
        let rdp = try await PortServer(.answers(Self.xrdp, tls: try Self.tls()))
        let site = try await Site([.rdp: rdp.port], exporter: 1)
        try await site.pin(String(repeating: "a", count: 64))
        let stream = site.services.fleet.events.listen()
        await site.probes.look(clock: { Self.now })
        #expect(site.place(at: Self.now).verdicts.map(\.reason) == [.otherCertificate])
        #expect(site.services.terminals.troubles(at: Self.now).contains(.otherCertificate(site.name)))
        // Told once.
        await site.probes.look(clock: { Self.now + 1_000 })
        site.services.fleet.events.publish(ServerEvent(kind: .clock, text: "the end"))
        var alarms: [String] = []
        for await numbered in stream {
            guard let event = numbered.event else { continue }
            if event.kind == .alarm { alarms.append(event.text) }
            if event.text == "the end" { break }
        }
        let fingerprint = try Self.fingerprint()
        #expect(alarms.count == 1 && alarms[0].contains(fingerprint))
        // No probe is due, and it counts all the same.
        try await site.pin(fingerprint)
        await site.probes.look(clock: { Self.now + 2_000 })
        #expect(site.place(at: Self.now + 2_000).server == "win")
    }

    @Test func `a server that shows no certificate any more is another one, too`() async throws {
        let rdp = try await PortServer(.answers([3, 0, 0, 11, 6, 0xD0, 0, 0, 0x12, 0x34, 0], tls: nil))
        let site = try await Site([.rdp: rdp.port], exporter: 1)
        try await site.pin(try Self.fingerprint())
        await site.probes.look(clock: { Self.now })
        #expect(site.place(at: Self.now).verdicts.map(\.reason) == [.otherCertificate])
    }

    @Test func `without an exporter log-ins count as sessions, and it is said`() async throws {
        let ssh = try await PortServer(.says(Array("SSH-2.0-x\n".utf8)))
        let site = try await Site([.ssh: ssh.port], exporter: 1, limit: 2)
        await site.probes.look(clock: { Self.now })
        for user in ["ann", "ben", "ann"] {
            site.services.terminals.note("ticket of \(user)", user: user, on: site.name, at: Self.now)
        }
        #expect(site.place("cleo", at: Self.now).verdicts.map(\.reason) == [.full(sessionCount: 3, limit: 2)])
        let later = Self.now + 61_000
        await site.probes.look(clock: { later })
        // A person has one session.
        #expect(site.place(at: later).verdicts.map(\.reason) == [.full(sessionCount: 2, limit: 2)])
        let known = try #require(site.probes.probed(site.name))
        #expect(known.sessionCount == 2 && known.limits[0].hasPrefix("sessions are not seen"))
        let evening = later + ProbedServer.assumedLength
        await site.probes.look(clock: { evening })
        #expect(site.place(at: evening).server == "win")
    }

    @Test func `a protocol that does not answer is not offered`() async throws {
        let ssh = try await PortServer(.says(Array("SSH-2.0-x\n".utf8)))
        let gone = try await PortServer(.silence)
        let port = gone.port
        try await gone.stop()
        let site = try await Site([.ssh: ssh.port, .rdp: port], exporter: 1)
        await site.probes.look(clock: { Self.now })
        let terminals = site.services.terminals
        #expect(
            terminals.place(LogIn(user: "ann", protocols: .ssh), in: site.pool, at: Self.now).server == "win")
        #expect(
            terminals.place(LogIn(user: "ann", protocols: .rdp), in: site.pool, at: Self.now).server == nil)
    }

    @Test func `a server whose agent reports is not probed`() async throws {
        let ssh = try await PortServer(.says(Array("SSH-2.0-x\n".utf8)))
        let site = try await Site([.ssh: ssh.port], exporter: 1)
        _ = site.services.terminals.take(SmallFleet.report(users: ["ann"]), from: site.name, at: Self.now)
        await site.probes.look(clock: { Self.now + 1_000 })
        #expect(site.probes.probed(site.name) == nil)
        await site.probes.look(clock: { Self.now + 31_000 })
        #expect(site.probes.probed(site.name)?.isReached == true)
        // It comes back: what the probe found no longer counts.
        _ = site.services.terminals.take(SmallFleet.report(users: []), from: site.name, at: Self.now + 40_000)
        await site.probes.look(clock: { Self.now + 41_000 })
        #expect(site.probes.probed(site.name) == nil)
        #expect(site.place(at: Self.now + 60_000).server == nil, "its agent is silent for more than 15 s")
    }
}
