import API
import Fleet
import Foundation
import Wire

/// Does what schedules say, by the same acts that people use.
struct ScheduleWork: ScheduledWork {
    let services: CenterServices

    private var fleet: LiveFleet { services.fleet }

    func requireLeave(for schedule: Schedule) async throws { _ = try await acts(for: schedule) }

    /// The acts of the owner, who must still have the permission.
    private func acts(for schedule: Schedule) async throws -> Acts {
        let acts = Acts(services: services, caller: try await caller(for: schedule))
        try acts.require(schedule.act.permission, in: schedule.group)
        return acts
    }

    private func caller(for schedule: Schedule) async throws -> Caller {
        let proof = Caller.Proof.ofSchedule
        guard let owner = schedule.owner else {
            return Caller(name: "schedule \(schedule.name)", grants: [Grant(.admin)], proof: proof)
        }
        guard let person = fleet.snapshot.contents.access.administrators[owner] else {
            throw Problem(403, "Forbidden", "\(owner), for whom it runs, has no account any more")
        }
        guard !person.isDisabled else {
            throw Problem(403, "Forbidden", "the account of \(owner), for whom it runs, is disabled")
        }
        // As for tokens: a directory confirms its people only when they log in.
        let last = person.source == .local ? nil : try await fleet.store.lastLogIns()[owner]
        if let end = Gate.wordEnds(for: person, lastLogIn: last), end <= Clock.second {
            throw Problem(
                403, "Forbidden", "\(owner), for whom it runs, has not logged in for a long time")
        }
        return Caller(
            name: "\(owner) (schedule \(schedule.name))", grants: person.grants, proof: proof, account: owner)
    }

    // MARK: Targets

    func targets(of schedule: Schedule) async throws -> [String] {
        let acts = try await acts(for: schedule)
        switch schedule.act {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes):
            return try await acts.scheduledNodes(nodes, in: schedule.group).map(\.name.text)
        case .admit(_, let servers, _): return servers.map(\.text)
        case .set, .pool, .promote, .trial: return [schedule.act.object]
        }
    }

    func obstacles(of schedule: Schedule, among targets: [String]) async throws
        -> [String: (outcome: ScheduleRun.Outcome, detail: String)]
    {
        guard schedule.act.nodes != nil, schedule.act.kind != .wake else { return [:] }
        let (snapshot, heard) = (fleet.snapshot, await services.heard())
        let told = schedule.act.isForFreeNodes ? fleet.sessions : [:]
        var found: [String: (outcome: ScheduleRun.Outcome, detail: String)] = [:]
        for target in targets {
            guard let name = try? NodeName(target), let node = snapshot.nodes[name],
                schedule.group.contains(node.group)
            else { continue }
            let (state, boot) = fleet.presence(of: node, heard)
            guard let boot, boot.readyAfter != nil, state != .off, state != .lost else {
                found[target] = (.off, "it does not run")
                continue
            }
            let sessions = told[boot.macAddress].map { $0.boot == boot.boot ? $0.sessions.count : 0 } ?? 0
            if sessions > 0 { found[target] = (.inUse, "in use: \(counted(sessions, "session"))") }
        }
        return found
    }

    // MARK: Acts

    func act(_ schedule: Schedule, on target: String) async throws {
        let acts = try await acts(for: schedule)
        switch schedule.act {
        case .restart:
            try requirePlace(of: target, in: schedule)
            try await acts.restart(target)
        case .powerOff:
            try requirePlace(of: target, in: schedule)
            try await acts.powerOff(target)
        case .wake:
            try requirePlace(of: target, in: schedule)
            try await acts.wake(target)
        case .apply:
            try requirePlace(of: target, in: schedule)
            // One that has carried out all of them is as it should be.
            guard try await !acts.stepChanges(target).steps.isEmpty else { return }
            _ = try await acts.applySteps(target)
        case .admit(let admission, _, let restarts):
            let name = try TerminalName(target)
            if let server = fleet.snapshot.contents.terminals.servers[name],
                !schedule.group.contains(server.group)
            {
                throw StoreError.conflict("\(name) is not in \(schedule.group) any more")
            }
            _ = try await acts.admit(admission, to: name, restarts: restarts ? true : nil)
        case .set(let settings):
            try settings.requireNode(in: schedule.group, of: fleet.snapshot)
            let change = SettingsChange(target: settings.target, set: settings.set, unset: settings.unset)
            _ = try await acts.make(
                ChangeRequest(
                    edits: [ChangeRequest.Edit(settings: change)], summary: "schedule \(schedule.name)"))
        case .pool(let pool, let patch):
            _ = try fleet.snapshot.pool(pool, in: schedule.group)
            _ = try await acts.patchPool(pool, MergePatch(Data(patch.utf8)))
        case .promote(let image, let version, let channel):
            _ = try await acts.promote(version, of: image, to: channel)
        case .trial(let image, let version, let channel, let share, let terms):
            let wish = RolloutRequest(
                version: version, share: share, readyWithinSeconds: terms.readyWithin,
                trialSeconds: terms.trialSeconds, allowedFailures: terms.allowedFailures)
            _ = try await acts.startRollout(wish, of: image, to: channel)
        }
    }

    /// A node that has moved since the run began is not in the schedule's group any more.
    private func requirePlace(of target: String, in schedule: Schedule) throws {
        guard let node = fleet.snapshot.nodes[try NodeName(target)], schedule.group.contains(node.group)
        else {
            throw StoreError.notFound("there is no node \(target) in \(schedule.group) any more")
        }
    }
}

extension ScheduledSettings {
    /// Throws where they are of a node that is not in the schedule's group, or no longer.
    func requireNode(in group: GroupPath, of snapshot: FleetSnapshot) throws {
        guard case .node(let name) = SettingsTarget(target) else { return }
        guard let node = try? Acts.find(name, in: snapshot), group.contains(node.group) else {
            throw StoreError.notFound("there is no node \(name) in \(group)")
        }
    }
}

extension FleetSnapshot {
    /// The pool that a schedule changes, which must be in its group.
    func pool(_ name: PoolName, in group: GroupPath) throws -> TerminalPool {
        guard let pool = contents.terminals.pools[name], group.contains(pool.group) else {
            throw StoreError.notFound("there is no pool \(name) in \(group)")
        }
        return pool
    }
}
