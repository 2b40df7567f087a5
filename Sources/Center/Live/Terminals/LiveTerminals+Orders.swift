package import API
package import Fleet
import Synchronization

/// An order that came to no end.
package enum AgentOrderProblem: Error, Sendable, Equatable {
    /// Its agent does not listen.
    case notConnected(TerminalName)
    case noAnswer(TerminalName, seconds: Int)
    /// Its connection has ended since: it may have been carried out, and no one will tell.
    case gone(TerminalName)
    /// What the agent says.
    case refused(TerminalName, String)
    /// The person of a log-in is in none of the groups that were asked for.
    case foreigner(TerminalName)
}

/// What agents are to do.
extension LiveTerminals {
    /// The orders for an agent from now on, with those that it has not answered: one that was started anew knows nothing of them, and each is
    /// carried out once. A later call for the same agent ends the former one.
    package func orders(for name: TerminalName) -> AsyncStream<AgentOrder> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AgentOrder.self, bufferingPolicy: .bufferingOldest(1_000))
        let (number, former) = state.withLock { state in
            let number = state.nextListener
            state.nextListener += 1
            let listener = OrderListener(number: number, orders: continuation)
            for open in state.waiting.values where open.server == name && open.order.work.comesAgain {
                _ = continuation.yield(open.order)
            }
            return (number, state.listeners.updateValue(listener, forKey: name))
        }
        // One that has lost its connection does not count as connected until it is back.
        continuation.onTermination = { [weak self] _ in
            let isLost = self?.state.withLock { state in
                guard state.listeners[name]?.number == number else { return false }
                state.listeners[name] = nil
                return true
            }
            if isLost == true { Task { await self?.awaitReturn(of: name) } }
        }
        former?.orders.finish()
        return stream
    }

    /// Milliseconds in which an agent that was ended is started again, and listens.
    private static let returnTime = 3_000

    /// Orders fail whose agent does not come back.
    private func awaitReturn(of name: TerminalName) async {
        try? await Task.sleep(for: .milliseconds(Self.returnTime))
        failOrders(of: name, .gone(name)) { $0.listeners[name] == nil }
    }

    /// All that wait for an agent fail.
    func failOrders(
        of name: TerminalName, _ problem: AgentOrderProblem? = nil,
        if isSo: (inout State) -> Bool = { _ in true }
    ) {
        let lost = state.withLock { state -> [CheckedContinuation<AgentResult, any Error>] in
            guard isSo(&state) else { return [] }
            let lost = state.waiting.filter { $0.value.server == name }
            for id in lost.keys { state.waiting[id] = nil }
            return lost.values.map(\.continuation)
        }
        for result in lost { result.resume(throwing: problem ?? AgentOrderProblem.notConnected(name)) }
    }

    /// Has an agent do something, and waits for its result.
    package func order(_ work: AgentOrder.Work, on name: TerminalName, seconds: Int = 10) async throws
        -> AgentResult
    {
        let order = AgentOrder(id: Secrets.make(), work: work)
        let result = try await withCheckedThrowingContinuation { continuation in
            let listener = state.withLock { state in
                let listener = state.listeners[name]
                if listener != nil {
                    state.waiting[order.id] = WaitingOrder(
                        server: name, order: order, continuation: continuation)
                }
                return listener?.orders
            }
            guard let listener else {
                return continuation.resume(throwing: AgentOrderProblem.notConnected(name))
            }
            if case .enqueued = listener.yield(order) {
                Task {
                    try? await Task.sleep(for: .seconds(seconds))
                    self.fail(order.id, AgentOrderProblem.noAnswer(name, seconds: seconds))
                }
            } else {
                fail(order.id, AgentOrderProblem.notConnected(name))
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
        order?.continuation.resume(returning: result.bounded)
    }

    private func fail(_ id: String, _ problem: AgentOrderProblem) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume(throwing: problem)
    }
}

extension AgentOrder.Work {
    /// Whether an agent that may have carried it out before its own end can do so again.
    fileprivate var comesAgain: Bool {
        switch self {
        case .restart: false
        case .prepare, .forget, .message, .disconnect, .end, .removeAccount: true
        }
    }
}
