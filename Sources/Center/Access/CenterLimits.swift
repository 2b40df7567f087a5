package import Fleet
import Synchronization
import Wire

/// What one address may have of the control center, and who wanted more. Every thread asks it.
package final class CenterLimits: Sendable {
    /// Connections of one address: a browser has six, and one for events in each window.
    static let connectionLimit = 128
    static let (requestsPerSecond, requestBurst) = (200, 1_000)

    private struct State {
        var connections: PeerCount<String>
        var requests = PeerRates(
            perSecond: CenterLimits.requestsPerSecond, burst: CenterLimits.requestBurst)
        var ledger = LimitLedger()
        var allowances: PeerAllowances
    }

    typealias Place = PeerCount<String>.Place

    private let state: Mutex<State>
    private let log: @Sendable (String) -> Void

    /// - Parameter allConnections: of all addresses together, for which descriptors are set aside.
    package init(
        allConnections: Int = 8_000, allowances: PeerAllowances = PeerAllowances(),
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        state = Mutex(State(connections: PeerCount(limit: allConnections), allowances: allowances))
        self.log = log
    }

    /// Another configuration.
    package func use(_ allowances: PeerAllowances) { state.withLock { $0.allowances = allowances } }

    /// A connection's place; nil when it has to be closed, which is noted.
    ///
    /// - Parameter isProxied: a trusted proxy speaks for everybody: only what all have together is limited.
    func takeConnection(from address: String, isProxied: Bool, now: Int = Clock.steadyMillisecond) -> Place? {
        let (place, line): (Place?, String?) = state.withLock { state in
            let most = isProxied ? Int.max : Self.connectionLimit * Self.times(address, state.allowances)
            do throws(PeerCount<String>.Refusal) {
                return (try state.connections.take(ClientAddresses.subscriber(address), most: most), nil)
            } catch {
                let limit =
                    error == .peer
                    ? PeerLimit(.center, .connections, most: most)
                    : PeerLimit(.center, .allConnections, most: state.connections.limit)
                return (nil, state.ledger.note(limit, of: Self.peer(address), now: now))
            }
        }
        if let line { log(line) }
        return place
    }

    func release(_ place: Place) { state.withLock { $0.connections.release(place) } }

    /// Whether an address may ask once more now; that it may not is noted.
    func takesRequest(from address: String, now: Int = Clock.steadyMillisecond) -> Bool {
        let (isTaken, line): (Bool, String?) = state.withLock { state in
            let times = Self.times(address, state.allowances)
            let subscriber = ClientAddresses.subscriber(address)
            if state.requests.takes(subscriber, times: times, now: now) { return (true, nil) }
            let limit = PeerLimit(.center, .requests, most: Self.requestsPerSecond * times)
            return (false, state.ledger.note(limit, of: Self.peer(address), now: now))
        }
        if let line { log(line) }
        return isTaken
    }

    /// Says once a minute what goes on, until cancelled.
    func watch() async throws {
        while true {
            try await Task.sleep(for: .seconds(10))
            for line in state.withLock({ $0.ledger.overdue(now: Clock.steadyMillisecond) }) { log(line) }
        }
    }

    package var figures: LimitFigures {
        state.withLock { LimitFigures($0.ledger, now: Clock.steadyMillisecond) }
    }

    private static func times(_ address: String, _ allowances: PeerAllowances) -> Int {
        IPv4Address(address).map { allowances.times(for: $0) } ?? 1
    }

    private static func peer(_ address: String) -> LimitedPeer {
        IPv4Address(address).map { .address($0) } ?? .link(address)
    }
}
