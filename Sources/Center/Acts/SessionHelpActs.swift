import API
import Fleet

/// What is done with several sessions of terminal servers at once. Each asks for the same permission as alone.
extension Acts {
    enum SessionHelp: Equatable, Sendable {
        case message(String)
        case disconnect, end
    }

    /// A session, by its server and its number there.
    struct SessionPick: Hashable, Sendable {
        var server: TerminalName
        var id: String
    }

    /// With which of them it was not done, and why.
    struct HelpFailure: Sendable, Equatable {
        var pick: SessionPick
        var why: Sentence
    }

    /// Those of these sessions that are still there, for those who may intervene in each of them.
    func pickedSessions(_ picked: [SessionPick]) async throws -> [TerminalSessionAnswer] {
        try requireHelping(with: picked)
        let wanted = Set(picked)
        var found: [TerminalSessionAnswer] = []
        for server in Set(picked.map(\.server)).sorted() {
            found += try await terminalSessions(on: server).filter {
                wanted.contains(SessionPick(server: server, id: $0.id))
            }
        }
        return found
    }

    /// Does it with one after the other on each server, and on all servers at the same time. Once a server does not answer, it is asked no
    /// more.
    func help(_ picked: [SessionPick], by help: SessionHelp) async throws -> [HelpFailure] {
        try requireHelping(with: picked)
        let servers = Dictionary(grouping: Set(picked), by: \.server)
        let failures = try await withThrowingTaskGroup(
            of: [HelpFailure].self, returning: [HelpFailure].self
        ) { group in
            for picks in servers.values {
                group.addTask { try await helpOnOne(picks.sorted { $0.id < $1.id }, by: help) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return failures.sorted { ($0.pick.server, $0.pick.id) < ($1.pick.server, $1.pick.id) }
    }

    private func helpOnOne(_ picks: [SessionPick], by help: SessionHelp) async throws -> [HelpFailure] {
        var failures: [HelpFailure] = []
        var silence: Sentence?
        for pick in picks {
            if let silence {
                failures.append(HelpFailure(pick: pick, why: silence))
                continue
            }
            do {
                switch help {
                case .message(let text): try await message(text, to: pick.id, on: pick.server)
                case .disconnect: try await disconnect(pick.id, on: pick.server)
                case .end: try await end(pick.id, on: pick.server)
                }
            } catch let problem as Problem where problem.status >= 500 {
                silence = problem.sentence
                failures.append(HelpFailure(pick: pick, why: problem.sentence))
            } catch StoreError.notFound(let text) {
                // It has ended by itself meanwhile: nothing is left to disconnect or to end.
                if case .message = help { failures.append(HelpFailure(pick: pick, why: text)) }
            }
        }
        return failures
    }

    private func requireHelping(with picked: [SessionPick]) throws {
        try require(.enrol)
        for server in Set(picked.map(\.server)) { try requireHelping(on: server) }
    }
}
