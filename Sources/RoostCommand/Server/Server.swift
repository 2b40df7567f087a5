import API
import CLinux
import Center
import Commands
import Fleet
import Foundation
import Glibc
import Images
import Linux
import Logging
import NetworkErrors
import Sealing
import Services
import StoreSQLite
import Wire

/// The server: everything is checked and bound first, then it gives up its privileges and says ready.
///
/// This is the only place that knows every adapter.
final class Server: Sendable {
    private let settings: ServerSettings
    private let interfaces: ServedInterfaces
    /// Reads the configuration file and the command line anew.
    private let readSettings: @Sendable () throws -> ServerSettings
    private let policy: CurrentPolicy
    private let fleet: LiveFleet
    private let images: ImageStore
    private let planes: DataPlanes
    private let center: ControlCenter?
    private let certificates: CertificateRenewal
    private let logs: NodeLogs
    /// Nil: images are built by the command line only.
    private let buildWorker: BuildWorkerConnection?
    private let volumes: Volumes
    /// Nil: nothing is exported.
    private let nfs: NFSWorkerConnection?
    private let builds: ImageBuilds?
    private let keptFiles: KeptFiles
    private let keptFileWatch: KeptFileWatch
    private let ends: KnownEnds
    private let watchedFiles: WatchedFiles
    private let centerLimits: CenterLimits?
    /// No second server, and no restore, while this one runs.
    private let stateLock: FileDescriptor
    static let log: @Sendable (String) -> Void = { ServerLog.logger.info("\($0)") }

