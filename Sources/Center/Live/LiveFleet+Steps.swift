import API
package import Fleet
import Synchronization
import Wire

/// How the steps of nodes' configurations ended. The store has all of it; what failed in last boots is kept here.
extension LiveFleet {
    /// Machines whose failed steps are held.
    private static let failureLimit = 20_000
    /// Names of steps of one machine.
    private static let reportLimit = 1_000

    /// Phases of machines' boots are over.
    package func note(_ results: [PhaseResults]) async throws {
        try await store.save(results)
        for phase in results {
            if phase.isAddition { noteReport(phase) }
            let isNews = state.withLock { state in
                // What an earlier boot says late is in the store only.
                if let boot = state.boots[phase.machine]?.boot, boot != phase.boot { return false }
                let earlier = state.failedSteps[phase.machine]?.first {
                    $0.boot == phase.boot && $0.phase == phase.phase
                }
                let whole = phase.added(to: earlier?.results ?? [])
                var known = (state.failedSteps[phase.machine] ?? []).filter {
                    $0.boot == phase.boot && $0.phase != phase.phase
                }
                if !whole.failures.isEmpty { known.append(whole) }
                let isKept =
                    state.failedSteps[phase.machine] != nil || state.failedSteps.count < Self.failureLimit
                state.failedSteps[phase.machine] = known.isEmpty || !isKept ? nil : known
                return !phase.failures.isEmpty
            }
            guard isNews, let first = phase.failures.first,
                let node = snapshot.node(at: phase.machine)
            else { continue }
            let more = phase.failures.count > 1 ? ", and \(phase.failures.count - 1) more" : ""
            events.publish(
                ServerEvent(
                    kind: .step, node: node.name, group: node.group, machine: phase.machine,
                    text: first.sentence + more))
        }
    }

    private func noteReport(_ phase: PhaseResults) {
        let now = Clock.millisecond
        state.withLock { state in
            guard state.stepReports[phase.machine] != nil || state.stepReports.count < Self.failureLimit
            else { return }
            var told = state.stepReports[phase.machine] ?? [:]
            if told.count > Self.reportLimit { told = [:] }
            // Two in one millisecond, or with the clock set back between them, are two.
            for result in phase.results { told[result.name] = max(now, (told[result.name] ?? 0) + 1) }
            state.stepReports[phase.machine] = told
        }
    }

    /// When a running machine last told how steps ended that it was asked to carry out, by their names: milliseconds since 1970, a later
    /// report always with more. Nil: not since this server's start.
    func stepReports(of machine: MACAddress) -> [String: Int] {
        state.withLock { $0.stepReports[machine] ?? [:] }
    }

    /// What failed in machines' last boots, by phase.
    var failedSteps: [MACAddress: [PhaseResults]] { state.withLock { $0.failedSteps } }
}
