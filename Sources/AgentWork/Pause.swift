import Synchronization

/// A pause of one task, which others can end early.
final class Pause: Sendable {
    private struct State {
        var sleep: Task<Void, Never>?
        var isEnded = false
    }

    private let state = Mutex(State())

    /// Waits until the time is over or ``end()`` is called; not at all where that was called since the last wait.
    func wait(_ duration: Duration) async throws {
        let sleep = Task { _ = try? await Task.sleep(for: duration) }
        let isEnded = state.withLock { state in
            state.sleep = sleep
            return state.isEnded
        }
        if isEnded { sleep.cancel() }
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        state.withLock { $0 = State() }
        try Task.checkCancellation()
    }

    func end() {
        state.withLock { state in
            state.isEnded = true
            state.sleep?.cancel()
        }
    }
}
