package import Fleet
import Synchronization

/// Reports of nodes between the event loop and the fleet: one queue per kind, so that a slow kind does not hold up the others.
package final class ReportQueues: Sendable {
    package struct Figures: Equatable, Sendable {
        /// Reports waiting now.
        package var waiting = 0
        /// Reports dropped since the server started, because the queue was full.
        package var dropped = 0
    }

    private let queues: [ReportKind: ReportQueue]

    /// - Parameter limit: for each kind, the maximum number of waiting reports, and of their bytes.
    package init(limit: (ReportKind) -> (count: Int, byteCount: Int) = \.limit) {
        queues = Dictionary(
            uniqueKeysWithValues: ReportKind.allCases.map { ($0, ReportQueue(limit: limit($0))) })
    }

    /// Callable from any thread; does not wait.
    package func add(_ report: NodeReport) { queues[report.kind]?.add(report) }

    /// Calls `write` repeatedly with all waiting reports of a kind, in order, until cancelled.
    ///
    /// - Parameter write: called concurrently for different kinds, but one call at a time per kind; `dropped` is the number of reports of
    ///   the kind dropped since the last call.
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

/// The reports of one kind: reports that arrive while a batch is written form the next batch.
private final class ReportQueue: Sendable {
    private struct State {
        var waiting: [NodeReport] = []
        var byteCount = 0
        var dropped = 0
        /// The number that was last passed on.
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
                state.dropped += 1
                return
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
            // A report that is larger than its queue is dropped without another one.
            if !batch.isEmpty || dropped > 0 { await write(batch, dropped) }
        }
    }

    var figures: ReportQueues.Figures {
        state.withLock { ReportQueues.Figures(waiting: $0.waiting.count, dropped: $0.dropped) }
    }
}
