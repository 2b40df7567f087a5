package import API
import Fleet
import Synchronization
import Wire

/// Hands events to everybody who listens. A listener that is too slow loses the oldest, and learns that it did.
package final class EventHub: Sendable {
    /// Events that wait for one listener.
    package static let bufferLimit = 256
    package static let listenerLimit = 5_000

    package struct Numbered: Sendable {
        /// Counts up by one; a gap is what was lost.
        package var number: Int
        /// Nil is a sign of life.
        package var event: ServerEvent?
    }

    private struct State {
        var next = 1
        var listeners: [Int: AsyncStream<Numbered>.Continuation] = [:]
        var nextListener = 1
    }

    private let state = Mutex(State())

    package init() {}

    package func publish(_ event: ServerEvent) {
        state.withLock { state in
            let numbered = Numbered(number: state.next, event: event)
            state.next += 1
            for listener in state.listeners.values { listener.yield(numbered) }
        }
    }

    /// Shows every listener that the server lives, and the server which of them do not; until cancelled.
    package func pulse() async throws {
        while true {
            try await Task.sleep(for: .seconds(20))
            state.withLock { state in
                for listener in state.listeners.values {
                    listener.yield(Numbered(number: state.next - 1, event: nil))
                }
            }
        }
    }

    package var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// Events from now on; nil when too many listen already. The listener is forgotten when its task ends.
    ///
    /// - Parameters:
    ///   - bufferLimit: events that wait for this listener; beyond, the oldest go.
    ///   - ended: called when it listens no more.
    package func listen(
        bufferLimit: Int = EventHub.bufferLimit, ended: @escaping @Sendable () -> Void = {}
    ) -> AsyncStream<Numbered>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Numbered.self, bufferingPolicy: .bufferingNewest(bufferLimit))
        let id: Int? = state.withLock { state in
            guard state.listeners.count < Self.listenerLimit else { return nil }
            let id = state.nextListener
            state.nextListener += 1
            state.listeners[id] = continuation
            return id
        }
        guard let id else { return nil }
        // The first words tell the browser at once that it is connected.
        continuation.yield(Numbered(number: 0, event: nil))
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
            ended()
        }
        return stream
    }
}
