package import API
package import Fleet
package import Logging
package import Wire

/// What the control center needs of the rest of the server.
package struct CenterServices: Sendable {
    package var fleet: LiveFleet
    package var logs: NodeLogs
    /// Tells web hooks what happens.
    let webHooks: WebHookSender
    package let builds: ImageBuilds
    package let volumes: Volumes
    /// The log-in provider; nil: there is none.
    var issuer: String?
    package var version: String
    package var roles: [String]
    /// As the data planes have it now.
    package var policy: @Sendable () async -> BootPolicy
    package var leases: @Sendable () async -> [Lease]
    /// The networks that are served, as the interfaces and the configuration file make them.
    package var networks: @Sendable () async -> [NetworkAnswer]
    /// What links of wall boards are signed with.
    package var wallSecret: String
    /// Open NBD connections of each version.
    package var openVersions: @Sendable () async -> [Digest: Int]
    /// What machines do with the exports that their roots come from, by their address.
    package var rootActivity: @Sendable () async -> [IPv4Address: RootActivity]
    /// Asks running machines to restart.
    package var restart: @Sendable ([MACAddress]) async -> Void
    /// The public SSH host key of a node, by its number: `ssh-ed25519 AAAA…`.
    package var hostKey: @Sendable (NodeName, Int) -> String
    /// What addresses may have of the control center.
    package var limits = CenterLimits()
    /// Who is limited by the data planes.
    package var limitedByPlanes: @Sendable () async -> LimitFigures = { LimitFigures() }
    /// What nodes report, before it is recorded.
    package var reports = ReportQueues()
    /// What machines last told DHCP that they boot with.
    package var clients: @Sendable () async -> [MACAddress: BootClient] = { [:] }
    let bootTests: BootTests
    let shelf: ImageShelf
    package let replication: ImageReplication
    /// Where a file of a version lies.
    package var filePath: @Sendable (ImageVersion, String) -> String

    /// - Parameter openBoot: opens a boot of a version for a machine that no data plane has seen, and names it.
    package init(
        fleet: LiveFleet, volumes: Volumes, logs: NodeLogs, logger: Logger, version: String, roles: [String],
        policy: @escaping @Sendable () async -> BootPolicy, leases: @escaping @Sendable () async -> [Lease],
        networks: @escaping @Sendable () async -> [NetworkAnswer], wallSecret: String,
        openVersions: @escaping @Sendable () async -> [Digest: Int],
        mountedVersions: @escaping @Sendable () async -> [Digest: Int],
        rootActivity: @escaping @Sendable () async -> [IPv4Address: RootActivity],
        restart: @escaping @Sendable ([MACAddress]) async -> Void,
        openBoot: @escaping @Sendable (MACAddress, Digest) async -> String,
        manifest: @escaping @Sendable (ImageName, Digest) throws -> ImageManifest,
        verify: @escaping @Sendable (ImageName, Digest) async throws -> [String],
        compare: @escaping @Sendable (ImageVersion, ImageVersion) async throws -> [ImageDifference.Change],
        removeFiles: @escaping @Sendable (ImageName, Digest) throws -> Void,
        filePath: @escaping @Sendable (ImageVersion, String) -> String, sources: [ReplicationSource] = [],
        serverName: String, replicaFiles: ReplicaFiles,
        hostKey: @escaping @Sendable (NodeName, Int) -> String
    ) {
        self.hostKey = hostKey
        self.fleet = fleet
        self.volumes = volumes
        self.logs = logs
        webHooks = WebHookSender(fleet: fleet, logger: logger)
        shelf = ImageShelf(
            fleet: fleet, manifest: manifest, verify: verify, compare: compare, removeFiles: removeFiles,
            openVersions: openVersions, mountedVersions: mountedVersions, logger: logger)
        replication = ImageReplication(
            sources: sources, name: serverName, fleet: fleet, shelf: shelf, files: replicaFiles,
            logger: logger)
        self.filePath = filePath
        bootTests = BootTests(fleet: fleet, policy: policy, openBoot: openBoot)
        builds = ImageBuilds(fleet: fleet, shelf: shelf, tests: bootTests, logger: logger)
        self.version = version
        self.roles = roles
        self.policy = policy
        self.leases = leases
        self.networks = networks
        self.wallSecret = wallSecret
        self.openVersions = openVersions
        self.rootActivity = rootActivity
        self.restart = restart
    }

    /// Who is limited, everywhere.
    func limited() async -> LimitFigures { await limitedByPlanes().adding(limits.figures) }

    /// The address that each machine has leased; of one on several links, that of the lease which lasts longest.
    func addresses() async -> [MACAddress: IPv4Address] {
        var latest: [MACAddress: Lease] = [:]
        for lease in await leases() {
            guard case .macAddress(let machine) = lease.holder else { continue }
            if let known = latest[machine], known.expiresAt >= lease.expiresAt { continue }
            latest[machine] = lease
        }
        return latest.mapValues(\.address)
    }
}
