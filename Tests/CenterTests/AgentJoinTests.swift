import API
import Fleet
import Foundation
import NIOSSL
import Testing

@testable import AgentWork
@testable import Center

/// How the agent of a terminal server joins.
@Suite struct AgentJoinTests {
    private let directory: TemporaryDirectory
    private let services: CenterServices
    private let acts: Acts

    init() async throws {
        directory = try TemporaryDirectory()
        var services = try await CenterServices.alone(in: directory)
        services.agents = Agents(
            fleet: services.fleet, terminals: services.terminals, port: try AgentPortBench.port(in: directory)
        )
        self.services = services
        acts = Acts(services: services, caller: .local)
    }

    private func join(
        _ token: String, _ name: String, request: String? = nil, from address: String = "10.77.0.9"
    ) async throws -> AgentJoinAnswer {
        let text = try request ?? CertificateRequest(name: "root").text
        return try await Door(to: services).join(
            AgentJoinRequest(
                token: token, certificateRequest: text, name: name, address: nil, ports: [.rdp: 3_389]),
            from: address)
    }

    private func token(_ server: String? = nil) throws -> String {
        try acts.makeAgentToken(AgentTokenRequest(server: server.map { try TerminalName($0) })).token
    }

    private var servers: [TerminalName: TerminalServer] {
        services.fleet.snapshot.contents.terminals.servers
    }

    private func status(_ body: () async throws -> Void) async -> Int? {
        let error = await #expect(throws: (any Error).self) { try await body() }
        if case StoreError.conflict? = error { return 409 }
        return (error as? Problem)?.status
    }

    @Test func `a token makes one server, with the address that the agent comes from`() async throws {
        let token = try token()
        // People copy one thing: the fingerprint by which the agent knows the center is part of it.
        #expect(token.split(separator: ".").map(\.count) == [43, 64])
        let answer = try await join(token, "TS1.example.org", from: "::ffff:10.77.0.9")
        #expect(answer.server.text == "ts1")
        #expect(servers[answer.server]?.address == "10.77.0.9")
        #expect(await status { _ = try await join(token, "ts2") } == 403)
        #expect(servers.count == 1)
        #expect(try await services.fleet.store.agentCertificates().count == 1)
    }

