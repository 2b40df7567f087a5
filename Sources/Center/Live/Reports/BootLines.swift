import Fleet
import Linux
import Synchronization

/// The lines of boots in the server's log: all those of nodes, and a limited number of those of other machines, since machines are easily
/// faked.
final class BootLines: Sendable {
    private struct State {
        /// Enough for a room that is switched on for the first time.
        var others = PeerRates(perSecond: 10, burst: 2_000)
        var leftOut = 0
    }

    private let state = Mutex(State())

    /// - Parameter now: milliseconds of a monotonic clock.
    /// - Returns: nothing when the limit is reached.
    func of(_ event: BootEvent, isNode: Bool, now: Int = SystemClock.boot) -> [String] {
        let detail = event.detail.isEmpty ? "" : ": \(event.detail)"
        let line = "boot: \(event.macAddress) \(event.stage.rawValue)\(detail)"
        guard !isNode else { return [line] }
        return state.withLock { state in
            guard state.others.takes("others", now: now) else {
                state.leftOut += 1
                return []
            }
            defer { state.leftOut = 0 }
            return
                (state.leftOut > 0
                ? ["boot: \(state.leftOut) lines of machines that are not nodes were left out"] : []) + [line]
        }
    }
}
