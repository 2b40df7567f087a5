import API
import Center
import Fleet
import Foundation
import Linux
import Logging
import Services
import Wire

/// Every socket of the data planes, bound before anything else happens.
///
/// It is handed to the loop's thread once and belongs to it from then on.
final class Sockets: @unchecked Sendable {
    // Sendable: made by one thread, then used by one other.
    struct DHCP: ~Copyable {
        var socket: FileDescriptor
        var frames: FileDescriptor?
        /// Hears who uses which address.
        var neighbours: FileDescriptor?
        let interface: NetworkInterface?
    }

    final class Box {
        var dhcp: DHCP?
        var socket: FileDescriptor?
        let interface: NetworkInterface?

        init(dhcp: consuming DHCP) {
            interface = dhcp.interface
            self.dhcp = consume dhcp
        }

        init(socket: consuming FileDescriptor, interface: NetworkInterface? = nil) {
            self.interface = interface
            self.socket = consume socket
        }
    }

    var dhcp: [Box] = []
    var bootServers: [Box] = []
    var routerSolicitations: [Box] = []
    var tftp: [Box] = []
    var http: [Box] = []
    var nbd: [Box] = []
    var logs: [Box] = []

    init(_ settings: ServerSettings, _ interfaces: ServedInterfaces) throws {
        let roles = settings.roles
        for interface in interfaces.interfaces {
            if roles.contains(.dhcp) {
                let frames = try Socket.frames()
                dhcp.append(
                    Box(
                        dhcp: DHCP(
                            socket: try Socket.datagram(port: 67, interface: interface.name, isShared: true),
                            frames: frames,
                            neighbours: try Socket.arp(interface: interface.index),
                            interface: interface)))
                openBootServer(interface)
                if settings.dhcp.answersRouterSolicitations { openRouterSolicitations(interface) }
            }
            for own in interface.addresses {
                if roles.contains(.tftp) {
                    tftp.append(Box(socket: try Socket.datagram(own.address, port: settings.tftp.port)))
                }
                if roles.contains(.http) {
                    http.append(Box(socket: try Socket.listening(own.address, port: settings.httpPort)))
                }
                if roles.contains(.nbd) {
                    nbd.append(Box(socket: try Socket.listening(own.address, port: settings.nbdPort)))
                }
                if roles.contains(.center) {
                    for port in settings.logs.ports { try openLogs(own.address, port, settings) }
                }
            }
        }
    }

    /// A syslog server that is there already is no reason not to boot machines, unless the configuration asks for both.
    private func openLogs(_ address: IPv4Address, _ port: UInt16, _ settings: ServerSettings) throws {
        do {
            logs.append(Box(socket: try Socket.datagram(address, port: port)))
        } catch {
            guard error.number == SystemError.isBusy, settings.logs == ServerSettings.Logs() else {
                throw error
            }
            ServerLog.logger.warning("cannot receive logs of nodes: port \(port) on \(address) is in use")
        }
    }

    /// Few machines ask there: another program in its place is no reason not to boot the others.
    private func openBootServer(_ interface: NetworkInterface) {
        let port = DHCPServer.bootServerPort
        do {
            bootServers.append(
                Box(
                    socket: try Socket.datagram(port: port, interface: interface.name), interface: interface))
        } catch {
            ServerLog.logger.warning(
                "cannot answer PXE requests to a boot server: port \(port) on \(interface.name): \(error)")
        }
    }

    /// IPv6 may be off: then no machine waits for a router either.
    private func openRouterSolicitations(_ interface: NetworkInterface) {
        do {
            routerSolicitations.append(
                Box(socket: try Socket.routerSolicitations(interface: interface.name), interface: interface))
        } catch {
            ServerLog.logger.info("cannot answer router solicitations on \(interface.name): \(error)")
        }
    }
}

/// What the run of the server before this one left to the data planes.
struct FormerRun: Sendable {
    /// As the journal has them; none where another server gives addresses.
    let leases: [Lease]
    /// The last of each machine.
    let boots: [BootTimeline]
    /// The keys that configurations went to, also where the store does not know that yet.
    let deliveries: [WrittenDelivery]
    /// Of the clock since then.
    let leap: ClockJump?

    init(_ settings: ServerSettings, _ links: [DHCPLink], _ store: any FleetStore) async throws {
        leases = settings.roles.contains(.dhcp) ? try LeaseJournal.leases(at: settings.journalPath) : []
        boots = try await store.lastBoots()
        deliveries = try DeliveryJournal.deliveries(at: settings.deliveryPath)
        let trials = try await store.snapshot().rollouts.values.map(\.startedAt)
        let times = [Lease.lastGiven(of: leases, on: links), try await store.newestSecond()]
        leap = ClockJump.betweenRuns(
            lastSecond: (times.compactMap { $0 } + trials).max(),
            now: ClockReading(wall: SystemClock.wall, boot: SystemClock.boot),
            longest: Lease.longestSeconds(on: links))
    }
}

