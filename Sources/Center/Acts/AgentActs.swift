import API
import Fleet

/// The agents of terminal servers: tokens by which they join, and the end of their leave.
extension Acts {
    /// The agents that are known here, of servers that the caller may see.
    func agents() async throws -> [AgentAnswer] {
        try require(.read)
        let servers = fleet.snapshot.contents.terminals.servers
        return try await store.agentCertificates().sorted { $0.key < $1.key }.compactMap {
            name, certificates in
            guard let group = servers[name]?.group, may(.read, in: group), let last = certificates.all.last
            else { return nil }
            return AgentAnswer(
                server: name, certificate: last.fingerprint, validUntil: last.validUntil,
                isListening: services.agents.isListening(name))
        }
    }

    /// - Parameter server: as typed; empty: any.
    func makeAgentToken(server: String, in group: GroupPath) throws -> AgentTokenAnswer {
        try require(.configure, in: group)
        return try makeAgentToken(
            AgentTokenRequest(server: server.isEmpty ? nil : try TerminalName(server), group: group))
    }

    /// Makes a token for one agent: it may add a server in a group, or join one that is there.
    func makeAgentToken(_ wish: AgentTokenRequest) throws -> AgentTokenAnswer {
        try require(.configure, in: wish.group ?? .site)
        var wish = wish
        if let name = wish.server, let server = fleet.snapshot.contents.terminals.servers[name] {
            try require(.configure, in: server.group)
            wish.group = server.group
        }
        let group = wish.group ?? .site
        guard group == .site || fleet.snapshot.contents.groups[group] != nil else {
            throw StoreError.notFound(
                fleet.snapshot.contents.missing(.group(group)) { caller.sees($0) })
        }
        return try services.agents.makeToken(wish, by: maker())
    }

    /// An agent is not let in any more, at once. Its server stays, and may join again with a new token.
    func revokeAgent(of name: TerminalName) async throws {
        try require(.configure)
        _ = try await change(what: "the agent of terminal server \(name) is not let in any more") {
            [caller] current in
            guard let server = current.contents.terminals.servers[name],
                caller.allows(.configure, in: server.group)
            else { throw StoreError.notFound(TerminalServer.missing(name)) }
            return [.terminal(name, server, agent: AgentCertificates())]
        }
        services.terminals.endAgent(of: name)
    }
}
