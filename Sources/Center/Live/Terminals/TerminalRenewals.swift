import API
import Fleet
import NetworkErrors
import Synchronization
import Wire

/// Empties terminal servers that are nodes when a roll-out has another version for them: they drain, their agents restart them without a
/// session, and they take log-ins again.
///
/// A node without an agent, or with one that is silent, gets its version at its next boot, as all nodes do.
package final class TerminalRenewals: Sendable {
    /// A roll-out that was seen, and what its channel points to when it succeeds.
    private struct Trial: Equatable {
        var id: Int
        var image: ImageName
        var channel: ChannelName
        var candidate: Int
    }

    private struct State {
        /// Roll-outs under way.
        var trials: [Trial] = []
        /// Roll-outs that succeeded: those who follow their channel boot the version one after the other.
        var succeeded: [Trial] = []
        /// Servers that drain because of one.
        var drained: Set<TerminalName> = []
        /// Roll-outs for which a server was drained: one that boots something else all the same is not restarted for ever.
        var attempts: [TerminalName: Int] = [:]
    }

    private let terminals: LiveTerminals
    private let state = Mutex(State())

    package init(of terminals: LiveTerminals) { self.terminals = terminals }

    /// Looks every few seconds, until cancelled.
    package func run(_ log: @escaping @Sendable (String) -> Void) async throws {
        while true {
            try await Task.sleep(for: .seconds(5))
            await look(at: Clock.steadyMillisecond, log)
        }
    }

    /// - Parameter time: milliseconds, by a clock that is never set.
    func look(at time: Int, _ log: @escaping @Sendable (String) -> Void = { _ in }) async {
        let snapshot = terminals.fleet.snapshot
        let all = snapshot.contents.terminals
        let records = all.servers.values.filter { $0.node != nil }
        guard !records.isEmpty else { return }
        let due = due(in: snapshot)
        let told = terminals.told(at: time)
        let (attempts, drained) = state.withLock { ($0.attempts, $0.drained) }
        let members = all.servers.values.map { record in
            TerminalRenewal.Member(
                record.name, admission: record.admission, isHeard: told.heard.contains(record.name),
                isDue: record.node.flatMap { due[$0] }.map {
                    attempts[record.name] != $0 || drained.contains(record.name)
                } ?? false)
        }
        let pools = all.pools.values.map { $0.servers(of: all).flatMap(\.self) }
        for name in TerminalRenewal(of: members, in: pools).draining {
            guard let node = all.servers[name]?.node, let id = due[node] else { continue }
            await drain(name, for: id, log)
        }
        let names = Set(members.filter(\.isDue).map(\.name))
        let over = state.withLock { state in
            let over = state.drained.subtracting(names)
            state.drained.formIntersection(names)
            return over
        }
        // One that was told to restart comes back by itself.
        for name in over.subtracting(told.restarting) { await reopen(name, log) }
    }

    // MARK: Which nodes

    /// The nodes that are to boot another version, with the number of the roll-out that wants it.
    private func due(in snapshot: FleetSnapshot) -> [NodeName: Int] {
        let present = snapshot.rollouts.values.map {
            Trial(id: $0.id, image: $0.image, channel: $0.channel, candidate: $0.candidate)
        }
        let succeeded = state.withLock { state in
            let ended = state.trials.filter { !present.contains($0) }
            state.trials = present
            state.succeeded = (state.succeeded + ended).filter {
                snapshot.images[$0.image]?.channels[$0.channel] == $0.candidate
            }
            return state.succeeded
        }
        var due: [NodeName: Int] = [:]
        for trial in succeeded {
            let waiting = followers(of: trial, in: snapshot)
            if waiting.isEmpty { state.withLock { $0.succeeded.removeAll { $0 == trial } } }
            for node in waiting { due[node] = trial.id }
        }
        for rollout in snapshot.rollouts.values where rollout.state == .running {
            for canary in rollout.canaries where canary.outcome == .waiting { due[canary.node] = rollout.id }
        }
        return due
    }

    /// Terminal servers that boot the version of its channel, and are still on another one.
    private func followers(of trial: Trial, in snapshot: FleetSnapshot) -> [NodeName] {
        guard let version = snapshot.images[trial.image]?.version(.number(trial.candidate)) else { return [] }
        let servers = Set(snapshot.contents.terminals.servers.values.compactMap(\.node))
        return snapshot.followers(of: trial.image, trial.channel).filter { node in
            guard servers.contains(node.name) else { return false }
            let last = snapshot.cards(of: node).compactMap { terminals.fleet.boot(of: $0) }
                .max { $0.startedAt < $1.startedAt }
            return last?.version != nil && last?.version != version.digest
        }.map(\.name)
    }

    // MARK: Changes

    private func drain(_ name: TerminalName, for id: Int, _ log: @Sendable (String) -> Void) async {
        await change(name, "drains, and restarts when it is empty", by: "roll-out \(id)", log) { server in
            guard server.admission == .open else { return false }
            (server.admission, server.restartsWhenEmpty) = (.draining, true)
            return true
        }
        state.withLock { state in
            state.drained.insert(name)
            state.attempts[name] = id
        }
    }

    /// The roll-out was stopped before its turn came.
    private func reopen(_ name: TerminalName, _ log: @Sendable (String) -> Void) async {
        state.withLock { $0.attempts[name] = nil }
        await change(name, "takes log-ins again", by: "roll-out", log) { server in
            guard server.admission == .draining, server.restartsWhenEmpty else { return false }
            (server.admission, server.restartsWhenEmpty) = (.open, false)
            return true
        }
    }

    private func change(
        _ name: TerminalName, _ what: String, by who: String, _ log: @Sendable (String) -> Void,
        _ act: @Sendable (inout TerminalServer) -> Bool
    ) async {
        do {
            let before = terminals.fleet.snapshot.revision
            let after = try await terminals.fleet.change(by: who, what: "terminal server \(name) \(what)") {
                current in
                guard var server = current.contents.terminals.servers[name], act(&server) else { return [] }
                return [.terminal(name, server)]
            }
            guard after.revision != before, let server = after.contents.terminals.servers[name] else {
                return
            }
            terminals.fleet.events.publish(
                ServerEvent(
                    kind: .rollout, node: server.node, group: server.group,
                    text: "terminal server \(name) \(what)"))
        } catch { log("terminal server \(name) does not change for \(who): \(ErrorText.of(error))") }
    }
}

extension LiveTerminals {
    /// The servers whose agents report, and those that were told to restart.
    fileprivate func told(at time: Int) -> (heard: Set<TerminalName>, restarting: Set<TerminalName>) {
        state.withLock { state in
            let heard = state.terminals.all.filter {
                $0.value.report != nil && time - $0.value.reportedAt <= Placement.silence
            }
            let restarting = state.terminals.all.filter { $0.value.restartedIn != nil }
            return (Set(heard.map(\.key)), Set(restarting.map(\.key)))
        }
    }
}