/// DHCP, TFTP, HTTP and NBD on one loop, and the way to them from other threads.
final class DataPlanes: Sendable {
    /// What lives on the loop's thread.
    private final class Residents {
        let context: BootContext
        var dhcp: DHCPService?
        var nbd: [NBDService] = []
        var others: [AnyObject] = []
        init(context: BootContext) { self.context = context }
    }

    /// Only the loop's thread opens it.
    private final class Home: @unchecked Sendable {
        // Sendable: the loop's thread alone reads and writes it.
        var residents: Residents?
    }

    private let mailbox: EventLoop.Mailbox
    private let home: Home

    init(
        settings: ServerSettings, policy: ServerPolicy, sockets: Sockets, snapshot: FleetSnapshot,
        former: FormerRun, budget: DescriptorBudget,
        send: @escaping @Sendable (NodeReport) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) throws {
        let home = Home()
        self.home = home
        var committer: LeaseCommitter?
        if settings.roles.contains(.dhcp) {
            committer = try LeaseCommitter(journal: try LeaseJournal(settings.journalPath), log: log)
        }
        let writer = committer
        let deliveries =
            settings.roles.contains(.http)
            ? try DeliveryWriter(journal: try DeliveryJournal(settings.deliveryPath), log: log) : nil
        mailbox = try EventLoop.start(name: "roost-loop") { loop in
            var tracker = BootTracker()
            tracker.restore(former.boots, isNode: snapshot.knows)
            for event in tracker.restore(former.deliveries) { send(.boot(event)) }
            // Of a clock that was ahead: they are not still to come.
            if let leap = former.leap, leap.milliseconds < 0 { tracker.move(with: leap) }
            let limits = PeerLimits(allowances: policy.allowances, budget: budget) {
                ServerLog.logger.warning("\($0)")
            }
            let residents = Residents(
                context: try BootContext(
                    loop: loop, settings: policy.context, snapshot: snapshot, tracker: tracker,
                    limits: limits,
                    send: send))
            home.residents = residents
            if settings.roles.contains(.center) { residents.context.center = .opening }
            if let deliveries {
                let sender = loop.sender
                residents.context.writeDelivery = { delivery, number in
                    deliveries.write(delivery) { isWritten in
                        sender.submit { _ in
                            home.residents?.context.take(written: number, isWritten: isWritten)
                        }
                    }
                }
            }
            if let writer {
                try Self.startDHCP(
                    residents, sockets, policy.networks, former: former, committer: writer, loop: loop,
                    log: log)
            }
            try Self.startOthers(residents, sockets, settings: settings, loop: loop, log: log)
        }
    }

    private static func startDHCP(
        _ residents: Residents, _ sockets: Sockets, _ networks: ServedNetworks, former: FormerRun,
        committer: LeaseCommitter, loop: EventLoop,
        log: @escaping @Sendable (String) -> Void
    ) throws {
        let service = DHCPService(
            links: networks.links, reservations: networks.reservations, leases: former.leases,
            leap: former.leap,
            committer: committer, context: residents.context, log: log)
        for box in sockets.dhcp {
            guard let dhcp = box.dhcp.take() else { continue }
            try service.listen(
                on: dhcp.socket, frames: dhcp.frames, neighbours: dhcp.neighbours,
                at: DHCPService.Endpoint(interface: box.interface), loop: loop)
        }
        for box in sockets.bootServers {
            guard let socket = box.socket.take() else { continue }
            try service.listen(
                on: socket, frames: nil, neighbours: nil,
                at: DHCPService.Endpoint(interface: box.interface, isBootServer: true), loop: loop)
        }
        for box in sockets.routerSolicitations {
            guard let socket = box.socket.take(), let interface = box.interface else { continue }
            residents.others.append(try RouterAdvertiser(socket: socket, interface: interface, loop: loop))
        }
        residents.dhcp = service
    }

