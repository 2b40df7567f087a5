package import Fleet
import Synchronization

/// What nodes report, on its way from the loop to the fleet: a queue for each kind, so that a slow one does not hold the others.
package final class ReportQueues: Sendable {
    package struct Figures: Equatable, Sendable {
        /// Reports that wait now.
        package var waiting = 0
        /// Those that found no room since the server started.
        package var dropped = 0
    }

    private let queues: [ReportKind: ReportQueue]

    /// - Parameter limit: for each kind, how many reports wait at most, and the bytes that they may hold.
    package init(limit: (ReportKind) -> (count: Int, byteCount: Int) = \.limit) {
        queues = Dictionary(
            uniqueKeysWithValues: ReportKind.allCases.map { ($0, ReportQueue(limit: limit($0))) })
    }

    /// Any thread may call it; it does not wait.
    package func add(_ report: NodeReport) { queues[report.kind]?.add(report) }

    /// Calls `write` with all that waits of a kind, in the order in which it came, again and again; until cancelled.
    ///
    /// - Parameter write: is called for several kinds at the same time, and for one kind after the other; `dropped` is how many reports
    ///   of the kind found no room since the last time.
    package func run(
        _ write: @escaping @Sendable (ReportKind, [NodeReport], _ dropped: Int) async -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            for (kind, queue) in queues {
                group.addTask { await queue.drain { await write(kind, $0, $1) } }
            }
        }
    }

    package var figures: [ReportKind: Figures] { queues.mapValues(\.figures) }
}

/// The reports of one kind: whatever gathers while one batch is written is the next.
private final class ReportQueue: Sendable {
    private struct State {
        var waiting: [NodeReport] = []
        var byteCount = 0
        var dropped = 0
        /// Of those, the ones that the last batch told of.
        var toldDropped = 0
    }

    private let limit: (count: Int, byteCount: Int)
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(limit: (count: Int, byteCount: Int)) {
        self.limit = limit
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ report: NodeReport) {
        let byteCount = report.byteCount
        state.withLock { state in
            guard state.waiting.count < limit.count, state.byteCount + byteCount <= limit.byteCount else {
                return state.dropped += 1
            }
            state.waiting.append(report)
            state.byteCount += byteCount
        }
        signal.yield()
    }

    func drain(_ write: ([NodeReport], _ dropped: Int) async -> Void) async {
        for await _ in signals {
            let (batch, dropped) = state.withLock { state in
                defer {
                    (state.waiting, state.byteCount) = ([], 0)
                    state.toldDropped = state.dropped
                }
                return (state.waiting, state.dropped - state.toldDropped)
            }
            if !batch.isEmpty { await write(batch, dropped) }
        }
    }

    var figures: ReportQueues.Figures {
        state.withLock { ReportQueues.Figures(waiting: $0.waiting.count, dropped: $0.dropped) }
    }
}
