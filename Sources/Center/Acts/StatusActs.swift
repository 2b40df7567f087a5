import API
import Fleet
import Wire

/// How the server and its fleet are: status, leases, boots, networks, figures for monitoring.
extension Acts {
    func status() async throws -> StatusAnswer {
        let snapshot = fleet.snapshot
        let known = try await nodes("", offset: 0, limit: Self.pageLimit)
        let unknown = try await unknownMachines().prefix(Self.pageLimit)
        return StatusAnswer(
            version: services.version, revision: snapshot.revision, roles: services.roles,
            address: await services.policy().server,
            nodeCount: snapshot.nodes.count, imageCount: snapshot.images.count,
            leaseCount: await services.leases().count,
            openConnections: await services.openVersions().values.reduce(0, +),
            imageKeys: fleet.trust.keys.sorted(), warnings: await warnings(),
            limited: await limited(),
            machines: known.rows + unknown)
    }

    /// Nodes whose command lines are too long that are told one by one.
    private static let problemLimit = 5

    /// Only for those who can mend it: others learn nothing of a PIN.
    private func warnings() async -> [String]? {
        guard may(.configure, in: .site) else { return nil }
        let snapshot = fleet.snapshot
        var warnings = [fleet.recentJump?.warning].compactMap { $0 }
        warnings += snapshot.commandLineProblems(limit: Self.problemLimit)
        warnings += snapshot.settingProblems(limit: Self.problemLimit)
        if snapshot.registrationPIN?.isShort == true {
            warnings.append(
                "registration-pin is short enough to be guessed within days: set one of at least six digits (roost set registration-pin=…)"
            )
        }
        warnings += await services.networks().compactMap(\.scarcityWarning)
        warnings += NodeWarnings.lacks(
            in: snapshot, under: await services.policy(), clients: await services.clients())
        warnings += NodeWarnings.networks(snapshot.contents.network, on: fleet.host)
        warnings += NodeWarnings.addresses(in: snapshot, within: fleet.addressPlan)
        warnings += NodeWarnings.reports(services.reports.figures)
        warnings += NodeWarnings.volumes(missing: services.volumes.missing())
        return warnings.isEmpty ? nil : warnings
    }

    func leases() async throws -> [LeaseAnswer] {
        try require(.read)
        let snapshot = fleet.snapshot
        return await services.leases().map { LeaseAnswer($0, snapshot: snapshot) }.filter { lease in
            caller.sees(lease.node.flatMap { snapshot.nodes[$0]?.group })
        }
    }

    /// A boot with the node that its machine is; nil: no node.
    typealias SeenBoot = (boot: BootTimeline, node: NodeName?)

    /// - Parameter machine: nil: the last boots of all.
    func boots(of machine: MACAddress?, limit: Int) async throws -> [SeenBoot] {
        try require(.read)
        let snapshot = fleet.snapshot
        return try await store.boots(of: machine, limit: limit).compactMap { boot in
            let node = snapshot.node(at: boot.macAddress)
            return caller.sees(node?.group) ? (boot, node?.name) : nil
        }
    }

    // MARK: Monitoring

    /// What monitoring is told beside the figures.
    struct ServerFigures: Sendable {
        var version: String
        var revision: Int
        var boots: LiveFleet.BootCounts
        var networks: [NetworkAnswer]
        /// Open NBD connections of each version, by its image's name and number.
        var connections: [(image: ImageName, version: Int, count: Int)]
        var listenerCount: Int
        /// Refusals since the server started, and how many peers were refused something within the last minute.
        var limited: (totals: [LimitedPlane: Int], peerCount: Int)
        /// Those that wait, and those that found no room, by their kind.
        var reports: [ReportKind: ReportQueues.Figures]
    }

    func serverFigures() async throws -> ServerFigures {
        try require(.read)
        let (snapshot, limited) = (fleet.snapshot, await services.limited())
        return ServerFigures(
            version: services.version, revision: snapshot.revision, boots: fleet.bootCounts,
            networks: await services.networks(),
            connections: await services.openVersions().compactMap { digest, count in
                snapshot.version(digest).map { ($0.image, $0.number, count) }
            }, listenerCount: fleet.events.listenerCount, limited: (limited.totals, limited.current.count),
            reports: services.reports.figures)
    }

    // MARK: Pages of the whole

    /// What the dashboard says of the server itself.
    struct ServerState: Sendable {
        var address: IPv4Address
        var roles: [String]
        var leaseCount: Int
        var connectionCount: Int
        var revision: Int
        /// When the clock was set: before, after, and whether the server was off. For those who can see to it, as the networks that have
        /// few addresses left.
        var jump: LiveFleet.SeenJump?
        var scarceNetworks: [NetworkAnswer]
    }

    func server() async throws -> ServerState {
        try require(.read)
        let mayMend = may(.configure, in: .site)
        return ServerState(
            address: await services.policy().server, roles: services.roles,
            leaseCount: await services.leases().count,
            connectionCount: await services.openVersions().values.reduce(0, +),
            revision: fleet.snapshot.revision, jump: mayMend ? fleet.recentJump : nil,
            scarceNetworks: mayMend ? await services.networks().filter(\.isScarce) : [])
    }

    /// What becomes of machines that are not enrolled.
    func enrolment() async throws -> Enrolment {
        try require(.read)
        return fleet.snapshot.enrolment(at: await services.policy().server)
    }

    /// What the first hour is about.
    struct FirstSteps: Sendable {
        var roles: [String]
        var networks: [NetworkAnswer]
        var images: [ImageName]
        var nodes: [MachineAnswer]
        var unknown: [MachineAnswer]
        /// As it is set; nil: as the network makes it.
        var enrolment: Enrolment?
    }

    func firstSteps() async throws -> FirstSteps {
        let snapshot = fleet.snapshot
        return FirstSteps(
            roles: services.roles, networks: await services.networks(),
            images: snapshot.images.keys.sorted(),
            nodes: try await nodes("", offset: 0, limit: 50).rows,
            unknown: Array(try await unknownMachines().prefix(10)),
            enrolment: snapshot.settings(of: GroupPath.site)[Settings.enrolment])
    }
}