    /// Binds every socket and starts the data planes.
    init(
        settings: ServerSettings, interfaces: [String],
        readSettings: @escaping @Sendable () throws -> ServerSettings
    ) async throws {
        self.settings = settings
        self.readSettings = readSettings
        let interfaces = try ServedInterfaces(
            settings.interfaceNames(interfaces), available: NetworkInterface.all())
        self.interfaces = interfaces
        let budget = DescriptorBudget.raised()
        if settings.roles.contains(.center) { try Self.requireFree(socket: settings.socket) }
        let user = try Self.user(settings)
        try Self.requireOwn(settings, available: NetworkInterface.all())
        try Self.requirePlaces(settings)
        try Self.requireDistinct(
            settings, served: interfaces.interfaces.flatMap { $0.addresses.map(\.address) })
        try StateDirectory(settings.stateDirectory, user: user) { ServerLog.logger.warning("\($0)") }
            .prepare()
        guard let lock = try StateFiles.lock(settings.stateDirectory) else {
            throw InvalidSetting("another server uses \(settings.stateDirectory)")
        }
        stateLock = lock
        try StateFiles.requireWhole(settings.stateDirectory)
        try Self.prepareSocket(settings.socket, user)
        let hasCenter = settings.roles.contains(.center)
        // The sockets come first: what cannot be bound is said before anything is written.
        let sockets = try Sockets(settings, interfaces)
        let contextSettings = try Self.contextSettings(settings, interfaces)
        let addresses = hasCenter ? try Self.centerAddresses(settings, interfaces, user) : []
        nfs = try Self.makeNFS(settings)
        let agentPort = try hasCenter ? Self.agentPort(settings, addresses, user) : nil
        let own = addresses.filter { $0.certificate != nil && settings.center.certificate == nil }
        let worker =
            own.isEmpty
            ? nil
            : try CertificateWorkerConnection(
                stateDirectory: settings.stateDirectory, addresses: interfaces.names(of: own.map(\.host)),
                user: user)
        buildWorker = hasCenter && settings.center.buildsImages ? try BuildWorkerConnection(settings) : nil
        // What follows belongs to the user: the database, logs, versions, volumes.
        try Self.become(user, settings)
        logs = try NodeLogs(directory: "\(settings.stateDirectory)/logs")
        images = ImageStore(directory: settings.imageDirectory)
        let reports = ReportQueues()
        let trust = try ImageTrust(keys: settings.imageKeys)
        let store = try SQLiteStore(path: settings.databasePath, secrets: contextSettings.secrets)
        let host = ServerPolicy.Host(settings, interfaces, context: contextSettings)
        try await NetworkImport(former: settings.formerNetworks, store: store, host: host.serving).run()
        let snapshot = trust.judged(try await store.snapshot())
        let policy = CurrentPolicy(host, snapshot.contents.network)
        self.policy = policy
        CurrentPolicy.log(policy.value.networks.problems)
        Self.clearLeftovers(
            of: snapshot, removed: try await store.removedVersions(), images,
            VolumeStore(directory: settings.volumeDirectory, secrets: contextSettings.secrets))
        let former = try await FormerRun(settings, policy.value.networks.links, store)
        let planes = try DataPlanes(
            settings: settings, policy: policy.value, sockets: sockets, snapshot: snapshot, former: former,
            budget: budget, send: { reports.add($0) }, log: Self.log)
        self.planes = planes
        let fleet = try await LiveFleet(
            store: store, trust: trust, storedContents: contextSettings.storedContents
        ) { snapshot in
            policy.follow(snapshot.contents.network) { planes.reconfigure($0) }
            planes.swap(snapshot)
        }
        let clock = ClockReading(wall: SystemClock.wall, boot: SystemClock.boot)
        if !clock.isCredible {
            ServerLog.logger.warning(
                "the clock was never set: certificates and times are right only once it is (timedatectl set-ntp true)"
            )
        }
        if let leap = former.leap {
            ServerLog.logger.warning("clock: since this server last recorded something, it went \(leap)")
            try await fleet.start(after: leap)
        }
        self.fleet = fleet
        fleet.host = host.serving
        let disks = VolumeStore(directory: settings.volumeDirectory, secrets: contextSettings.secrets)
        let volumes = Volumes(
            fleet: fleet, files: ServedVolumes(disks: disks, nfs: nfs, policy: policy),
            openFiles: planes, logger: ServerLog.logger)
        self.volumes = volumes
        keptFiles = KeptFiles(settings.keptFiles, logger: ServerLog.logger)
        ends = KnownEnds(in: settings.storeDirectory)
        keptFileWatch = KeptFileWatch(settings.keptFiles, ends)
        watchedFiles = WatchedFiles(settings.watchedFiles, logger: ServerLog.logger)
        if hasCenter {
            var services = try Self.makeServices(
                settings, policy: policy, fleet: fleet, volumes: volumes, logs: logs,
                images: images, planes: planes, reports: reports, secrets: contextSettings.secrets,
                budget: budget)
            services.agents = Agents(
                fleet: fleet, terminals: services.terminals, port: agentPort,
                marks: StateMarks(contextSettings.secrets))
            // Before the first log-in: nodes ask again and again while a server starts.
            try await services.agents.expectReturn()
            planes.askForLogIns(services.logIns)
            services.keptFiles = keptFiles
            services.watchedFiles = watchedFiles
            center = try ControlCenter(
                services: services, socketPath: settings.socket, addresses: addresses,
                logInSources: settings.center.logInSources, proxies: settings.center.proxies,
                readsProxyHeader: settings.center.readsProxyHeader, logger: ServerLog.logger)
            builds = services.builds
            centerLimits = services.limits
        } else {
            (center, builds, centerLimits) = (nil, nil, nil)
        }
        let certificates = CertificateRenewal(worker: worker, center: center)
        self.certificates = certificates
        let recorder = ReportRecorder(
            fleet: fleet, volumes: volumes, logs: logs, logger: ServerLog.logger,
            minter: SecretMinter(
                hostKey: { [secrets = contextSettings.secrets] in secrets.hostKey(of: $0.text, number: $1) },
                programDirectory: settings.mintingPrograms), deliver: { planes.deliver($0) }
        ) {
            // A new key takes a moment.
            Task { await certificates.renew() }
        }
        Task { await recorder.run(reports) }
    }

