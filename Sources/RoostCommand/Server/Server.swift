import CLinux
import Center
import Fleet
import Foundation
import Glibc
import Images
import Linux
import Logging
import Services
import StoreSQLite
import Wire

/// The server: everything is checked and bound first, then it gives up its privileges and says ready.
///
/// This is the only place that knows every adapter.
final class Server: Sendable {
    private let settings: ServerSettings
    private let interfaces: [String]
    /// Reads the configuration file and the command line anew.
    private let readSettings: @Sendable () throws -> ServerSettings
    private let networks: ServedNetworks
    private let store: SQLiteStore
    private let images: ImageStore
    private let planes: DataPlanes
    private let center: ControlCenter?
    private static let log: @Sendable (String) -> Void = { ServerLog.logger.info("\($0)") }

    /// Binds every socket and starts the data planes.
    init(
        settings: ServerSettings, interfaces: [String],
        readSettings: @escaping @Sendable () throws -> ServerSettings
    ) async throws {
        self.settings = settings
        self.interfaces = interfaces
        self.readSettings = readSettings
        networks = try ServedNetworks(settings, named: interfaces, available: NetworkInterface.all())
        let reservations = settings.dhcp.reservations
        for problem in problems(in: networks.links, reservations: reservations) {
            if problem.isFatal { throw InvalidSetting("dhcp: \(problem)") }
            ServerLog.logger.warning("dhcp: \(problem)")
        }
        _ = roost_watch_descriptor_limit(65_536)
        try Self.makeDirectories(settings)
        images = ImageStore(directory: settings.imageDirectory)
        let contextSettings = try Self.contextSettings(settings, networks: networks)
        let reports = ReportQueue()
        // The sockets come first: what cannot be bound is said before anything is written.
        let sockets = try Sockets(settings, networks: networks)
        store = try SQLiteStore(path: "\(settings.stateDirectory)/roost.sqlite")
        planes = try DataPlanes(
            settings: settings, networks: networks, sockets: sockets, context: contextSettings,
            snapshot: try await store.snapshot(), boots: try await store.boots(of: nil, limit: 1_000),
            send: { reports.add($0) }, log: Self.log)
        center =
            settings.roles.contains(.center)
            ? try Self.makeCenter(settings, store: store, images: images, planes: planes) : nil
        let store = store
        Task { await Self.record(reports, in: store) }
    }

    /// Everything that can be checked without binding or writing.
    static func check(_ settings: ServerSettings, interfaces: [String]) throws {
        let networks = try ServedNetworks(settings, named: interfaces, available: NetworkInterface.all())
        let found = problems(in: networks.links, reservations: settings.dhcp.reservations)
        for problem in found where !problem.isFatal { ServerLog.logger.warning("dhcp: \(problem)") }
        if let problem = found.first(where: \.isFatal) { throw InvalidSetting("dhcp: \(problem)") }
    }

