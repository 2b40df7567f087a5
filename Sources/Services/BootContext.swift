package import Fleet
import Glibc
package import Linux
package import Sealing
package import Wire

/// What the services of one loop share: the configuration as it is now, and what is known of the machines that boot.
///
/// It lives on the loop's thread; another thread changes it through the loop's mailbox.
package final class BootContext {
    package struct Settings: Sendable {
        package var policy: BootPolicy
        /// Holds `IMAGE/DIGEST/FILE`.
        package var imageStore: String
        /// Holds `NODE/GENERATION.ext4`.
        package var volumeDirectory: String
        /// Holds `DIGEST.cpio`, a file for each of `policy.nodeArchives`.
        package var nodeArchiveDirectory: String
        /// Loader file name → path on this server.
        package var loaders: [String: String]
        /// By which nodes know this server.
        package var key: ServerKey
        /// From which nodes' own keys are made.
        package var secrets: NodeSecrets

        package init(
            policy: BootPolicy, imageStore: String, volumeDirectory: String, nodeArchiveDirectory: String,
            loaders: [String: String], key: ServerKey, secrets: NodeSecrets
        ) {
            self.volumeDirectory = volumeDirectory
            self.policy = policy
            self.imageStore = imageStore
            self.nodeArchiveDirectory = nodeArchiveDirectory
            self.loaders = loaders
            self.key = key
            self.secrets = secrets
        }
    }

    /// Files kept open beyond those in use.
    private static let machineLimit = 65_536
    private static let bootTestLimit = 64

    package var settings: Settings
    package var snapshot: FleetSnapshot
    package var tracker: BootTracker
    /// What peers may have and ask.
    package let limits: PeerLimits
    private let send: @Sendable (NodeReport) -> Void
    /// Asks the DHCP service who holds an address now; without one nobody does.
    package var clientAddress: (IPv4Address) -> (MACAddress, ClientAddress)? = { _ in nil }
    /// Whether this server's DHCP gives the addresses of the network that an address is in.
    package var givesAddressesLike: (IPv4Address) -> Bool = { _ in false }
    /// Tells the DHCP service that the wall clock was set.
    package var clockJumped: (ClockJump) -> Void = { _ in }
    private let readClocks: () -> ClockReading
    private var clock: WatchedClock
    private var neighbours = NeighbourTable()
    /// Machines of boot tests: they speak from this host itself.
    private var bootTestMachines: Set<MACAddress> = []
    private var refusals = RefusalLog()
    private var openFiles: [String: ServedFile] = [:]
    /// All that somebody reads, also those that are no longer in `openFiles`.
    private var servedFiles: [WeakFile] = []
    /// What immutable URLs name, by the request's own words: the thousandth node asks for what the first one did. `head` is an answer's
    /// ``HTTPAnswer/lastingHead``.
    var immutableFiles: [String: (file: ServedFile, stage: BootStage?, head: [UInt8])] = [:]
    private let readers: ColdReaders
    /// The boot in which a machine is asked to restart.
    private var restarts: [MACAddress: String] = [:]
    /// The boot in which a machine has told who is logged in.
    private var sessionsTold: [MACAddress: String] = [:]
    /// Machines that are asked for that, or not, by their settings as they are now.
    private var reportsSessions: [MACAddress: Bool] = [:]
    /// When a machine last asked for orders, and when nobody could have: milliseconds of `EventLoop.now`.
    private(set) var askedAt: [MACAddress: Int] = [:]
    let startedAt = EventLoop.now()
    /// What machines last told DHCP that they boot with, since this server started.
    package private(set) var clients: [MACAddress: BootClient] = [:]
    /// The machines that cards have said they are in, where the snapshot does not know that yet.
    private var heardMachines: [MACAddress: MachineUUID] = [:]

    /// - Parameters:
    ///   - loop: the loop that all of this lives on.
    ///   - readClocks: tells what the computer's clocks say.
    package init(
        loop: EventLoop, settings: Settings, snapshot: FleetSnapshot, tracker: BootTracker,
        limits: PeerLimits = PeerLimits(),
        readClocks: @escaping () -> ClockReading = {
            ClockReading(wall: SystemClock.wall, boot: SystemClock.boot)
        }, send: @escaping @Sendable (NodeReport) -> Void
    ) throws(SystemError) {
        self.readClocks = readClocks
        clock = WatchedClock(readClocks())
        self.settings = settings
        readers = try ColdReaders(mailbox: loop.sender)
        self.snapshot = snapshot
        self.tracker = tracker
        self.limits = limits
        self.send = send
        limits.watch(on: loop)
        loop.every(milliseconds: 1_000) { [unowned self] in _ = now() }
        loop.every(milliseconds: 10_000) { [unowned self] in
            let now = EventLoop.now()
            servedFiles.removeAll { $0.file == nil }
            for served in servedFiles { served.file?.age(now: now) }
        }
    }

    // MARK: Time

    /// Milliseconds since 1970. Before a time is told that lies behind a jump, all that is kept here has moved with the clock.
    package func now() -> Int {
        let reading = readClocks()
        if let jump = clock.look(reading) { moveTimes(jump) }
        return reading.wall
    }

    private func moveTimes(_ jump: ClockJump) {
        tracker.move(with: jump)
        clockJumped(jump)
        send(.clock(jump))
    }

    // MARK: Machines and their boots

    /// The machine that speaks from `address`: the one that holds its lease now. On a network whose addresses another server
    /// gives, the one whose hardware address this host has seen there (ARP). Nil: none that this server knows of.
    package func machine(at address: IPv4Address) -> MACAddress? {
        if let (machine, _) = clientAddress(address) { return machine }
        return givesAddressesLike(address) ? nil : neighbours.machine(at: address, now: EventLoop.now())
    }

    /// The node that a machine is: by its card, or by the UUID that it has told DHCP with it.
    package func node(of machine: MACAddress) -> Node? {
        snapshot.node(at: machine, uuid: heardMachines[machine])
    }

    /// A card has told DHCP which machine it is in. That is kept for all that names the card alone, where no record has it and the
    /// machine is a node; and where the card was in a node, it is no card of that one any more.
    func note(_ uuid: MachineUUID, of card: MACAddress) {
        guard uuid.isMeaningful, snapshot.node(withRecordOf: card) == nil else { return }
        let (learned, heard) = (snapshot.observations.cards, heardMachines[card])
        let before = heard ?? learned.machine(of: card)
        if snapshot.node(at: nil, uuid: uuid) != nil,
            learned.cards(of: uuid).first != card || heard.map({ $0 != uuid }) == true,
            limits.takes(\.newCards, .dhcp, .newCards, .uuid(uuid), amount: PeerLimits.newCard)
        {
            send(.card(card, uuid))
        } else {
            guard let before, before != uuid else { return }
            if snapshot.node(at: nil, uuid: before) != nil { send(.card(card, nil)) }
        }
        if heardMachines.count >= Self.machineLimit { heardMachines.removeAll() }
        heardMachines[card] = uuid
        reportsSessions[card] = nil
    }

    /// A machine has told DHCP what it boots with. A loader knows less of that than the firmware that got it from here.
    func note(_ client: BootClient, of machine: MACAddress) {
        if case .ipxe = client.program, let firmware = clients[machine],
            bootDecision(for: firmware, in: snapshot, under: settings.policy).answer != .nothing
        {
            return
        }
        if clients.count >= Self.machineLimit { clients.removeAll() }
        clients[machine] = client
    }

    /// Whether what comes from `peer` is a machine's own word, and what is the machine's own may go there.
    ///
    /// - Parameter server: our address that was asked; nil where machines of boot tests do not come.
    func isOwn(_ machine: MACAddress, _ peer: IPv4Address, server: IPv4Address? = nil) -> Bool {
        if let holder = self.machine(at: peer) { return holder == machine }
        // Behind a router, where another server gives the addresses, nothing is to be seen of a card. What there is to know a node
        // by is the address that it was given here.
        if !givesAddressesLike(peer), node(of: machine)?.address == peer { return true }
        // The emulator of a boot test has no address of its own.
        return peer == server && bootTestMachines.contains(machine)
    }

    /// Another machine has asked for what is a machine's own, or spoken for it.
    func refuse(_ property: MachineProperty, of machine: MACAddress, to peer: IPv4Address) {
        let isNode = node(of: machine) != nil
        guard refusals.isNew(machine, isNode: isNode, peer, now: EventLoop.now()) else { return }
        let alarm = NodeAlarm(
            at: now() / 1_000, address: peer, holder: self.machine(at: peer), property: property)
        send(.refusal(machine, alarm))
    }

    /// - Parameter link: where the machine was seen.
    package func note(_ stage: BootStage, of machine: MACAddress, detail: String, link: String = "") {
        let before = tracker.progress(of: machine)
        let event = tracker.note(
            stage, of: machine, at: now(), detail: detail, link: link, isNode: { node(of: $0) != nil }
        ) {
            let text = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        for (machine, link) in tracker.takeForgotten() {
            send(.forgotten(machine))
            limits.refuse(
                PeerLimit(.reports, .waitingMachines, most: BootTracker.linkLimit),
                link.isEmpty ? .machine(machine) : .link(link))
        }
        if let event { record(event, before: before) }
    }

    /// Whether what a machine logs is kept: it is a node, or waits to be one.
    func hasLog(_ machine: MACAddress) -> Bool {
        node(of: machine) != nil || tracker.currentBoot(of: machine) != nil
    }

    /// - Parameter age: milliseconds since the node reached the stage.
    /// - Returns: whether the machine is in that boot.
    package func report(_ stage: BootStage, boot: String, machine: MACAddress, age: Int, detail: String)
        -> Bool
    {
        var detail = detail
        switch tracker.room(for: stage, byteCount: detail.utf8.count, boot: boot, machine: machine) {
        case .all: break
        case .stageOnly: detail = ""
        case .nothing(let limit):
            // As if it had been taken: a node that is told of a mistake would try again.
            limits.refuse(limit, .machine(machine))
            return true
        }
        let before = tracker.progress(of: machine)
        let event = tracker.report(stage, boot: boot, machine: machine, at: now() - age, detail: detail)
        guard let event else { return false }
        record(event, before: before)
        return true
    }

    /// Takes note that a machine's configuration goes to the address that it has now.
    ///
    /// - Parameter key: of the node.
    func deliver(to machine: MACAddress, at address: IPv4Address, boot: String, key: [UInt8])
        -> BootTracker.Delivery
    {
        let before = tracker.progress(of: machine)
        let delivery = tracker.deliver(
            ConfigurationDelivery(address: address, publicKey: key), boot: boot, machine: machine, at: now())
        if case .first(let event) = delivery { record(event, before: before) }
        return delivery
    }

    private func record(_ event: BootEvent, before: BootProgress?) {
        send(.boot(event))
        // The machine may ask for its next script before this event has come back as a configuration that holds it.
        guard let judged = JudgedBoot(event, before: before) else { return }
        let known = snapshot.observations.troubles[event.macAddress]
        let trouble = BootTrouble.after(judged, before: known)
        if trouble != known { snapshot = snapshot.observing { $0.troubles[event.macAddress] = trouble } }
    }

    package func reportHardware(_ json: [UInt8], of machine: MACAddress) {
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return }
        send(.hardware(machine, json))
    }

    package func reportRegistration(_ registration: Registration, of machine: MACAddress) {
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return }
        send(.registration(machine, registration))
    }

    package func log(_ message: LogMessage, of machine: MACAddress) {
        send(.log(machine, at: now(), message))
    }

    /// The volume or swap that the machine at `peer` may open: its own, inside the boot that it is in.
    func disk(_ name: VolumeExportName, for peer: IPv4Address?) -> NodeDisk? {
        guard let machine = tracker.machine(ofBoot: name.boot), let node = node(of: machine),
            node.name == name.node, tracker.currentBoot(of: machine) == name.boot
        else { return nil }
        // Without a peer it is a question of this server's own.
        if let peer, !isOwn(machine, peer) {
            refuse(name.kind == .volume ? .volume : .swap, of: machine, to: peer)
            return nil
        }
        switch name.kind {
        case .volume:
            return snapshot.volume(of: name.node).map { volume in
                NodeDisk(
                    name: name, path: "\(settings.volumeDirectory)/\(volume.path)",
                    byteCount: volume.byteCount)
            }
        case .swap:
            let places = snapshot.settings(of: node)[Fleet.Settings.swap]
            let sizes = (places ?? []).compactMap { place in
                if case .server(let byteCount) = place { byteCount } else { nil }
            }
            return sizes.first.map { size in
                NodeDisk(
                    name: name, path: "\(settings.volumeDirectory)/\(name.node)/\(name.boot).swap",
                    byteCount: size)
            }
        }
    }

    /// The key of a machine's encrypted volume; nil when it has none.
    ///
    /// - Throws: when it has one whose key is not there, or cannot be opened.
    func volumeKey(of machine: MACAddress) throws(SystemError) -> [UInt8]? {
        guard let node = node(of: machine), let volume = snapshot.volume(of: node.name),
            volume.isEncrypted, (try? snapshot.settings(of: node).volumeKind) == .disk
        else { return nil }
        let path = "\(settings.volumeDirectory)/\(volume.keyPath)"
        guard let key = settings.secrets.open(try WholeFile.read(path)) else {
            throw SystemError("open the key of the volume of \(node.name) with keys/nodes", number: EBADMSG)
        }
        return key.bytes
    }

    /// Asks machines to restart, inside the boots that they are in now.
    package func restart(_ machines: [MACAddress]) {
        if restarts.count >= Self.machineLimit { restarts.removeAll() }
        for machine in machines { restarts[machine] = tracker.currentBoot(of: machine) }
    }

    /// The order for a machine, which it gets once.
    func takeOrder(for machine: MACAddress, in boot: String) -> String? {
        if askedAt.count >= Self.machineLimit { askedAt.removeAll() }
        askedAt[machine] = EventLoop.now()
        if let wanted = restarts.removeValue(forKey: machine), wanted == boot { return "restart" }
        let isWanted = wantsSessions(of: machine)
        if isWanted { return sessionsTold[machine] == boot ? nil : "sessions" }
        if sessionsTold.removeValue(forKey: machine) != nil {
            send(.sessions(machine, boot: boot, []))
        }
        return nil
    }

    // MARK: Who is logged in

    private func wantsSessions(of machine: MACAddress) -> Bool {
        if let known = reportsSessions[machine] { return known }
        let isWanted = snapshot.settings(of: node(of: machine))[Fleet.Settings.reportSessions] == true
        if reportsSessions.count >= Self.machineLimit { reportsSessions.removeAll() }
        reportsSessions[machine] = isWanted
        return isWanted
    }

    /// - Returns: whether the node is to tell it at all.
    func reportSessions(_ json: [UInt8], of machine: MACAddress, in boot: String) -> Bool {
        guard wantsSessions(of: machine) else { return false }
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return true }
        if sessionsTold.count >= Self.machineLimit { sessionsTold.removeAll() }
        sessionsTold[machine] = boot
        send(.sessions(machine, boot: boot, json))
        return true
    }

    /// Opens a boot of `version` for a machine that is known to get it, and names the boot.
    package func openBoot(of machine: MACAddress, _ version: Digest) -> String {
        if bootTestMachines.count >= Self.bootTestLimit { bootTestMachines.removeAll() }
        bootTestMachines.insert(machine)
        note(.script, of: machine, detail: "boot test")
        tracker.offer(version, to: machine)
        return tracker.currentBoot(of: machine) ?? ""
    }

    // MARK: Files

    /// The mapped file at `path`, opened at most once.
    package func open(_ path: String) throws(SystemError) -> ServedFile {
        if let file = openFiles[path] { return file }
        if openFiles.count >= limits.budget.files { openFiles.removeAll() }
        let file = ServedFile(try MappedFile(path), readers: readers)
        openFiles[path] = file
        servedFiles.append(WeakFile(file: file))
        return file
    }

    private struct WeakFile {
        weak var file: ServedFile?
    }

    /// After a change of the images no file is kept on the chance that somebody asks; who reads one keeps it until the
    /// end.
    package func swap(_ snapshot: FleetSnapshot) {
        if snapshot.images != self.snapshot.images {
            openFiles.removeAll()
            immutableFiles.removeAll()
        }
        self.snapshot = snapshot
        reportsSessions.removeAll()
        heardMachines = heardMachines.filter { card, machine in
            if snapshot.node(withRecordOf: card) != nil { return false }
            let known = snapshot.observations.cards.machine(of: card)
            return known != machine && (known != nil || snapshot.node(at: nil, uuid: machine) != nil)
        }
    }

    package func path(of version: ImageVersion, _ file: String) -> String {
        "\(settings.imageStore)/\(version.image)/\(version.digest)/\(file)"
    }

    /// The plan of a machine that boots by it.
    func offer(to machine: MACAddress, at address: IPv4Address, server: IPv4Address) -> BootPlan {
        let plan = plan(for: machine, at: address, server: server)
        if case .image(let version, _) = plan.target { tracker.offer(version.digest, to: machine) }
        if plan.wantsVolume { send(.volumeWanted(machine, address)) }
        return plan
    }

    /// The plan of a machine that asks from `address`, for the server address that it asked.
    package func plan(for machine: MACAddress, at address: IPv4Address, server: IPv4Address) -> BootPlan {
        let lease = clientAddress(address).flatMap { $0.0 == machine ? $0.1 : nil }
        let identity = BootIdentity(
            macAddress: machine, uuid: heardMachines[machine], address: lease,
            boot: tracker.currentBoot(of: machine), architecture: clients[machine]?.architecture)
        return bootPlan(for: identity, in: snapshot, under: settings.policy.on(server: server, for: address))
    }
}