    @Test func `two agents with one token at a moment are one`() async throws {
        let token = try token()
        let joined = await withTaskGroup(of: Bool.self) { group in
            for name in ["a", "b", "c", "d"] {
                group.addTask { (try? await join(token, name)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(joined == 1)
        #expect(servers.count == 1)
    }

    @Test func `a token without a name does not take the place of a server, one with its name does`()
        async throws
    {
        let name = try TerminalName("ts1")
        let declared = TerminalServer(name: name, address: "ts1.example.org", tags: ["kept"])
        try await services.fleet.change(by: "test") { _ in [.terminal(name, declared)] }
        #expect(await status { _ = try await join(token(), "ts1") } == 409)
        let answer = try await join(token("ts1"), "other-name")
        #expect(answer.server == name)
        #expect(servers == [name: declared])
    }

    @Test func `a token joins no server that others added, or moved, after it was made`() async throws {
        let (lab, office) = (try GroupPath("/lab"), try GroupPath("/office"))
        let (early, moved) = (try TerminalName("ts1"), try TerminalName("ts2"))
        try await services.fleet.change(by: "test") { _ in
            [
                .group(lab, NodeGroup(path: lab)), .group(office, NodeGroup(path: office)),
                .terminal(moved, TerminalServer(name: moved, group: lab, address: "ts2.example.org")),
            ]
        }
        let tokens = try [early, moved].map {
            try acts.makeAgentToken(AgentTokenRequest(server: $0, group: lab)).token
        }
        try await services.fleet.change(by: "others") { _ in
            [early, moved].map {
                .terminal($0, TerminalServer(name: $0, group: office, address: "\($0).example.org"))
            }
        }
        for (token, name) in zip(tokens, [early, moved]) {
            #expect(await status { _ = try await join(token, name.text) } == 409)
        }
        #expect(try await services.fleet.store.agentCertificates().isEmpty)
    }

    /// What becomes of the account that made a token, or of the API token by which it did.
    enum End: CaseIterable {
        case none, disabled, newPassword, otherRole, otherPerson, removed, tokenRevoked, tokenReplaced
    }

    @Test func `an account or an API token that is gone makes no token`() async throws {
        let anna = Administrator(name: "anna", grants: [Grant(.operator_)])
        for account in ["anna", "ben"] {
            let caller = Caller(name: account, grants: anna.grants, proof: .token(1), account: account)
            let acts = Acts(services: services, caller: caller)
            #expect(throws: StoreError.self) { try acts.makeAgentToken(AgentTokenRequest()) }
            try await services.fleet.change(by: "test") { _ in
                [
                    .administrator("root", Administrator(name: "root", grants: [Grant(.admin)])),
                    .administrator("anna", anna),
                ]
            }
            #expect(throws: StoreError.self) { try acts.makeAgentToken(AgentTokenRequest()) }
        }
    }

    @Test(arguments: End.allCases)
    func `a token ends with the leave of the account that made it`(end: End) async throws {
        let lab = try GroupPath("/lab")
        let anna = Administrator(name: "anna", grants: [Grant(.operator_, in: lab)])
        let ci = APIToken(id: 1, name: "ci", owner: "anna", grants: anna.grants, createdAt: 5, expiresAt: nil)
        try await services.fleet.change(by: "test") { _ in
            [
                .group(lab, NodeGroup(path: lab)),
                .administrator("root", Administrator(name: "root", grants: [Grant(.admin)])),
                .administrator("anna", anna), .token(1, ci, hash: "h"),
            ]
        }
        let caller = Caller(name: "anna (token ci)", grants: anna.grants, proof: .token(1), account: "anna")
        let token = try Acts(services: services, caller: caller)
            .makeAgentToken(AgentTokenRequest(group: lab)).token
        var (changed, other) = (anna, ci)
        var edits: [FleetEdit] = []
        switch end {
        case .none: break
        case .disabled: changed.isDisabled = true
        case .newPassword: changed.passwordNumber = 1
        case .otherRole: changed.grants = [Grant(.helpdesk, in: lab)]
        case .otherPerson: changed.source = .ldap
        case .removed: edits = [.token(1, nil), .administrator("anna", nil)]
        case .tokenRevoked: edits = [.token(1, nil)]
        case .tokenReplaced:
            other.createdAt = 6
            edits = [.token(1, other, hash: "i")]
        }
        if changed != anna { edits = [.administrator("anna", changed)] }
        if !edits.isEmpty { try await services.fleet.change(by: "root") { [edits] _ in edits } }
        if end == .none {
            _ = try await join(token, "ts1")
        } else {
            #expect(await status { _ = try await join(token, "ts1") } == 403)
        }
        #expect(servers.isEmpty == (end != .none))
    }

    @Test func `of a request only its key is taken: the certificate's name is the server's`() async throws {
        let answer = try await join(token("ts1"), "ts1")
        let certificate = try #require(
            NIOSSLCertificate.fromPEMBytes(Array(answer.certificate.utf8)).first)
        #expect("\(certificate)".contains("ts1"))
        #expect(!"\(certificate)".contains("root"))
        let validity = try #require(CertificateText.validity(of: answer.certificate))
        #expect(validity.count == (AgentAuthority.days + 1) * 86_400)
    }

    @Test(arguments: [
        "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        String(repeating: "x", count: 9_000),
    ])
    func `a request that is none is refused, and the token can be used again`(request: String) async throws {
        let token = try token()
        #expect(await status { _ = try await join(token, "ts1", request: request) } == 422)
        #expect(servers.isEmpty)
        _ = try await join(token, "ts1")
    }

    @Test func `a request that was changed on its way is refused`() async throws {
        let text = try CertificateRequest(name: "ts1").text
        let lines = text.split(separator: "\n")
        let changed = [lines[0], Substring(lines[1].replacing("A", with: "B"))] + lines.dropFirst(2)
        #expect(
            await status { _ = try await join(token(), "ts1", request: changed.joined(separator: "\n")) }
                == 422)
    }

    @Test(arguments: ["", "x", "....", String(repeating: "a", count: 300)])
    func `another token lets no agent in`(token: String) async throws {
        #expect(await status { _ = try await join(token, "ts1") } == 403)
    }

    @Test(arguments: ["", "../etc", "ts 1", "a;b", "\u{202e}ts1", String(repeating: "a", count: 64)])
    func `a host name that is none makes no server`(name: String) async throws {
        await #expect(throws: (any Error).self) { _ = try await join(token(), name) }
        #expect(servers.isEmpty)
    }

    @Test func `a token ends after a day, and one that is given back ends when it would have`() {
        let tokens = JoinTokens()
        let token = JoinTokens.Token(server: nil, group: .site, maker: nil, endsAt: 100 + JoinTokens.lifetime)
        tokens.add(token, secret: "s", now: 100)
        #expect(!tokens.isEmpty(now: 100 + JoinTokens.lifetime - 1))
        let taken = tokens.take("s", now: 200)
        #expect(taken == token)
        #expect(tokens.take("s", now: 200) == nil)
        tokens.restore(token, secret: "s")
        #expect(tokens.isEmpty(now: 100 + JoinTokens.lifetime))
        #expect(tokens.take("s", now: 100 + JoinTokens.lifetime) == nil)
    }

    @Test func `one address tries to join a few times only`() async throws {
        var statuses: [Int?] = []
        for _ in 0..<30 { statuses.append(await status { _ = try await join("x", "ts1") }) }
        #expect(statuses.last == 429)
        #expect(statuses.prefix(Agents.joinBurst).allSatisfy { $0 == 403 })
        // All addresses of an IPv6 network are one.
        for number in 0..<30 {
            statuses.append(await status { _ = try await join("x", "ts1", from: "2001:db8::\(number)") })
        }
        #expect(statuses.last == 429)
        _ = try await join(token(), "ts1", from: "10.77.0.10")
    }

    @Test func `the authority is read as it was written, and another text is none`() throws {
        let authority = try #require(AgentAuthority.make())
        #expect(AgentAuthority(pem: authority.pem) == authority)
        #expect(AgentAuthority(pem: authority.certificate) == nil)
        #expect(AgentAuthority(pem: "") == nil)
    }

    @Test func `what agents are known by goes with their servers, and is read as it was written`()
        async throws
    {
        let one = AgentCertificates.One(fingerprint: String(repeating: "a", count: 64), validUntil: 5)
        let next = AgentCertificates.One(fingerprint: String(repeating: "b", count: 64), validUntil: 9)
        let both = AgentCertificates([one]).adding(next, to: one.fingerprint)
        #expect(both.all == [one, next])
        #expect(AgentCertificates(parsing: both.text) == both)
        #expect(AgentCertificates(parsing: "x:1,\(one.fingerprint):y,:").all.isEmpty)
        _ = try await join(token(), "ts1")
        try await services.fleet.change(by: "test") { _ in [.terminal(try TerminalName("ts1"), nil)] }
        #expect(try await services.fleet.store.agentCertificates().isEmpty)
    }

    @Test func `an agent whose answers are lost keeps the certificate that it has`() throws {
        let (had, lost, got) = (
            AgentCertificates.One(fingerprint: "a", validUntil: 5),
            AgentCertificates.One(fingerprint: "b", validUntil: 6),
            AgentCertificates.One(fingerprint: "c", validUntil: 7)
        )
        let certificates = AgentCertificates([had]).adding(lost, to: "a").adding(got, to: "a")
        #expect(certificates.all == [had, got])
        #expect(certificates.adding(lost, to: "c").all == [got, lost])
    }

    @Test func `an agent that is revoked while it asks for its next certificate stays away`() async throws {
        let name = try await join(token(), "ts1").server
        let known = try await services.fleet.store.agentCertificates()[name]
        let shown = try #require(known?.all.first?.fingerprint)
        let wish = AgentRenewRequest(certificateRequest: try CertificateRequest(name: "ts1").text)
        // The port has let its request in already.
        try await acts.revokeAgent(of: name)
        #expect(await status { _ = try await services.agents.renew(wish, of: name, showing: shown) } == 403)
        #expect(try await services.fleet.store.agentCertificates()[name]?.all.isEmpty != false)
    }

    @Test func `an agent that asks for one certificate after the other fills no history`() async throws {
        let name = try await join(token(), "ts1").server
        let known = try await services.fleet.store.agentCertificates()[name]
        let shown = try #require(known?.all.first?.fingerprint)
        let wish = AgentRenewRequest(certificateRequest: try CertificateRequest(name: "ts1").text)
        for _ in 0..<Agents.renewalLimit {
            _ = try await services.agents.renew(wish, of: name, showing: shown)
        }
        let revision = services.fleet.snapshot.revision
        #expect(await status { _ = try await services.agents.renew(wish, of: name, showing: shown) } == 429)
        #expect(services.fleet.snapshot.revision == revision)
        #expect(try await services.agents.name(ofFingerprint: shown) == name)
        // Others are not affected, and an hour later it has its next one.
        let other = try TerminalName("ts2")
        #expect(services.agents.takesRenewal(of: other, now: Clock.steadySecond))
        let later = Clock.steadySecond + Agents.renewalPeriod
        #expect(services.agents.takesRenewal(of: name, now: later))
    }

    @Test func `a certificate that has expired no longer counts, also on a connection that stays`()
        async throws
    {
        let name = try TerminalName("ts1")
        let (old, new) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        let certificates = AgentCertificates([
            .init(fingerprint: old, validUntil: Clock.second),
            .init(fingerprint: new, validUntil: Clock.second + 600),
        ])
        try await services.fleet.change(by: "test") { _ in
            [.terminal(name, TerminalServer(name: name, address: "10.77.0.20"), agent: certificates)]
        }
        #expect(try await services.agents.name(ofFingerprint: old) == nil)
        #expect(try await services.agents.name(ofFingerprint: new) == name)
    }
}
