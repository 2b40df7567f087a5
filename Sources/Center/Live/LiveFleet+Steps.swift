import API
package import Fleet
import Synchronization
import Wire

/// How the steps of nodes' configurations ended. The store has all of it; what failed in last boots is kept here.
extension LiveFleet {
    /// Machines whose failed steps are held.
    private static let failureLimit = 20_000

    /// Phases of machines' boots are over.
    package func note(_ results: [PhaseResults]) async throws {
        try await store.save(results)
        for phase in results {
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

    /// What failed in machines' last boots, by phase.
    var failedSteps: [MACAddress: [PhaseResults]] { state.withLock { $0.failedSteps } }
}
