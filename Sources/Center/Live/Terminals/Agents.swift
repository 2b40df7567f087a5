import API
import Fleet
import Linux
package import Sealing
import Synchronization
import Wire

/// The agents of terminal servers: how they join, by what they are known, and how much they may say.
package final class Agents: Sendable {
    /// Where agents come to.
    package struct Port: Sendable {
        package var hosts: [String]
        package var number: Int
        /// Signs their certificates and the port's.
        package var authority: AgentAuthority
        /// Where they join: the control center's `https://HOST:PORT`.
        package var url: String
        /// What the control center shows there, in PEM.
        package var chainPath: String

        package init(hosts: [String], number: Int, authority: AgentAuthority, url: String, chainPath: String)
        {
            self.hosts = hosts
            self.number = number
            self.authority = authority
            self.url = url
            self.chainPath = chainPath
        }
    }

    /// Requests of one agent; tries to join of one address.
    static let (perSecond, burst, joinBurst) = (5, 50, 10)
    /// Renewals of one agent in an hour, in seconds. Each is a change of the configuration; an agent asks in the last third of its
    /// certificate's time, and again an hour later where the answer was lost.
    static let (renewalLimit, renewalPeriod) = (10, 3_600)
    /// Bytes of a request, of a name and of a token.
    private static let (requestLimit, nameLimit, tokenLimit) = (8 << 10, 253, 256)

    private struct Known {
        /// Of the configuration that this was read with; nil: never.
        var revision: Int?
        var agents: [String: (name: TerminalName, validUntil: Int)] = [:]
    }

    let fleet: LiveFleet
    let terminals: LiveTerminals
    /// Nil: agents cannot come here.
    let port: Port?
    /// Nil: they are told no marks.
    private let marks: StateMarks?
    private let tokens = JoinTokens()
    private let known = Mutex(Known())
    private let requests = Mutex(PeerRates(perSecond: perSecond, burst: burst))
    private let joins = Mutex(PeerRates(perSecond: 1, burst: joinBurst))
    private let renewals = Mutex<[TerminalName: [Int]]>([:])
    private let listening = Mutex<[TerminalName: Int]>([:])

    package init(fleet: LiveFleet, terminals: LiveTerminals, port: Port?, marks: StateMarks? = nil) {
        (self.fleet, self.terminals, self.port, self.marks) = (fleet, terminals, port, marks)
    }

    /// Whether there is an agent that could come.
    var areExpected: Bool {
        port != nil
            && (!fleet.snapshot.contents.terminals.servers.isEmpty
                || !tokens.isEmpty(now: Clock.steadySecond))
    }

    // MARK: Tokens

    /// Makes a token.
    ///
    /// - Parameter maker: whose leave it is; nil: that of the server's host.
    func makeToken(_ wish: AgentTokenRequest, by maker: Maker?) throws -> AgentTokenAnswer {
        guard let port else {
            throw Problem(
                409, "No agents",
                "agents cannot reach this server: it has no HTTPS, or center.agent-port is 0 in roost.yaml")
        }
        let (secret, now) = (Secrets.make(), Clock.steadySecond)
        let group = wish.group ?? .site
        tokens.add(
            JoinTokens.Token(
                server: wish.server, group: group, maker: maker, endsAt: now + JoinTokens.lifetime),
            secret: secret, now: now)
        let token = secret + (Self.fingerprint(ofRootIn: port.chainPath).map { ".\($0)" } ?? "")
        return AgentTokenAnswer(
            token: token, server: wish.server, group: group, expiresAt: Clock.second + JoinTokens.lifetime,
            command: "roost-agent join \(port.url) \(token)")
    }

    /// SHA-256 of the authority that a chain ends with, where it is one that is trusted alone.
    private static func fingerprint(ofRootIn path: String) -> String? {
        guard let bytes = try? WholeFile.read(path, limit: 1 << 20),
            let last = PEMText.blocks(of: String(decoding: bytes, as: UTF8.self)).last, X509Pair.isRoot(last)
        else { return nil }
        return fingerprint(of: last)
    }

    private static func fingerprint(of certificate: String) -> String? {
        X509Pair.fingerprint(of: certificate).map { $0.filter { $0 != ":" }.lowercased() }
    }

    // MARK: Joining

    /// An agent joins.
    ///
    /// - Parameter address: where it comes from.
    func join(_ request: AgentJoinRequest, from address: String) async throws -> AgentJoinAnswer {
        let subscriber = ClientAddresses.subscriber(address)
        guard joins.withLock({ $0.takes(subscriber, now: Clock.steadyMillisecond) }) else {
            throw Problem(429, "Too many requests", "too many agents join from \(address)", retryAfter: 5)
        }
        guard let port, request.token.utf8.count <= Self.tokenLimit else { throw Self.wrongToken }
        let secret = String(request.token.prefix { $0 != "." })
        guard let token = tokens.take(secret, now: Clock.steadySecond) else { throw Self.wrongToken }
        do {
            let name = try token.server ?? Self.name(of: request.name)
            let certificate = try await sign(request.certificateRequest, of: name) { made in
                { current in
                    [
                        .terminal(
                            name, try Self.record(name, request, from: address, token, in: current),
                            agent: AgentCertificates([made]))
                    ]
                }
            }
            return AgentJoinAnswer(
                server: name, certificate: certificate, authority: port.authority.certificate,
                port: port.number)
        } catch {
            tokens.restore(token, secret: secret)
            throw error
        }
    }

    private static let wrongToken = Problem(
        403, "Forbidden",
        "this token does not let an agent in: it was used, is older than a day, is from before this server's last start, or the account that made it may not do so any more; make a new one (roost server token)"
    )

    /// A host's name as the name of a terminal server.
    private static func name(of host: String) throws -> TerminalName {
        guard (1...nameLimit).contains(host.utf8.count) else {
            throw InvalidName(
                host.beginning(length: 64), rule: "a host name has 1 to \(nameLimit) characters")
        }
        return try TerminalName(host.lowercased().prefix { $0 != "." })
    }

    private static func record(
        _ name: TerminalName, _ request: AgentJoinRequest, from address: String, _ token: JoinTokens.Token,
        in snapshot: FleetSnapshot
    ) throws -> TerminalServer {
        if let maker = token.maker,
            !maker.may(.configure, in: token.group, by: snapshot.contents.access)
        {
            throw wrongToken
        }
        if let declared = snapshot.contents.terminals.servers[name] {
            // A token for any name must not take over the place of a server.
            guard token.server != nil else {
                throw StoreError.conflict(
                    "terminal server \(name) already exists: make a token for it (roost server token \(name))"
                )
            }
            // It may have been added or moved since by others, who did not give this leave.
            guard declared.group == token.group else {
                throw StoreError.conflict(
                    "terminal server \(name) is in another group than the token was made for: make a new one (roost server token \(name))"
                )
            }
            return declared
        }
        let ports = request.ports.isEmpty ? [.rdp: SessionProtocol.rdp.usualPort] : request.ports
        return TerminalServer(
            name: name, group: token.group, address: request.address ?? plain(address), ports: ports)
    }

    /// An IPv4 address without the form that IPv6 gives it (RFC 4291 §2.5.5.2).
    private static func plain(_ address: String) -> String {
        address.lowercased().hasPrefix("::ffff:") && address.contains(".")
            ? String(address.dropFirst(7)) : address
    }

    /// Signs an agent's request, and stores what it is known by from then on.
    private func sign(
        _ request: String, of name: TerminalName,
        _ edits: (AgentCertificates.One) -> @Sendable (FleetSnapshot) throws -> [FleetEdit]
    ) async throws -> String {
        guard let port, request.utf8.count <= Self.requestLimit,
            let made = port.authority.certificate(
                forRequest: request, of: name.text, now: Clock.second),
            let fingerprint = Self.fingerprint(of: made.pem)
        else {
            throw Problem(
                422, "Invalid request",
                "this is not a certificate signing request for a key on P-256, signed with that key")
        }
        let one = AgentCertificates.One(fingerprint: fingerprint, validUntil: made.validUntil)
        _ = try await fleet.change(
            by: "agent join", what: "the agent of terminal server \(name) got a certificate", edits(one))
        return made.pem
    }

    /// Signs an agent's next certificate. The one that it comes with counts until that has ended, however often it asks.
    ///
    /// - Parameter shown: the fingerprint of the one that it comes with.
    func renew(_ request: AgentRenewRequest, of name: TerminalName, showing shown: String) async throws
        -> AgentRenewAnswer
    {
        let revision = fleet.snapshot.revision
        let before = try await fleet.store.agentCertificates()[name] ?? AgentCertificates()
        guard before.all.contains(where: { $0.fingerprint == shown }) else {
            throw Problem(
                403, "Forbidden",
                "this agent is not known here any more: its server was removed, or its certificate revoked; join again (roost server token)"
            )
        }
        guard takesRenewal(of: name, now: Clock.steadySecond) else {
            throw Problem(
                429, "Too many requests",
                "at most \(Self.renewalLimit) certificates an hour: the agent has asked for more",
                retryAfter: Self.renewalPeriod)
        }
        let pem = try await sign(request.certificateRequest, of: name) { made in
            { current in
                guard let record = current.contents.terminals.servers[name] else {
                    throw StoreError.notFound(TerminalServer.missing(name))
                }
                // It may have been revoked since, and must not come back by this.
                guard current.revision == revision else {
                    throw StoreError.conflict("the configuration is being changed by others; try again")
                }
                return [.terminal(name, record, agent: before.adding(made, to: shown))]
            }
        }
        return AgentRenewAnswer(certificate: pem)
    }

    // MARK: Who comes

    /// This server has started: the agents that have joined come back.
    package func expectReturn() async throws {
        guard port != nil else { return }
        terminals.awaitAgents(try await fleet.store.agentCertificates().keys, at: Clock.steadyMillisecond)
    }

    /// The terminal server whose agent shows the certificate with this fingerprint; nil: it is not let in, or no longer.
    func name(ofFingerprint fingerprint: String) async throws -> TerminalName? {
        // Values that are kept beside records change with them.
        let revision = fleet.snapshot.revision
        var (isNew, found) = known.withLock { ($0.revision == revision, $0.agents[fingerprint]) }
        if !isNew {
            var agents: [String: (name: TerminalName, validUntil: Int)] = [:]
            for (name, certificates) in try await fleet.store.agentCertificates() {
                for one in certificates.all { agents[one.fingerprint] = (name, one.validUntil) }
            }
            known.withLock { [agents] in
                if ($0.revision ?? 0) <= revision { $0 = Known(revision: revision, agents: agents) }
            }
            found = agents[fingerprint]
        }
        // TLS looks at it only when a connection begins, and connections stay.
        guard let found, Clock.second < found.validUntil else { return nil }
        return found.name
    }

    /// Whether an agent may send a request now.
    func takesRequest(of name: TerminalName) -> Bool {
        requests.withLock { $0.takes(name.text, now: Clock.steadyMillisecond) }
    }

    /// Whether an agent may have its next certificate now.
    ///
    /// - Parameter now: seconds of a clock that is never set.
    func takesRenewal(of name: TerminalName, now: Int) -> Bool {
        renewals.withLock { renewals in
            let last = (renewals[name] ?? []).filter { now - $0 < Self.renewalPeriod }
            let takes = last.count < Self.renewalLimit
            renewals[name] = takes ? last + [now] : last
            return takes
        }
    }

    /// An agent brings back the last mark that it was told.
    ///
    /// - Returns: what is missing in the present state, once.
    func note(mark: String?) async throws -> LostRevisions? {
        guard let mark, let revision = marks?.revision(in: mark, beyond: fleet.snapshot.revision) else {
            return nil
        }
        return try await fleet.noteLater(revision)
    }

    // MARK: What they are told

    /// Of the present state.
    var mark: String? { marks?.mark(of: fleet.snapshot.revision) }

    func beginsListening(_ name: TerminalName) { listening.withLock { $0[name, default: 0] += 1 } }

    func endsListening(_ name: TerminalName) {
        listening.withLock { listening in
            let count = (listening[name] ?? 1) - 1
            listening[name] = count > 0 ? count : nil
        }
    }

    func isListening(_ name: TerminalName) -> Bool { listening.withLock { $0[name] != nil } }
}
