import API
import Fleet
import Logging
import Services
import Synchronization
import Wire

/// What the data planes go by: the host's settings and interfaces, and what the configuration says of networks.
///
/// It is made here alone: at start, when the file is read anew, and when a record changes.
struct ServerPolicy: Sendable {
    let networks: ServedNetworks
    let context: BootContext.Settings
    let allowances: PeerAllowances

    /// - Parameter records: those of the configuration.
    init(_ host: Host, _ records: NetworkRecords) {
        networks = ServedNetworks(records, on: host.serving)
        var context = host.context
        context.loaders = host.loaders
        context.policy.follow(host.settings, loaders: Swift.Set(host.loaders.keys), networks.loaderRules)
        self.context = context
        allowances = host.settings.allowances
    }

    /// What a host brings along.
    struct Host: Sendable {
        var settings: ServerSettings
        var interfaces: ServedInterfaces
        /// Name → path of those that are there.
        var loaders: [String: String]
        /// What stays while the server runs: keys, directories, ports.
        let context: BootContext.Settings

        init(_ settings: ServerSettings, _ interfaces: ServedInterfaces, context: BootContext.Settings) {
            self.settings = settings
            self.interfaces = interfaces
            self.context = context
            loaders = Loaders.find(own: settings.loaders)
        }

        var serving: ServingHost { interfaces.host(settings, loaders: Swift.Set(loaders.keys)) }
    }
}

extension BootPolicy {
    /// Takes over what a running server follows.
    mutating func follow(
        _ settings: ServerSettings, loaders: Swift.Set<String>, _ loaderRules: [LoaderRule]
    ) {
        self.loaders = loaders
        self.loaderRules = loaderRules
        domain = settings.domain
        advertisedAddress = settings.advertisedAddress
    }
}

extension ServedNetworks {
    /// The networks as the control center shows them.
    ///
    /// - Parameter now: seconds since 1970.
    func answers(leases: [Lease], now: Int) -> [NetworkAnswer] {
        let held = leases.filter { $0.expiresAt > now }
        return entries.map { entry in
            let subnet = entry.subnet
            let size = subnet.pools.reduce(0) {
                $0 + Int($1.upperBound.rawValue - $1.lowerBound.rawValue) + 1
            }
            return NetworkAnswer(
                name: entry.name, interface: entry.interface ?? "", server: subnet.server,
                network: "\(subnet.network)", pools: subnet.pools.map { "\(AddressRange($0))" },
                router: subnet.router, size: size,
                leased: held.count { lease in subnet.pools.contains { $0.contains(lease.address) } },
                isProxy: subnet.isProxy)
        }
    }
}

/// The policy that holds at this moment.
final class CurrentPolicy: Sendable {
    private struct State {
        var host: ServerPolicy.Host
        var records: NetworkRecords
        var policy: ServerPolicy
    }

    private let state: Mutex<State>
    /// Has an element after each change.
    let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init(_ host: ServerPolicy.Host, _ records: NetworkRecords) {
        state = Mutex(State(host: host, records: records, policy: ServerPolicy(host, records)))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var value: ServerPolicy { state.withLock { $0.policy } }

    var host: ServerPolicy.Host { state.withLock { $0.host } }

    /// Follows another configuration; where it says the same of networks, nothing happens.
    ///
    /// - Parameter use: hands the policy to the data planes, one after the other.
    func follow(_ records: NetworkRecords, use: (ServerPolicy) -> Void) {
        let policy = state.withLock { state -> ServerPolicy? in
            defer { state.records = records }
            // Comparing is quick for the very same records: what was read anew and says the same is kept, too.
            guard records != state.records else { return nil }
            let known = Swift.Set(state.policy.networks.problems)
            state.policy = ServerPolicy(state.host, records)
            use(state.policy)
            Self.log(state.policy.networks.problems.filter { !known.contains($0) })
            return state.policy
        }
        guard let policy else { return }
        ServerLog.logger.info("networks: \(policy.networks.summary)")
        changed.yield()
    }

    /// Follows another configuration file, or other interfaces.
    func follow(_ host: ServerPolicy.Host, use: (ServerPolicy) -> Void) {
        state.withLock { state in
            state.host = host
            state.policy = ServerPolicy(host, state.records)
            use(state.policy)
            Self.log(state.policy.networks.problems)
        }
        changed.yield()
    }

    static func log(_ problems: [DHCPSettingsProblem]) {
        for problem in problems {
            ServerLog.logger.log(level: problem.isFatal ? .error : .warning, "networks: \(problem)")
        }
    }
}

extension ServedNetworks {
    /// One line for the log.
    fileprivate var summary: String {
        let parts = entries.map { entry in
            "\(entry.subnet.network) \(entry.interface.map { "on \($0)" } ?? "behind relays")"
        }
        return parts.isEmpty ? "none is served" : "served: \(parts.joined(separator: ", "))"
    }
}
