package import Fleet
import Synchronization

/// Agents that were there before this server's start, and have some seconds to come back.
///
/// Before they have, it is not known who has a session where: people would get a second one, or none.
struct AwaitedAgents: Sendable {
    var names: Set<TerminalName> = []
    /// Milliseconds, by a clock that is never set.
    var endsAt = 0
}

extension LiveTerminals {
    /// Milliseconds for which agents are awaited: their longest pause between reports while they are not answered, and some more.
    static let returnPatience = 12_000

    /// This server has started.
    ///
    /// - Parameters:
    ///   - names: terminal servers whose agents have joined.
    ///   - time: milliseconds, by a clock that is never set.
    package func awaitAgents(_ names: some Sequence<TerminalName>, at time: Int) {
        awaited.withLock { $0 = AwaitedAgents(names: Set(names), endsAt: time + Self.returnPatience) }
    }

    /// Those that have not both reported and asked for orders yet.
    func awaitedAgents(at time: Int) -> Set<TerminalName> {
        let expected = awaited.withLock { awaited -> Set<TerminalName> in
            if time >= awaited.endsAt { awaited.names = [] }
            return awaited.names
        }
        if expected.isEmpty { return [] }
        let left = expected.intersection(fleet.snapshot.contents.terminals.servers.keys)
        let missing = state.withLock { state in
            left.filter { state.terminals[$0]?.report == nil || state.listeners[$0] == nil }
        }
        // Each is awaited once.
        awaited.withLock { $0.names.formIntersection(missing) }
        return missing
    }
}

extension LogIns {
    /// Milliseconds that are left for placing and preparing.
    private static let reserve = 7_000

    /// Waits until the agents are back after this server's start, or their time is over.
    func waitForAgents(until deadline: Int) async throws(LogInRefusal) {
        while !terminals.awaitedAgents(at: now()).isEmpty, now() < deadline - Self.reserve {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { throw .tookTooLong }
        }
    }
}
