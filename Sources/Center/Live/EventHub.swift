package import Fleet
import Synchronization
package import Wire

/// Something that happened, for those who watch.
package struct ServerEvent: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A machine reached a stage of its boot.
        case boot
        /// The configuration has a new revision.
        case configuration
        /// A machine told what it is made of.
        case hardware
        /// The same network card in another machine.
        case drift
        /// Another machine has asked for what is a node's own.
        case alarm
        /// A machine logged something.
        case log
        /// A machine's kernel came to its end.
        case crash
        /// An image is built on the server's host.
        case build
        /// A roll-out began, went on or ended, or a node was held.
        case rollout
        /// Somebody logged in or out.
        case session
        /// The server's clock was set.
        case clock
    }

    package var kind: Kind
    package var node: NodeName?
    package var group: GroupPath?
    package var machine: MACAddress?
    @MachineText package var text: String

    package init(
        kind: Kind, node: NodeName? = nil, group: GroupPath? = nil, machine: MACAddress? = nil, text: String
    ) {
        self.kind = kind
        self.node = node
        self.group = group
        self.machine = machine
        self.text = text
    }
}

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
    /// - Parameter bufferLimit: events that wait for this listener; beyond, the oldest go.
    package func listen(bufferLimit: Int = EventHub.bufferLimit) -> AsyncStream<Numbered>? {
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
        }
        return stream
    }
}
