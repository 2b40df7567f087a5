package import Fleet
package import Linux
package import Sealing
package import Wire

/// What the services of one loop share: the present configuration, and what is known about machines that boot.
///
/// It lives on the loop's thread; other threads change it through the loop's mailbox.
package final class BootContext {
    package struct Settings: Sendable {
        package var policy: BootPolicy
        /// Contains `IMAGE/DIGEST/FILE`.
        package var imageStore: String
        /// Contains `NODE/GENERATION.ext4`.
        package var volumeDirectory: String
        /// Contains `DIGEST.cpio`, one file per entry of `policy.nodeArchives`.
        package var nodeArchiveDirectory: String
        /// Loader file name → path on this server.
        package var loaders: [String: String]
        /// Identifies this server to nodes.
        package var key: ServerKey
        /// Nodes' own keys are derived from it.
        package var secrets: NodeSecrets
        /// Makers of TPMs; nil: a node's first TPM is believed.
        package var tpmAuthorities: TPMAuthorities?
        /// Contents of stored files, which the control center brings.
        package var storedContents = StoredContents()

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

    /// Machines that are remembered beyond those that boot.
    static let machineLimit = 65_536
    private static let bootTestLimit = 64

    package var settings: Settings
    package var snapshot: FleetSnapshot
    package var tracker: BootTracker
    /// What peers may have and request.
    package let limits: PeerLimits
    let send: @Sendable (NodeReport) -> Void
    /// What the DHCP service knows; see ``DHCPService``.
    package var addresses: any AddressBook = NoAddresses()
    private let readClocks: () -> ClockReading
    private var clock: WatchedClock
    /// The name of the interface with a number.
    package var interfaceName: (UInt32) -> String? = NetworkInterface.name
    var neighbours = NeighbourTable()
    /// By the kernel's numbers, which it does not reuse.
    var interfaceNames: [UInt32: String] = [:]
    /// Machines of boot tests: they connect from this host itself.
    var bootTestMachines: Set<MACAddress> = []
    var refusals = RefusalLog()
    /// What shows that another machine has a node's card.
    var marks = MachineMarks(machineLimit: BootContext.machineLimit)
    private var openFiles: [String: ServedFile] = [:]
    /// All files with readers, including those no longer in `openFiles`.
    private var servedFiles: [WeakFile] = []
    /// Files that immutable URLs name, by the request's own path: the thousandth node asks for the same as the first. `head` is an answer's
    /// ``HTTPAnswer/lastingHead``.
    var immutableFiles: [String: (file: ServedFile, stage: BootStage?, head: [UInt8])] = [:]
    private let readers: ColdReaders
    var orders = NodeOrders()
    var registrationHints = RegistrationHints()
    var hearing = Hearing()
    var stateMarks = KnownStateMarks()
    var knownNodeLists = KnownNodeLists()
    /// The public halves of nodes' host keys, by their numbers and names.
    var hostKeyLines: [String: String] = [:]
    var secretClaims = SecretClaims()
    var unwritten = UnwrittenDeliveries()
    /// Writes which key a configuration goes to; nil: nothing does. That it is on the disk comes by ``take(written:isWritten:)``, with the number.
    package var writeDelivery: ((WrittenDelivery, Int) -> Void)?
    var runningSteps = RunningSteps()
    var tpmProofs = TPMProofs()
    var logIns = LogInRequests()
    let largeAnswers = LargeAnswers()
    /// Where a session is, says the control center. Its answer comes by ``take(_:for:)``.
    package var center = CenterDoor.none
    let startedAt = EventLoop.now()
    /// The firmware or loader that machines last named in DHCP, since this server started.
    package internal(set) var clients: [MACAddress: BootClient] = [:]
    /// The names that machines had when they were given their scripts, since this server started: their swap is exported by them.
    var bootNames: [MACAddress: NodeName] = [:]
    /// The machine that a card said it is in, while the snapshot does not know that yet.
    var heardMachines: [MACAddress: MachineUUID] = [:]

    /// - Parameters:
    ///   - loop: the loop that all of this lives on.
    ///   - readClocks: reads the computer's clocks.
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
        loop.every(milliseconds: 1_000) { [unowned self] in
            _ = now()
            giveUpLogIns()
        }
        loop.every(milliseconds: 10_000) { [unowned self] in
            let now = EventLoop.now()
            secretClaims.forgetOld(now: now)
            tpmProofs.forgetOld(now: now)
            servedFiles.removeAll { $0.file == nil }
            for served in servedFiles { served.file?.age(now: now) }
        }
    }

    // MARK: Time

    /// Milliseconds since 1970. After a jump of the clock, all stored times are moved before this returns.
    package func now() -> Int {
        let reading = readClocks()
        if let jump = clock.look(reading) { moveTimes(jump) }
        return reading.wall
    }

    private func moveTimes(_ jump: ClockJump) {
        tracker.move(with: jump)
        addresses.move(with: jump)
        send(.clock(jump))
    }

    // MARK: Boots

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

    /// Whether to keep a machine's log: it is a node, or waits for approval.
    func hasLog(_ machine: MACAddress) -> Bool {
        node(of: machine) != nil || tracker.currentBoot(of: machine) != nil
    }

    /// - Parameters:
    ///   - age: milliseconds since the node reached the stage.
    ///   - tree: its own root over NFS that it has mounted, with the stage `root`.
    /// - Returns: whether the machine is in that boot.
    package func report(
        _ stage: BootStage, boot: String, machine: MACAddress, age: Int, detail: String,
        tree: TreeReference? = nil
    ) -> Bool {
        var detail = detail
        switch tracker.room(for: stage, byteCount: detail.utf8.count, boot: boot, machine: machine) {
        case .all: break
        case .stageOnly: detail = ""
        case .nothing(let limit):
            // Answered as if it had been accepted: a node that gets an error would try again.
            limits.refuse(limit, .machine(machine))
            return true
        }
        let before = tracker.progress(of: machine)
        let event = tracker.report(
            stage, boot: boot, machine: machine, at: now() - age, detail: detail, tree: tree)
        guard let event else { return false }
        record(event, before: before)
        return true
    }

    /// Records that a machine's configuration goes to its present address.
    ///
    /// - Parameter key: of the node.
    func deliver(to machine: MACAddress, at address: IPv4Address, boot: String, key: [UInt8])
        -> BootTracker.Delivery
    {
        let before = tracker.progress(of: machine)
        let delivery = tracker.deliver(
            ConfigurationDelivery(address: address, publicKey: key), boot: boot, machine: machine, at: now())
        if case .first(let event) = delivery {
            if writeDelivery != nil { unwritten.note(boot, of: machine) }
            knownNodeLists.noteChange()
            record(event, before: before)
        }
        return delivery
    }

    func record(_ event: BootEvent, before: BootProgress?) {
        send(.boot(event))
        // The machine may ask for its next script before this event returns as a configuration that contains it.
        guard let judged = JudgedBoot(event, before: before) else { return }
        let known = snapshot.observations.troubles[event.macAddress]
        let trouble = BootTrouble.after(judged, before: known)
        if trouble != known { snapshot = snapshot.observing { $0.troubles[event.macAddress] = trouble } }
    }

    /// Asks machines to restart, in their present boots.
    package func restart(_ machines: [MACAddress]) { end(machines, by: .restart) }

    /// Asks machines to switch themselves off.
    package func powerOff(_ machines: [MACAddress]) { end(machines, by: .powerOff) }

    private func end(_ machines: [MACAddress], by order: NodeOrder) {
        for machine in machines { orders.end(machine, by: order, in: tracker.currentBoot(of: machine)) }
    }

    /// The order for a machine.
    func takeOrder(for machine: MACAddress, asking asked: RunningSteps.Asked) -> NodeOrder? {
        let boot = asked.boot
        noteOrders(of: machine, in: boot)
        let steps = runningSteps.note(asked, by: machine)
        let next = orders.take(for: machine, in: boot, at: EventLoop.now()) { reportsSessions(machine) }
        if next == .forgetSessions { send(.sessions(machine, boot: boot, [])) }
        if case .order(let order) = next, [.restart, .powerOff].contains(order) { return order }
        if let steps { return .apply(number: steps) }
        if case .order(let order) = next { return order }
        // Last: a node that does not know this order would hear no other.
        return hasNewsOfNodes(for: machine, asking: asked) ? .nodes : nil
    }

    // MARK: Who is logged in

    private func reportsSessions(_ machine: MACAddress) -> Bool {
        snapshot.settings(of: node(of: machine))[Fleet.Settings.reportSessions] == true
    }

    /// - Returns: whether the node should report it at all.
    func reportSessions(_ json: [UInt8], of machine: MACAddress, in boot: String) -> Bool {
        guard orders.reports(machine, { reportsSessions(machine) }) else { return false }
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return true }
        orders.noteSessions(of: machine, in: boot)
        send(.sessions(machine, boot: boot, json))
        return true
    }

    /// Opens a boot of `version` for a machine known to get it, and names the boot.
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

    /// The same for a file that people and package managers exchange while it is served: it is opened anew when it is another one.
    func openChanging(_ path: String) throws(SystemError) -> ServedFile {
        if let file = openFiles[path], file.stamp != FileStamp(path) { openFiles[path] = nil }
        return try open(path)
    }

    private struct WeakFile {
        weak var file: ServedFile?
    }

    /// After a change of the images no unused file is kept open; files with readers stay until those end.
    package func swap(_ snapshot: FleetSnapshot) {
        if snapshot.images != self.snapshot.images {
            openFiles.removeAll()
            immutableFiles.removeAll()
        }
        // What machines report changes no list, except where they are.
        if snapshot.revision != self.snapshot.revision { knownNodeLists.noteChange() }
        self.snapshot = snapshot
        orders.settingsChanged()
        knownNodeLists.settingsChanged()
        heardMachines = heardMachines.filter { card, machine in
            if snapshot.node(withRecordOf: card) != nil { return false }
            let known = snapshot.observations.cards.machine(of: card)
            return known != machine && (known != nil || snapshot.node(at: nil, uuid: machine) != nil)
        }
    }

    package func path(of version: ImageVersion, _ file: String) -> String {
        "\(settings.imageStore)/\(version.image)/\(version.digest)/\(file)"
    }

    /// The plan for a machine that boots by it.
    func offer(to machine: MACAddress, at address: IPv4Address, server: IPv4Address) -> BootPlan {
        let plan = plan(for: machine, at: address, server: server)
        if case .image(let version, _) = plan.target { tracker.offer(version.digest, to: machine) }
        if bootNames.count >= Self.machineLimit { bootNames.removeAll() }
        bootNames[machine] = plan.name
        if plan.wantsVolume { send(.volumeWanted(machine, address)) }
        return plan
    }

    /// The plan for a machine that asks from `address`, with the server address that it asked.
    package func plan(for machine: MACAddress, at address: IPv4Address, server: IPv4Address) -> BootPlan {
        let lease = addresses.holder(of: address).flatMap { $0.0 == machine ? $0.1 : nil }
        let identity = BootIdentity(
            macAddress: machine, uuid: heardMachines[machine], address: lease,
            boot: tracker.currentBoot(of: machine), architecture: clients[machine]?.architecture)
        return bootPlan(for: identity, in: snapshot, under: settings.policy.on(server: server, for: address))
    }
}
