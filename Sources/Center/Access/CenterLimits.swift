package import Fleet
import Synchronization
import Wire

/// What one address may use of the control center, and which addresses went over. Called from any thread.
package final class CenterLimits: Sendable {
    /// Connections per address: a browser has six, plus one for events in each window.
    static let connectionLimit = 128
    /// Connections of one agent: it has two, and more while it tells results or comes back.
    static let agentConnectionLimit = 16
    static let (requestsPerSecond, requestBurst) = (200, 1_000)

    private struct State {
        var counts: [Kind: PeerCount<String>]
        var requests = PeerRates(
            perSecond: CenterLimits.requestsPerSecond, burst: CenterLimits.requestBurst)
        /// A handshake costs as much as a request.
        var handshakes = PeerRates(
            perSecond: CenterLimits.requestsPerSecond, burst: CenterLimits.requestBurst)
        var ledger = LimitLedger()
        var allowances: PeerAllowances
    }

    /// Resources that are limited per address, each kind counted separately.
    fileprivate enum Kind: CaseIterable {
        /// As accepted.
        case connections
        /// Per client, for proxies that name it at the start of the connection.
        case clients
        /// Event streams. Behind other proxies, they are the only long requests.
        case streams
    }

    struct Place {
        fileprivate let kind: Kind
        fileprivate let place: PeerCount<String>.Place
    }

    private let state: Mutex<State>
    private let log: @Sendable (String) -> Void

    /// - Parameter allConnections: limit over all addresses; file descriptors are reserved for them.
    package init(
        allConnections: Int = 8_000, allowances: PeerAllowances = PeerAllowances(),
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        let counts = Kind.allCases.map { ($0, PeerCount<String>(limit: allConnections)) }
        state = Mutex(State(counts: Dictionary(uniqueKeysWithValues: counts), allowances: allowances))
        self.log = log
    }

    /// Applies a new configuration.
    package func use(_ allowances: PeerAllowances) { state.withLock { $0.allowances = allowances } }

    /// A place for a connection; nil when it must be closed, which is recorded.
    ///
    /// - Parameter isProxied: a trusted proxy carries the connections of many clients, so only the overall limit applies.
    func takeConnection(from address: String, isProxied: Bool, now: Int = Clock.steadyMillisecond) -> Place? {
        if !isProxied, !takes(isHandshake: true, from: address, now: now) { return nil }
        return take(.connections, from: address, isLimited: !isProxied, now: now)
    }

    /// A place for a connection whose proxy has named its client.
    func takeConnection(ofClient address: String, now: Int = Clock.steadyMillisecond) -> Place? {
        guard takes(isHandshake: true, from: address, now: now) else { return nil }
        return take(.clients, from: address, isLimited: true, now: now)
    }

    /// A place for an event stream.
    func takeStream(from address: String, now: Int = Clock.steadyMillisecond) -> Place? {
        take(.streams, from: address, isLimited: true, now: now)
    }

    private func take(_ kind: Kind, from address: String, isLimited: Bool, now: Int) -> Place? {
        let (place, line): (Place?, String?) = state.withLock { state in
            let most = isLimited ? Self.connectionLimit * Self.times(address, state.allowances) : Int.max
            var count = state.counts[kind] ?? PeerCount(limit: 0)
            defer { state.counts[kind] = count }
            do throws(PeerCount<String>.Refusal) {
                let place = try count.take(ClientAddresses.subscriber(address), most: most)
                return (Place(kind: kind, place: place), nil)
            } catch {
                let limit =
                    error == .peer
                    ? PeerLimit(.center, .connections, most: most)
                    : PeerLimit(.center, .allConnections, most: count.limit)
                return (nil, state.ledger.note(limit, of: Self.peer(address), now: now))
            }
        }
        if let line { log(line) }
        return place
    }

    /// A connection has shown that it is an agent's: it counts for that one, and no more for its address, which others may have, too.
    ///
    /// - Returns: nil when that agent has too many; the former place is free in any case.
    func exchange(_ place: Place, forAgent name: String, now: Int = Clock.steadyMillisecond) -> Place? {
        let (next, line): (Place?, String?) = state.withLock { state in
            var count = state.counts[place.kind] ?? PeerCount(limit: 0)
            defer { state.counts[place.kind] = count }
            count.release(place.place)
            // No address has this form.
            let peer = "agent \(name)"
            if let next = try? count.take(peer, most: Self.agentConnectionLimit) {
                return (Place(kind: place.kind, place: next), nil)
            }
            let limit = PeerLimit(.center, .agentConnections, most: Self.agentConnectionLimit)
            return (nil, state.ledger.note(limit, of: .link(peer), now: now))
        }
        if let line { log(line) }
        return next
    }

    func release(_ place: Place) { state.withLock { $0.counts[place.kind]?.release(place.place) } }

    /// Whether an address may send another request now; a refusal is recorded.
    func takesRequest(from address: String, now: Int = Clock.steadyMillisecond) -> Bool {
        takes(isHandshake: false, from: address, now: now)
    }

    private func takes(isHandshake: Bool, from address: String, now: Int) -> Bool {
        let (isTaken, line): (Bool, String?) = state.withLock { state in
            let times = Self.times(address, state.allowances)
            let subscriber = ClientAddresses.subscriber(address)
            let isTaken =
                isHandshake
                ? state.handshakes.takes(subscriber, times: times, now: now)
                : state.requests.takes(subscriber, times: times, now: now)
            if isTaken { return (true, nil) }
            let limit = PeerLimit(.center, .requests, most: Self.requestsPerSecond * times)
            return (false, state.ledger.note(limit, of: Self.peer(address), now: now))
        }
        if let line { log(line) }
        return isTaken
    }

    /// Logs refusals once a minute, until cancelled.
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
        guard !allowances.networks.isEmpty, let address = IPAddress(address) else { return 1 }
        return allowances.times(for: address)
    }

    private static func peer(_ address: String) -> LimitedPeer {
        IPv4Address(address).map { .address($0) } ?? .link(address)
    }
}
