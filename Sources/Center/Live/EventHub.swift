package import API
import Fleet
import Synchronization
import Wire

/// Sends events to all listeners. A slow listener loses the oldest events, and is told so.
package final class EventHub: Sendable {
    /// Buffered events per listener.
    package static let bufferLimit = 256
    package static let listenerLimit = 5_000

    package struct Numbered: Sendable {
        /// Increases by one; a gap means lost events.
        package var number: Int
        /// Nil: a keep-alive.
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

    /// Sends keep-alives to every listener and drops the dead ones, until cancelled.
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

    /// Events from now on; nil when there are too many listeners. A listener ends with its task.
    ///
    /// - Parameters:
    ///   - bufferLimit: buffered events for this listener; beyond that, the oldest are dropped.
    ///   - ended: called when it stops listening.
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
        // The first bytes tell the browser at once that it is connected.
        continuation.yield(Numbered(number: 0, event: nil))
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
            ended()
        }
        return stream
    }
}