    /// Serves until the process is told to end.
    func run() async throws {
        if let source = settings.source { ends.remember([source.file: source.end]) }
        await Self.keep(keptFiles, keptFileWatch, in: fleet)
        await Self.watch(watchedFiles, DeclaredWatch(watchedFiles.all.map(\.source), ends), in: fleet)
        await export()
        // Not a part of the group below: what is exported follows the networks until the process ends.
        Task { for await _ in policy.changes { await export() } }
        Task { await self.watchInterfaces() }
        let signals = Signals()
        guard let center else {
            Self.ready(settings, interfaces)
            return await signals.waitForEnd { await self.reload() }
        }
        let (settings, interfaces) = (settings, interfaces)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await center.run { Self.ready(settings, interfaces, setupLink: $0) } }
            group.addTask { await signals.waitForEnd { await self.reload() } }
            group.addTask { [certificates] in try await certificates.watch() }
            // Not a part of the group: a server without its worker serves all the same.
            if let worker = buildWorker, let builds { Task { await worker.serve(builds) } }
            try await group.next()
            group.cancelAll()
        }
        Self.log("ended")
    }

    /// Says when an interface was removed, such as one of USB or a bridge that is set up anew: what is bound to it hears nothing more.
    private func watchInterfaces() async {
        while (try? await Task.sleep(for: .seconds(15))) != nil {
            var host = policy.host
            let gone = interfaces.gone()
            guard gone != host.interfaces.removed else { continue }
            host.interfaces.removed = gone
            policy.follow(host) { planes.reconfigure($0) }
            fleet.host = host.serving
        }
    }

    /// SIGHUP: the configuration is read anew. A mistake in it changes nothing; what is bound to ports and users needs a restart.
    private func reload() async {
        let former = policy.host
        var host = former
        do {
            host.settings = try readSettings()
            host.interfaces = try ServedInterfaces(
                interfaces.interfaces.map(\.name), available: NetworkInterface.all())
            host.interfaces.removed = interfaces.gone()
        } catch {
            ServerLog.logger.error("reload: failed, nothing was changed: \(ErrorText.of(error))")
            return
        }
        let new = host.settings
        if let source = new.source { ends.remember([source.file: source.end]) }
        host.loaders = Loaders.find(own: new.loaders)
        policy.follow(host) { planes.reconfigure($0) }
        centerLimits?.use(new.allowances)
        fleet.host = host.serving
        for key in settings.differencesThatNeedRestart(from: new) {
            ServerLog.logger.warning("reload: \(key) has changed, which takes effect after a restart")
        }
        for (interface, address) in host.interfaces.unheard(since: interfaces) {
            ServerLog.logger.warning(
                "reload: \(address) on \(interface) is new: until a restart, machines get no files and no roots there"
            )
        }
        do {
            try await fleet.reload()
            try await NetworkImport(former: new.formerNetworks, store: fleet.store, host: host.serving).warn()
        } catch {
            // What the file says is followed all the same.
            ServerLog.logger.error("reload: cannot read the store again: \(ErrorText.of(error))")
        }
        await certificates.renew()
        Self.log("reloaded: \(Self.taken(from: former, to: host))")
    }

    /// What a reload has taken over.
    private static func taken(from former: ServerPolicy.Host, to host: ServerPolicy.Host) -> String {
        var keys = former.settings.differencesThatAreFollowed(from: host.settings)
        if former.loaders != host.loaders, !keys.contains(.loaders) { keys.append(.loaders) }
        var parts = keys.map(\.rawValue)
        if former.interfaces != host.interfaces { parts.append("the interfaces' addresses") }
        return parts.isEmpty
            ? "no change takes effect without a restart"
            : "now in effect: \(parts.joined(separator: ", "))"
    }

    /// Says to the NFS server what it has to give to whom. Without it nodes of other root modes boot all the same.
    private func export() async {
        guard nfs != nil else { return }
        do { try await volumes.export() } catch {
            ServerLog.logger.error("nfs: cannot export anything: \(ErrorText.of(error))")
        }
    }

    private static func ready(
        _ settings: ServerSettings, _ interfaces: ServedInterfaces, setupLink: String? = nil
    ) {
        if let setupLink {
            // Standard output, not the log: the link makes an administrator and does not belong in archives.
            try? FileHandle.standardOutput.write(contentsOf: Data("first log-in: \(setupLink)\n".utf8))
        }
        // A cable may still come, and trials run on loopback.
        for silence in interfaces.interfaces.compactMap({ InterfaceSilence(of: $0.name) })
        where silence.kind == .down {
            ServerLog.logger.warning("\(silence.text), so that no machine is heard there (\(silence.fix))")
        }
        let roles = settings.roles.text
        log(
            "ready: \(roles) on \(interfaces.interfaces.map { "\($0.name) (\($0.addresses[0].address))" }.joined(separator: ", "))"
        )
        notifySystemd()
    }

    /// Tells systemd (sd_notify(3)): a unit of `Type=notify` is started when the server is ready.
    private static func notifySystemd() {
        guard let socket = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] else { return }
        if !LocalSocket.send("READY=1\nMAINPID=\(getpid())", to: socket) {
            ServerLog.logger.warning("cannot tell systemd that the server is ready (\(socket))")
        }
    }

    // MARK: Parts

    private static func contextSettings(_ settings: ServerSettings, _ interfaces: ServedInterfaces) throws
        -> BootContext.Settings
    {
        let loaders = Loaders.find(own: settings.loaders)
        for (name, package) in Loaders.missingPackages(own: settings.loaders).sorted(by: { $0.key < $1.key })
        {
            ServerLog.logger.warning("the loader \(name) is missing (apt install \(package))")
        }
        var policy = BootPolicy(
            server: interfaces.address, httpPort: settings.httpPort, nbdPort: settings.nbdPort,
            loaders: [], nodeArchives: [:], centerURL: centerURL(settings, interfaces),
            netconsolePort: settings.roles.contains(.center) ? settings.logs.netconsolePort : nil,
            nfs: settings.roles.contains(.nfs)
                ? NFSDirectories(images: settings.imageDirectory, trees: settings.treeDirectory) : nil)
        for problem in Loaders.problems(own: settings.loaders) { ServerLog.logger.warning("\(problem)") }
        let keys = try NodeKeys(stateDirectory: settings.stateDirectory)
        let archives = NodeArchiveFiles(
            directory: settings.nodeArchiveDirectory, serverKey: keys.server.publicBytes)
        do { policy.nodeArchives = try archives.make(settings) } catch {
            // A server with pages and images alone boots none.
            if settings.roles.contains(.http) {
                ServerLog.logger.warning("nodes cannot boot: \(ErrorText.of(error))")
            }
        }
        var result = BootContext.Settings(
            policy: policy, imageStore: settings.imageDirectory, volumeDirectory: settings.volumeDirectory,
            nodeArchiveDirectory: settings.nodeArchiveDirectory, loaders: loaders, key: keys.server,
            secrets: keys.secrets)
        result.tpmAuthorities = try settings.tpmAuthorities.map(Self.tpmAuthorities)
        return result
    }

    static func tpmAuthorities(_ path: String) throws -> TPMAuthorities {
        guard FileStatus(path, follows: true)?.isFile == true else {
            throw InvalidSetting("tpm-authorities: there is no file \(path)")
        }
        let text = String(decoding: try WholeFile.read(path, limit: 4 << 20), as: UTF8.self)
        guard let authorities = TPMAuthorities(pem: text) else {
            throw InvalidSetting("tpm-authorities: \(path) has no certificate in it (PEM)")
        }
        return authorities
    }

    /// What the screens of waiting machines show.
    private static func centerURL(_ settings: ServerSettings, _ interfaces: ServedInterfaces) -> String {
        guard settings.roles.contains(.center) else { return "" }
        let address =
            settings.center.https?.first ?? "\(interfaces.address):\(ServerSettings.Center.port)"
        return settings.center.https?.isEmpty == true ? "" : "https://\(address)"
    }

    private static func makeServices(
        _ settings: ServerSettings, policy: CurrentPolicy, fleet: LiveFleet, volumes: Volumes,
        logs: NodeLogs, images: ImageStore, planes: DataPlanes, reports: ReportQueues, secrets: NodeSecrets,
        budget: DescriptorBudget
    ) throws -> CenterServices {
        let files = StoredImages(images)
        var services = CenterServices(
            fleet: fleet, volumes: volumes, logs: logs,
            ports: CenterPorts(
                planes: planes, networks: ServedNetworkView(policy: policy, planes: planes), images: files,
                pulls: files, hostKeys: NodeHostKeys(secrets: secrets)),
            logger: ServerLog.logger, version: Release.version, roles: settings.roles,
            sources: settings.imageSources,
            serverName: settings.serverName ?? ProcessInfo.processInfo.hostName)
        services.limits = CenterLimits(
            allConnections: budget.center, allowances: settings.allowances,
            log: { ServerLog.logger.warning("\($0)") })
        services.reports = reports
        return services
    }

    /// Where the control center listens, with its certificate made.
    private static func centerAddresses(
        _ settings: ServerSettings, _ interfaces: ServedInterfaces, _ user: StateDirectory.User
    ) throws -> [CenterAddress] {
        let secure =
            settings.center.https.map { $0.compactMap { ServerSettings.Center.parts($0) } }
            ?? interfaces.centerHosts.map { ($0, ServerSettings.Center.port) }
        var addresses: [CenterAddress] = []
        if !secure.isEmpty {
            let certificate: (String, String)
            if let chain = settings.center.certificate, let key = settings.center.key {
                certificate = (chain, key)
            } else {
                let keys = CenterKeys(
                    stateDirectory: settings.stateDirectory,
                    addresses: interfaces.names(of: secure.map(\.host)))
                try keys.make(for: user)
                certificate = (keys.chainPath, keys.keyPath)
                log("center: certificate of its own authority, SHA-256 \(try keys.fingerprint())")
            }
            addresses = secure.map {
                CenterAddress(
                    host: $0.host, shownAs: interfaces.names(of: [$0.host]).first, port: $0.port,
                    certificate: certificate)
            }
        }
        if let plain = settings.center.http.flatMap({ ServerSettings.Center.parts($0) }) {
            addresses.append(CenterAddress(host: plain.host, port: plain.port, certificate: nil))
        }
        return addresses
    }
}
