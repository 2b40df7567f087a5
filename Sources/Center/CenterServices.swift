package import API
import Fleet
package import Logging
import Wire

/// The parts of the control center, and its ports to the rest of the server.
package struct CenterServices: Sendable {
    package let fleet: LiveFleet
    package let logs: NodeLogs
    /// Notifies web hooks.
    let webHooks: WebHookSender
    package let builds: ImageBuilds
    package let volumes: Volumes
    let bootTests: BootTests
    let shelf: ImageShelf
    package let replication: ImageReplication
    /// Terminal servers as they are now.
    package let terminals: LiveTerminals
    /// Looks at those without an agent.
    package let probes: TerminalProbes
    /// Empties those that are to boot another version.
    package let renewals: TerminalRenewals
    /// Log-ins of people there.
    package let logIns: LogIns
    /// Acts for later.
    let schedules: Schedules
    /// The log-in provider; nil if there is none.
    var issuer: String?
    /// Whether there is a directory to log in by.
    var hasDirectory = false
    let version: String
    let roles: [ServerRole]
    /// The limits of addresses at the control center.
    package var limits = CenterLimits()
    let turns = RequestTurns()
    /// The files that stay the truth.
    package var keptFiles = KeptFiles()
    /// Directories with files of the configuration.
    package var watchedFiles = WatchedFiles()
    /// What nodes report, before it is recorded.
    package var reports = ReportQueues()
    /// The agents of terminal servers.
    package var agents: Agents
    private let ports: CenterPorts

    /// - Parameters:
    ///   - sources: other servers to copy versions from.
    ///   - serverName: the name of this server for them.
    package init(
        fleet: LiveFleet, volumes: Volumes, logs: NodeLogs, ports: CenterPorts, logger: Logger,
        version: String, roles: [ServerRole], sources: [ReplicationSource] = [],
        serverName: String
    ) {
        self.fleet = fleet
        terminals = LiveTerminals(fleet: fleet)
        probes = TerminalProbes(of: terminals)
        renewals = TerminalRenewals(of: terminals)
        logIns = LogIns(fleet: fleet, terminals: terminals, translate: Words.translate)
        schedules = Schedules(fleet: fleet)
        self.volumes = volumes
        self.logs = logs
        self.ports = ports
        self.version = version
        self.roles = roles
        agents = Agents(fleet: fleet, terminals: terminals, port: nil)
        webHooks = WebHookSender(fleet: fleet, logger: logger)
        shelf = ImageShelf(fleet: fleet, files: ports.images, open: ports.planes, logger: logger)
        replication = ImageReplication(
            sources: sources, name: serverName, fleet: fleet, shelf: shelf, files: ports.pulls, logger: logger
        )
        bootTests = BootTests(fleet: fleet, planes: ports.planes)
        builds = ImageBuilds(fleet: fleet, shelf: shelf, tests: bootTests, logger: logger)
    }
}

/// What pages and the API need from the rest of the server.
extension CenterServices {
    /// The data planes' present policy.
    func policy() async -> BootPolicy { await ports.planes.policy() }
    func heard() async -> HeardMachines { await ports.planes.heard() }
    func leases() async -> [Lease] { await ports.planes.leases() }
    func leaseCount() async -> Int { await ports.planes.leaseCount() }
    func clients() async -> [MACAddress: BootClient] { await ports.planes.clients() }
    func rootActivity() async -> [IPv4Address: RootActivity] { await ports.planes.rootActivity() }
    func openVersions() async -> [Digest: Int] { await ports.planes.openVersions() }
    func networks() async -> [NetworkAnswer] { await ports.networks.networks() }
    func restart(_ machines: [MACAddress]) async { await ports.planes.restart(machines) }
    func powerOff(_ machines: [MACAddress]) async { await ports.planes.powerOff(machines) }
    func wake(_ machines: [MACAddress]) async -> Bool { await ports.planes.wake(machines) }
    func currentSteps(of machine: MACAddress) async throws -> [CurrentStep]? {
        try await ports.planes.currentSteps(of: machine)
    }
    func apply(_ marks: [String: String], to machine: MACAddress) async {
        await ports.planes.apply(marks, to: machine)
    }

    func filePath(_ version: ImageVersion, _ file: String) -> String {
        ports.images.path(of: version, file)
    }

    func hostKey(of node: NodeName, number: Int) -> String {
        ports.hostKeys.publicLine(of: node, number: number)
    }

    /// Limited peers on all planes.
    func limited() async -> LimitFigures { await ports.planes.limitFigures().adding(limits.figures) }

    /// The leased address of each machine; with several leases, the one that lasts longest.
    ///
    /// - Parameter machines: nil: all.
    func addresses(of machines: Set<MACAddress>? = nil) async -> [MACAddress: IPv4Address] {
        if machines?.isEmpty == true { return [:] }
        let leases = await leases()
        var (addresses, ends) = ([MACAddress: IPv4Address](), [MACAddress: Int]())
        let count = machines?.count ?? leases.count
        addresses.reserveCapacity(count)
        ends.reserveCapacity(count)
        for lease in leases {
            guard case .macAddress(let machine) = lease.holder, machines?.contains(machine) ?? true else {
                continue
            }
            if let end = ends.updateValue(lease.expiresAt, forKey: machine), end >= lease.expiresAt {
                ends[machine] = end
            } else {
                addresses[machine] = lease.address
            }
        }
        return addresses
    }
}