    private static func startOthers(
        _ residents: Residents, _ sockets: Sockets, settings: ServerSettings, loop: EventLoop,
        log: @escaping @Sendable (String) -> Void
    ) throws {
        var tftp = TFTPService.Settings()
        tftp.isSinglePort = settings.tftp.isSinglePort
        tftp.limits = TFTPNegotiation.Limits(
            blockByteLimit: settings.tftp.blockByteLimit, windowBlockLimit: settings.tftp.windowBlockLimit)
        for box in sockets.tftp {
            guard let socket = box.socket.take() else { continue }
            residents.others.append(
                try TFTPService(
                    socket: socket, loop: loop, context: residents.context, settings: tftp))
        }
        for box in sockets.http {
            guard let socket = box.socket.take() else { continue }
            residents.others.append(
                try HTTPService(listener: socket, loop: loop, context: residents.context, log: log))
        }
        for box in sockets.logs {
            guard let socket = box.socket.take() else { continue }
            residents.others.append(
                try LogReceiver(socket: socket, loop: loop, context: residents.context))
        }
        for box in sockets.nbd {
            guard let socket = box.socket.take() else { continue }
            residents.nbd.append(
                try NBDService(listener: socket, loop: loop, context: residents.context, log: log))
        }
    }

    /// The data planes answer from `snapshot` from now on.
    func swap(_ snapshot: FleetSnapshot) {
        let home = home
        mailbox.submit { _ in home.residents?.context.swap(snapshot) }
    }

    /// The receipts of these are stored.
    func deliver(_ deliveries: [SecretDelivery]) {
        let home = home
        mailbox.submit { _ in home.residents?.context.take(deliveries) }
    }

    /// Log-ins that nodes ask for are answered by the control center from now on.
    func askForLogIns(_ center: any NodeLogIns) {
        let (home, mailbox) = (home, mailbox)
        mailbox.submit { _ in
            home.residents?.context.center = .open { question in
                Task {
                    let answer = await center.logIn(
                        question.request, by: question.node, machine: question.machine, at: question.address)
                    mailbox.submit { _ in home.residents?.context.take(answer, for: question.machine) }
                }
            }
        }
    }

    /// The data planes go by this policy from now on; what is leased stays leased.
    func reconfigure(_ policy: ServerPolicy) {
        let home = home
        mailbox.submit { _ in
            home.residents?.context.settings = policy.context
            home.residents?.context.limits.allowances = policy.allowances
            home.residents?.dhcp?.reconfigure(
                links: policy.networks.links, reservations: policy.networks.reservations)
        }
    }

    func policy() async -> BootPolicy { await ask { $0.context.settings.policy } }

    /// What machines last told DHCP that they boot with.
    func clients() async -> [MACAddress: BootClient] { await ask { $0.context.clients } }

    /// When machines were last heard of.
    func heard() async -> HeardMachines { await ask { $0.context.heard } }

    func leases() async -> [Lease] { await ask { $0.dhcp?.leases ?? [] } }

    func leaseCount() async -> Int { await ask { $0.dhcp?.leaseCount ?? 0 } }

    func openVersions() async -> [Fleet.Digest: Int] {
        await ask { residents in
            residents.nbd.reduce(into: residents.context.nfsRoots().versions) { all, service in
                all.merge(service.openVersions) { $0 + $1 }
            }
        }
    }

    /// Versions that nodes read by NFS: their files cannot go while they do.
    func mountedVersions() async -> [Fleet.Digest: Int] { await ask { $0.context.nfsRoots().versions } }

    /// Who was limited.
    func limitFigures() async -> LimitFigures { await ask { $0.context.limits.figures } }

    func restart(_ machines: [MACAddress]) async { await ask { $0.context.restart(machines) } }

    func powerOff(_ machines: [MACAddress]) async { await ask { $0.context.powerOff(machines) } }

    func wake(_ machines: [MACAddress]) async -> Bool { await ask { $0.dhcp?.wake(machines) ?? false } }

    func currentSteps(of machine: MACAddress) async throws -> [CurrentStep]? {
        try await ask { residents in Result { try residents.context.currentSteps(of: machine) } }.get()
    }

    func apply(_ marks: [String: String], to machine: MACAddress) async {
        await ask { $0.context.apply(marks, to: machine) }
    }

    func openBoot(of machine: MACAddress, _ version: Fleet.Digest) async -> String {
        await ask { $0.context.openBoot(of: machine, version) }
    }

    func openVolumes() async -> [NodeName: Int] {
        await ask { residents in
            residents.nbd.reduce(into: residents.context.nfsRoots().trees) { all, service in
                all.merge(service.openVolumes) { $0 + $1 }
            }
        }
    }

    func rootActivity() async -> [IPv4Address: RootActivity] {
        await ask { residents in
            residents.nbd.reduce(into: [:]) { all, service in all.merge(service.activity) { $1 } }
        }
    }

    private func ask<T: Sendable>(_ question: @escaping @Sendable (Residents) -> T) async -> T {
        let home = home
        return await withCheckedContinuation { continuation in
            mailbox.submit { _ in
                guard let residents = home.residents else {
                    preconditionFailure("the loop was asked before it was prepared")
                }
                continuation.resume(returning: question(residents))
            }
        }
    }
}
