package import API
import Fleet
import Synchronization
import Wire

/// Sends events to all listeners. A slow listener loses the oldest events, and is told so.
package final class EventHub: Sendable {
    /// Buffered events per listener.
    package static let bufferLimit = 256
    /// Listeners from outside: all of them, and those of one account or one link. The server's own always find room.
    package static let (listenerLimit, shareLimit) = (5_000, 1_250)

    package struct Numbered: Sendable {
        /// Increases by one; a gap means lost events.
        package var number: Int
        /// Nil: a keep-alive.
        package var event: ServerEvent?
    }

    /// Why there is no room for another listener.
    package enum Refusal: Error { case all, share }

    private struct State {
        var next = 1
        var listeners: [Int: AsyncStream<Numbered>.Continuation] = [:]
        var nextListener = 1
        /// Listeners from outside, by whom they are, and all of them.
        var shares: [String: Int] = [:]
        var guestCount = 0

        mutating func add(_ listener: AsyncStream<Numbered>.Continuation) -> Int {
            defer { nextListener += 1 }
            listeners[nextListener] = listener
            return nextListener
        }

        mutating func takeShare(of guest: String) throws(Refusal) {
            guard guestCount < EventHub.listenerLimit else { throw .all }
            guard shares[guest, default: 0] < EventHub.shareLimit else { throw .share }
            shares[guest, default: 0] += 1
            guestCount += 1
        }

        mutating func releaseShare(of guest: String) {
            let count = (shares[guest] ?? 1) - 1
            shares[guest] = count > 0 ? count : nil
            guestCount -= 1
        }
    }

    private let state = Mutex(State())
    private let turn = Mutex(())

    package init() {}

    package func publish(_ event: ServerEvent) {
        tell { state in
            defer { state.next += 1 }
            return Numbered(number: state.next, event: event)
        }
    }

    /// Sends keep-alives to every listener and drops the dead ones, until cancelled.
    package func pulse() async throws {
        while true {
            try await Task.sleep(for: .seconds(20))
            tell { Numbered(number: $0.next - 1, event: nil) }
        }
    }

    /// One after the other, so that numbers come in order, and without the lock of the state: what resumes a listener's task waits while that
    /// is being cancelled, and its cancellation takes that lock.
    private func tell(_ make: (inout State) -> Numbered) {
        turn.withLock { _ in
            let (numbered, listeners) = state.withLock { state in
                (make(&state), Array(state.listeners.values))
            }
            for listener in listeners { listener.yield(numbered) }
        }
    }

    /// Whether anyone from outside listens.
    package var hasGuests: Bool { state.withLock { $0.guestCount > 0 } }

    package var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// Events from now on, for a part of the server. A listener ends with its task.
    ///
    /// - Parameter bufferLimit: buffered events for this listener; beyond that, the oldest are dropped.
    package func listen(bufferLimit: Int = EventHub.bufferLimit) -> AsyncStream<Numbered> {
        let (stream, continuation) = Self.makeStream(bufferLimit)
        let id = state.withLock { $0.add(continuation) }
        begin(continuation, id) {}
        return stream
    }

    /// Events from now on, for a listener from outside.
    ///
    /// - Parameters:
    ///   - guest: the account or the link that it has them by.
    ///   - ended: called when it stops listening.
    package func listen(
        as guest: String, bufferLimit: Int = EventHub.bufferLimit, ended: @escaping @Sendable () -> Void = {}
    ) throws(Refusal) -> AsyncStream<Numbered> {
        let (stream, continuation) = Self.makeStream(bufferLimit)
        let id = try state.withLock { state throws(Refusal) in
            try state.takeShare(of: guest)
            return state.add(continuation)
        }
        begin(continuation, id) { [weak self] in
            self?.state.withLock { $0.releaseShare(of: guest) }
            ended()
        }
        return stream
    }

    private static func makeStream(_ bufferLimit: Int) -> (
        AsyncStream<Numbered>, AsyncStream<Numbered>.Continuation
    ) { AsyncStream.makeStream(of: Numbered.self, bufferingPolicy: .bufferingNewest(bufferLimit)) }

    private func begin(
        _ continuation: AsyncStream<Numbered>.Continuation, _ id: Int, ended: @escaping @Sendable () -> Void
    ) {
        // The first bytes tell the browser at once that it is connected.
        continuation.yield(Numbered(number: 0, event: nil))
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
            ended()
        }
    }
}
