package import API
package import Fleet
import Synchronization

/// An order that came to no end.
package enum AgentOrderProblem: Error, Sendable, Equatable {
    /// Its agent does not listen.
    case notConnected(TerminalName)
    case noAnswer(TerminalName, seconds: Int)
    /// What the agent says.
    case refused(TerminalName, String)
    /// The person of a log-in is in none of the groups that were asked for.
    case foreigner(TerminalName)
}

/// What agents are to do.
extension LiveTerminals {
    /// The orders for an agent from now on. A later call for the same agent ends the former one.
    package func orders(for name: TerminalName) -> AsyncStream<AgentOrder> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AgentOrder.self, bufferingPolicy: .bufferingOldest(1_000))
        let (number, former) = state.withLock { state in
            let number = state.nextListener
            state.nextListener += 1
            let listener = OrderListener(number: number, orders: continuation)
            return (number, state.listeners.updateValue(listener, forKey: name))
        }
        // One that has lost its connection does not count as connected until it is back.
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                if state.listeners[name]?.number == number { state.listeners[name] = nil }
            }
        }
        former?.orders.finish()
        return stream
    }

    /// Has an agent do something, and waits for its result.
    package func order(_ work: AgentOrder.Work, on name: TerminalName, seconds: Int = 10) async throws
        -> AgentResult
    {
        let id = Secrets.make()
        let result = try await withCheckedThrowingContinuation { continuation in
            let listener = state.withLock { state in
                let listener = state.listeners[name]
                if listener != nil {
                    state.waiting[id] = WaitingOrder(server: name, continuation: continuation)
                }
                return listener?.orders
            }
            guard let listener else {
                return continuation.resume(throwing: AgentOrderProblem.notConnected(name))
            }
            if case .enqueued = listener.yield(AgentOrder(id: id, work: work)) {
                Task {
                    try? await Task.sleep(for: .seconds(seconds))
                    self.fail(id, AgentOrderProblem.noAnswer(name, seconds: seconds))
                }
            } else {
                fail(id, AgentOrderProblem.notConnected(name))
            }
        }
        if result.lacksGroup == true { throw AgentOrderProblem.foreigner(name) }
        guard result.problem.isEmpty else { throw AgentOrderProblem.refused(name, result.problem) }
        return result
    }

    /// The agent of a server tells how an order ended; of an order to another one it knows nothing.
    package func take(_ result: AgentResult, from name: TerminalName) {
        let order: WaitingOrder? = state.withLock { state in
            guard state.waiting[result.order]?.server == name else { return nil }
            return state.waiting.removeValue(forKey: result.order)
        }
        order?.continuation.resume(returning: result)
    }

    private func fail(_ id: String, _ problem: AgentOrderProblem) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume(throwing: problem)
    }
}
