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

    /// The time between two batches of a kind: many small ones cost more than a large one.
    private static let pause = Duration.milliseconds(20)
    /// How long other kinds wait for stages of boots that were reported before them. Then they are written all the same.
    private static let patience = Duration.seconds(2)

    /// Calls `write` repeatedly with all waiting reports of a kind, in order, until cancelled. The progress of boots comes first: who is
    /// logged in, say, is written after the stages that were reported earlier.
    ///
    /// - Parameter write: called concurrently for different kinds, but one call at a time per kind; `dropped` is the number of reports of
    ///   the kind dropped since the last call.
    package func run(
        _ write: @escaping @Sendable (ReportKind, [NodeReport], _ dropped: Int) async -> Void
    ) async {
        let boots = queues[.boots]
        await withDiscardingTaskGroup { group in
            for (kind, queue) in queues {
                group.addTask {
                    await queue.drain(every: Self.pause) { batch, dropped in
                        if kind != .boots { await boots?.writeAll(within: Self.patience) }
                        await write(kind, batch, dropped)
                    }
                }
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
        /// Accepted reports so far, and how many of them are written.
        var (accepted, written) = (0, 0)
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
            state.accepted += 1
            state.byteCount += byteCount
        }
        signal.yield()
    }

    /// - Parameter pause: after a batch, before the next one.
    func drain(every pause: Duration, _ write: ([NodeReport], _ dropped: Int) async -> Void) async {
        for await _ in signals {
            let (batch, dropped) = state.withLock { state in
                defer {
                    (state.waiting, state.byteCount) = ([], 0)
                    state.toldDropped = state.dropped
                }
                return (state.waiting, state.dropped - state.toldDropped)
            }
            // A report that is larger than its queue is dropped without another one.
            guard !batch.isEmpty || dropped > 0 else { continue }
            await write(batch, dropped)
            state.withLock { $0.written += batch.count }
            try? await Task.sleep(for: pause)
        }
    }

    /// Returns when all reports that are there now are written, at the latest after `patience`.
    func writeAll(within patience: Duration) async {
        let wanted = state.withLock(\.accepted)
        let end = ContinuousClock.now + patience
        while state.withLock(\.written) < wanted, ContinuousClock.now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    var figures: ReportQueues.Figures {
        state.withLock { ReportQueues.Figures(waiting: $0.waiting.count, dropped: $0.dropped) }
    }
}
