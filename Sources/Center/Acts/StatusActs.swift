import API
import Fleet
import Wire

/// The state of server and fleet: status, networks, figures for monitoring.
extension Acts {
    func status() async throws -> StatusAnswer {
        let snapshot = fleet.snapshot
        let known = try await nodes("", offset: 0, limit: Self.pageLimit)
        let unknown = try await unknownMachines().prefix(Self.pageLimit)
        return StatusAnswer(
            version: services.version, revision: snapshot.revision, roles: services.roles,
            address: await services.policy().server,
            nodeCount: snapshot.nodes.count, imageCount: snapshot.images.count,
            leaseCount: await services.leaseCount(),
            openConnections: await services.openVersions().values.reduce(0, +),
            imageKeys: fleet.trust.keys.sorted(), warnings: await warnings(),
            limited: await limited(),
            machines: known.rows + unknown)
    }

    /// Nodes with too long command lines that are listed individually.
    private static let problemLimit = 5

    /// Only for callers who can fix it: others must not learn about a PIN.
    private func warnings() async -> [String]? {
        let desktops =
            ((try? terminalTroubles()) ?? []).prefix(Self.problemLimit * 2).map(\.text)
            + scheduleTroubles().map(\.text)
        guard may(.configure, in: .site) else { return desktops.isEmpty ? nil : desktops }
        let snapshot = fleet.snapshot
        var warnings = [fleet.lostRevisions?.warning, fleet.recentJump?.warning].compactMap { $0 }
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
        warnings += NodeWarnings.networks(in: snapshot, within: fleet.addressPlan)
        warnings += NodeWarnings.addresses(in: snapshot, within: fleet.addressPlan)
        warnings += NodeWarnings.reports(services.reports.figures)
        warnings += NodeWarnings.keptFiles(services.keptFiles.all)
        warnings += NodeWarnings.watchedFiles(services.watchedFiles.all)
        warnings += NodeWarnings.volumes(missing: services.volumes.missing())
        warnings += desktops
        return warnings.isEmpty ? nil : warnings
    }

    /// Schedules that did not run as planned, where the caller may configure.
    private func scheduleTroubles() -> [ScheduleTrouble] {
        Array(
            services.schedules.troubles(in: fleet.snapshot, now: Clock.second) { may(.configure, in: $0) }
                .prefix(Self.problemLimit))
    }

    // MARK: Monitoring

    /// Figures for monitoring beyond those of the fleet.
    struct ServerFigures: Sendable {
        var version: String
        var revision: Int
        var boots: LiveFleet.BootCounts
        var networks: [NetworkAnswer]
        /// Open NBD connections per version, by image name and number.
        var connections: [(image: ImageName, version: Int, count: Int)]
        var listenerCount: Int
        /// Refusals since the server started, and the number of peers refused within the last minute.
        var limited: (totals: [LimitedPlane: Int], peerCount: Int)
        /// Waiting and dropped reports, by kind.
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

    /// The server's own state, for the dashboard.
    struct ServerState: Sendable {
        var address: IPv4Address
        var roles: [ServerRole]
        var leaseCount: Int
        var connectionCount: Int
        var revision: Int
        /// A change of the clock: before, after, and whether the server was off. For callers who can act on it, like scarce networks.
        var jump: LiveFleet.SeenJump?
        /// Of a later state than the present one. For the same callers.
        var lostRevisions: LostRevisions?
        var scarceNetworks: [NetworkAnswer]
        /// Kept files that are refused, with the reason.
        var refusedFiles: [(path: String, why: Sentence)] = []
        /// The same of files of the configuration.
        var refusedSources: [(path: String, why: Sentence)] = []
        /// Of terminal servers and pools that the caller can fix.
        var terminalTroubles: [PlacedTrouble] = []
        /// Where the caller may configure.
        var scheduleTroubles: [ScheduleTrouble] = []
    }

    func server() async throws -> ServerState {
        try require(.read)
        let mayMend = may(.configure, in: .site)
        return ServerState(
            address: await services.policy().server, roles: services.roles,
            leaseCount: await services.leaseCount(),
            connectionCount: await services.openVersions().values.reduce(0, +),
            revision: fleet.snapshot.revision, jump: mayMend ? fleet.recentJump : nil,
            lostRevisions: mayMend ? fleet.lostRevisions : nil,
            scarceNetworks: mayMend ? await services.networks().filter(\.isScarce) : [],
            refusedFiles: mayMend
                ? services.keptFiles.all.compactMap { file in
                    file.refusal.map { (file.source.path, $0) }
                } : [],
            refusedSources: mayMend
                ? services.watchedFiles.all.compactMap { state in
                    state.refusal.map { (state.source.path, $0) }
                } : [],
            terminalTroubles: Array(try placedTroubles().prefix(2 * Self.problemLimit)),
            scheduleTroubles: scheduleTroubles())
    }

    /// How machines that are not enrolled are handled.
    func enrolment() async throws -> Enrolment {
        try require(.read)
        return fleet.snapshot.enrolment(at: await services.policy().server)
    }

    /// The state shown by the first steps page.
    struct FirstSteps: Sendable {
        var roles: [ServerRole]
        var networks: [NetworkAnswer]
        var images: [ImageName]
        /// How many nodes are ready now.
        var readyCount: Int
        /// One of them.
        var ready: NodeName?
        /// Whether a node came up once, whatever it does now: that has shown that the way is there.
        var hasComeUp: Bool
        /// The first nodes whose boots go on, until one came up.
        var booting: [MachineAnswer]
        var unknown: [MachineAnswer]
        /// What an unknown machine gets.
        var enrolment = Enrolment.open
        /// Whether people have said so, for the site or for one of its networks.
        var hasChosen = false
        /// Whether the site has machines of its own.
        var hasNodes = false
    }

    func firstSteps() async throws -> FirstSteps {
        let snapshot = fleet.snapshot
        // All nodes, not a page of them.
        let states = try await overview().rooms.values.joined()
        let ready = states.filter { $0.state == .ready }
        let settings = snapshot.settings(of: GroupPath.site)
        let hasComeUp = states.contains { [.ready, .lost, .off].contains($0.state) }
        return FirstSteps(
            roles: services.roles, networks: await services.networks(),
            images: snapshot.images.keys.sorted(), readyCount: ready.count,
            ready: ready.first?.name, hasComeUp: hasComeUp,
            booting: hasComeUp
                ? [] : try await nodes("state=booting or state=stuck", offset: 0, limit: 10).rows,
            unknown: Array(try await unknownMachines().prefix(10)),
            enrolment: settings[Settings.enrolment] ?? .open,
            hasChosen: [Settings.enrolment.definition, Settings.enrolmentByNetwork.definition].contains {
                settings[$0].origin != .productDefault
            }, hasNodes: !snapshot.nodes.isEmpty)
    }
}
