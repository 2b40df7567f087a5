import Fleet
import Synchronization
import Wire

/// What nodes report, on its way from the loop to the database: whatever gathers while one batch is written is the next.
final class ReportQueue: Sendable {
    /// Beyond this, while the database is stuck, new reports are dropped.
    private static let (limit, byteLimit) = (100_000, 64 << 20)

    private struct State {
        var waiting: [NodeReport] = []
        var byteCount = 0
        var dropped = 0
    }

    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() { (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    /// Any thread may call it; it does not wait.
    func add(_ report: NodeReport) {
        state.withLock { state in
            let byteCount = report.byteCount
            guard state.waiting.count < Self.limit, state.byteCount + byteCount <= Self.byteLimit else {
                return state.dropped += 1
            }
            state.waiting.append(report)
            state.byteCount += byteCount
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

extension NodeReport {
    /// What it holds, about: text and bytes from a node.
    fileprivate var byteCount: Int {
        switch self {
        case .boot(let event): event.detail.utf8.count
        case .hardware(_, let json), .sessions(_, _, let json): json.count
        case .log(_, _, let message): message.text.utf8.count
        case .card, .registration, .volumeWanted, .refusal, .forgotten, .clock: 0
        }
    }
}