    /// Serves until the process is told to end.
    func run() async throws {
        try Self.dropPrivileges(settings)
        let signals = Signals()
        guard let center else {
            Self.ready(settings, networks)
            return await signals.waitForEnd { await self.reload() }
        }
        let (settings, networks) = (settings, networks)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await center.run { Self.ready(settings, networks) } }
            group.addTask { await signals.waitForEnd { await self.reload() } }
            try await group.next()
            group.cancelAll()
        }
        Self.log("ended")
    }

    /// SIGHUP: the configuration is read anew. A mistake in it changes nothing; what is bound to ports and users needs a restart.
    private func reload() async {
        do {
            let new = try readSettings()
            let networks = try ServedNetworks(new, named: interfaces, available: NetworkInterface.all())
            for problem in problems(in: networks.links, reservations: new.dhcp.reservations)
            where problem.isFatal {
                throw InvalidSetting("dhcp: \(problem)")
            }
            var context = await planes.contextSettings()
            context.loaders = Loaders.find(own: new.loaders)
            context.policy.loaders = Swift.Set(context.loaders.keys)
            context.policy.unknownNodes = new.unknownNodes
            context.policy.domain = new.domain
            planes.reconfigure(networks, reservations: new.dhcp.reservations, context: context)
            planes.swap(try await store.snapshot())
            let needsRestart = settings.differencesThatNeedRestart(from: new)
            for key in needsRestart {
                ServerLog.logger.warning("reload: \(key) has changed and needs a restart")
            }
            Self.log(
                "reloaded: networks, reservations, loaders and their rules, unknown-nodes and domain are as the configuration says"
            )
        } catch {
            ServerLog.logger.error("reload: nothing is changed: \(error)")
        }
    }

    private static func ready(_ settings: ServerSettings, _ networks: ServedNetworks) {
        let roles = settings.roles.map(\.rawValue).joined(separator: " ")
        log(
            "ready: \(roles) on \(networks.interfaces.map { "\($0.name) (\($0.addresses[0].address))" }.joined(separator: ", "))"
        )
        notifySystemd()
    }

    /// `Type=notify` units wait for it (sd_notify(3)).
    private static func notifySystemd() {
        guard ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] != nil else { return }
        _ = try? Program("systemd-notify", package: "systemd").run(["--ready", "--pid=\(getpid())"])
    }

    // MARK: Parts

    private static func makeDirectories(_ settings: ServerSettings) throws {
        let files = FileManager.default
        for path in [
            settings.stateDirectory, settings.imageDirectory, "\(settings.stateDirectory)/node",
            URL(fileURLWithPath: settings.socket).deletingLastPathComponent().path,
        ] {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    private static func contextSettings(_ settings: ServerSettings, networks: ServedNetworks) throws
        -> BootContext.Settings
    {
        let loaders = Loaders.find(own: settings.loaders)
        for (name, package) in Loaders.missingPackages(own: settings.loaders).sorted(by: { $0.key < $1.key })
        {
            ServerLog.logger.warning("the loader \(name) is missing (apt install \(package))")
        }
        var policy = BootPolicy(
            server: networks.address, httpPort: settings.httpPort, nbdPort: settings.nbdPort,
            unknownNodes: settings.unknownNodes,
            loaders: Swift.Set(loaders.keys), nodeArchive: nil, domain: settings.domain,
            loaderRules: settings.loaderRules)
        for rule in settings.loaderRules where loaders[rule.loader] == nil {
            ServerLog.logger.warning("a loader rule names \(rule.loader), which is not there")
        }
        var archivePath = ""
        do {
            (policy.nodeArchive, archivePath) = try NodeArchiveFile.make(settings)
        } catch {
            ServerLog.logger.warning("nodes cannot boot: \(error)")
        }
        return BootContext.Settings(
            policy: policy, imageStore: settings.imageDirectory, nodeArchivePath: archivePath,
            loaders: loaders)
    }

    private static func makeCenter(
        _ settings: ServerSettings, store: SQLiteStore, images: ImageStore,
        planes: DataPlanes
    ) throws -> ControlCenter {
        let services = CenterServices(
            store: store, version: Roost.version, roles: settings.roles.map(\.rawValue),
            policy: { await planes.policy() },
            refresh: { planes.swap(try await store.snapshot()) }, leases: { await planes.leases() },
            openVersions: { await planes.openVersions() }, manifest: { try images.manifest(of: $0, $1) },
            removeFiles: { try images.remove($0, $1) })
        let remote = try settings.httpsAddress.map {
            try CenterKeys.make($0, stateDirectory: settings.stateDirectory)
        }
        return ControlCenter(
            services: services, socketPath: settings.socket, remote: remote, logger: ServerLog.logger)
    }

    /// Writes what the nodes report: the boot events of a batch in one transaction.
    private static func record(_ reports: ReportQueue, in store: SQLiteStore) async {
        await reports.drain { batch, dropped in
            if dropped > 0 {
                ServerLog.logger.error("\(dropped) reports of nodes are lost: the database is too slow")
            }
            var events: [BootEvent] = []
            for case .boot(let event) in batch {
                events.append(event)
                let detail = event.detail.isEmpty ? "" : ": \(event.detail)"
                log("boot: \(event.macAddress) \(event.stage.rawValue)\(detail)")
            }
            do {
                try await store.append(events)
            } catch {
                ServerLog.logger.error("\(events.count) reports of nodes are lost: \(error)")
            }
            for case .hardware(let machine, let json) in batch {
                do {
                    let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json))
                    try await store.save(hardware, of: machine)
                } catch {
                    ServerLog.logger.error("the hardware of \(machine) is not recorded: \(error)")
                }
            }
        }
    }

    /// Every socket is open by now: nothing that follows needs a capability.
    private static func dropPrivileges(_ settings: ServerSettings) throws {
        guard geteuid() == 0 else { return }
        guard let entry = unsafe getpwnam(settings.user) else {
            ServerLog.logger.warning(
                "runs as root: there is no user ‘\(settings.user)’ (useradd --system \(settings.user))")
            return
        }
        let (uid, gid) = unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
        guard uid != 0 else { return }
        let directory = URL(fileURLWithPath: settings.socket).deletingLastPathComponent().path
        for path in [
            settings.stateDirectory, settings.imageDirectory, directory, "\(settings.stateDirectory)/center",
        ] {
            _ = unsafe chown(path, uid, gid)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: settings.stateDirectory)
        where name.hasPrefix("roost.sqlite") || name == "leases.journal" {
            _ = unsafe chown("\(settings.stateDirectory)/\(name)", uid, gid)
        }
        for name in ["certificate.pem", "key.pem", "token"] {
            _ = unsafe chown("\(settings.stateDirectory)/center/\(name)", uid, gid)
        }
        guard roost_drop_privileges(uid, gid) == 0 else {
            throw SystemError("become user \(settings.user)")
        }
    }
}
