import API
import Fleet
import Wire

/// Figures of the whole fleet, as far as the caller sees it.
extension Acts {
    /// Nodes and machines with something wrong that are listed.
    private static let troubleLimit = 50

    /// A machine whose last boot failed, or got stuck.
    private struct Failure {
        var name: NodeName
        var isKnown: Bool
        var boot: BootTimeline
    }

    func figures() async throws -> FiguresAnswer {
        try require(.read)
        let (snapshot, now) = (fleet.snapshot, Clock.millisecond)
        let live = await facts(in: snapshot, addressesOf: [])
        var states = Dictionary(uniqueKeysWithValues: MachineState.allCases.map { ($0, 0) })
        var (troubles, failures) = ([FiguresAnswer.Trouble](), [Failure]())
        var isFull: Bool { troubles.count + failures.count >= Self.troubleLimit }
        let (failedSteps, refusedTPMs) = (fleet.failedSteps, fleet.refusedTPMs)
        var boots: [BootTimeline] = []
        boots.reserveCapacity(live.boots.count)
        for node in snapshot.nodes.values where caller.sees(node.group) {
            let boot = live.boot(of: node, in: snapshot)
            let state = MachineState(boot, now: now)
            states[state, default: 0] += 1
            if let boot { boots.append(boot) }
            if isFull { continue }
            if let held = snapshot.trouble(holding: node) {
                if boot != nil { troubles.append(Self.trouble(of: node, held)) }
            } else if let lack = live.versions(of: node, in: snapshot).lack {
                troubles.append(Self.trouble(of: node, lack: lack))
            } else if let boot, state == .failed || state == .stuck {
                failures.append(Failure(name: node.name, isKnown: true, boot: boot))
            }
            if let boot, let alarm = refusedTPMs[boot.macAddress] {
                troubles += Self.trouble(of: node, alarm, in: boot)
            }
            if let boot, let failed = failedSteps[boot.macAddress] {
                troubles += Self.trouble(of: node, failed, in: boot)
            }
        }
        var unknownCount = 0
        for (mac, boot) in live.boots where !snapshot.knows(mac) {
            unknownCount += 1
            boots.append(boot)
            if !isFull, MachineState(boot, now: now) == .failed {
                failures.append(Failure(name: NodeName(unknown: mac), isKnown: false, boot: boot))
            }
        }
        troubles += await self.troubles(of: failures, now: now)
        troubles += logInTroubles().prefix(max(0, Self.troubleLimit - troubles.count))
        let figures = BootFigures(boots)
        return FiguresAnswer(
            states: states, unknownCount: unknownCount, bootCount: figures.count, median: figures.median,
            percentile95: figures.percentile95, stages: figures.stages,
            minutes: Self.minutes(of: boots, now: now),
            troubles: troubles.sorted { $0.machine < $1.machine }, limited: await limited())
    }

    /// Peers over their limit, on the whole site.
    func limited() async -> [LimitLedger.Line] {
        caller.allows(.read, in: .site) ? Array(await services.limited().current.prefix(50)) : []
    }

    /// Log-ins of the last minutes that failed at nodes, because of their settings or a server.
    private func logInTroubles() -> [FiguresAnswer.Trouble] {
        services.logIns.failures().filter { caller.sees($0.group) }.map { failure in
            FiguresAnswer.Trouble(
                machine: failure.node, isKnown: true, text: "a log-in failed: \(failure.reason)",
                fix: failure.pool.map {
                    "‘roost place --node \(failure.node) --pool \($0) --explain’ shows the servers"
                }
                    ?? "‘roost get \(failure.node)’ shows the settings pool, log-in and log-in-account")
        }
    }

    private static func minutes(of boots: [BootTimeline], now: Int) -> [FiguresAnswer.Minute] {
        let first = now / 60_000 - 59
        var minutes = (0..<60).map { FiguresAnswer.Minute(at: (first + $0) * 60_000, started: 0, ready: 0) }
        for boot in boots {
            let started = boot.startedAt / 60_000 - first
            if minutes.indices.contains(started) { minutes[started].started += 1 }
            guard let after = boot.readyAfter else { continue }
            let ready = (boot.startedAt + after) / 60_000 - first
            if minutes.indices.contains(ready) { minutes[ready].ready += 1 }
        }
        return minutes
    }

    private static func trouble(of node: Node, _ held: BootTrouble) -> FiguresAnswer.Trouble {
        FiguresAnswer.Trouble(
            machine: node.name, isKnown: true, text: held.summary,
            fix: "when the cause is fixed: ‘roost node release’, or the button on its page")
    }

    private static func trouble(of node: Node, lack: String) -> FiguresAnswer.Trouble {
        FiguresAnswer.Trouble(
            machine: node.name, isKnown: true, text: "has nothing to boot next: \(lack)",
            fix: "‘roost node explain \(node.name)’ shows how that was chosen")
    }

    /// Nothing when an earlier boot was refused.
    private static func trouble(of node: Node, _ alarm: NodeAlarm, in boot: BootTimeline)
        -> [FiguresAnswer.Trouble]
    {
        guard alarm.at >= boot.startedAt / 1_000 else { return [] }
        return [
            FiguresAnswer.Trouble(
                machine: node.name, isKnown: true, text: alarm.summary,
                fix: alarm.tpm.map {
                    "if that is its new board: ‘roost node tpm \(node.name) --accept \($0.short)’, or the button on its page"
                } ?? "if that is right: ‘roost node tpm \(node.name) --forget’, and the setting tpm")
        ]
    }

    /// Nothing when the steps are those of an earlier boot.
    private static func trouble(of node: Node, _ failed: [PhaseResults], in boot: BootTimeline)
        -> [FiguresAnswer.Trouble]
    {
        let failures = failed.filter { $0.boot == boot.boot }.flatMap(\.failures)
        guard let first = failures.first else { return [] }
        let more = failures.count > 1 ? ", and \(failures.count - 1) more" : ""
        return [
            FiguresAnswer.Trouble(
                machine: node.name, isKnown: true, text: first.sentence + more,
                fix: "its page and ‘roost node steps’ show what it printed and which setting it comes from")
        ]
    }

    private func troubles(of failures: [Failure], now: Int) async -> [FiguresAnswer.Trouble] {
        if failures.isEmpty { return [] }
        let leased = await services.addresses(of: Set(failures.map(\.boot.macAddress)))
        let activity = await services.rootActivity()
        return failures.map { failure in
            let root = leased[failure.boot.macAddress].flatMap { activity[$0] }
            let last = failure.boot.entries.last
            let seconds = (now - (last?.at ?? now)) / 1_000
            let stage = last?.stage ?? .dhcp
            return FiguresAnswer.Trouble(
                machine: failure.name, isKnown: failure.isKnown,
                text: stage == .failed
                    ? "failed: \(last?.detail ?? "")"
                    : "stuck after \(stage.rawValue) for \(seconds) s" + stage.stuckDetail(root),
                fix: stage.usualFix)
        }
    }
}
