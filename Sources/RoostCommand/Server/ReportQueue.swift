import Fleet
import Synchronization

/// What nodes report, on its way from the loop to the database: whatever gathers while one batch is written is the next.
final class ReportQueue: Sendable {
    /// Beyond this, while the database is stuck, new reports are dropped.
    private static let limit = 100_000

    private struct State {
        var waiting: [NodeReport] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() { (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    /// Any thread may call it; it does not wait.
    func add(_ report: NodeReport) {
        state.withLock { state in
            if state.waiting.count < Self.limit { state.waiting.append(report) } else { state.dropped += 1 }
        }
        signal.yield()
    }

    /// Calls `write` with all that waits, in the order in which it came, again and again.
    func drain(_ write: ([NodeReport], _ dropped: Int) async -> Void) async {
        for await _ in signals {
            let batch = state.withLock { state in
                let batch = state
                state = State()
                return batch
            }
            if !batch.waiting.isEmpty { await write(batch.waiting, batch.dropped) }
        }
    }
}
