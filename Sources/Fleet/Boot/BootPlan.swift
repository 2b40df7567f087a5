package import Wire

/// The address that DHCP gave a client, handed down to its kernel so that nobody has to ask again.
package struct ClientAddress: Equatable, Sendable {
    package var address: IPv4Address
    package var network: IPv4Network
    package var router: IPv4Address?
    package var nameServers: [IPv4Address]
    /// Nil for a lease without end.
    package var leaseSeconds: UInt32?

    package init(
        address: IPv4Address, network: IPv4Network, router: IPv4Address? = nil,
        nameServers: [IPv4Address] = [],
        leaseSeconds: UInt32? = nil
    ) {
        self.address = address
        self.network = network
        self.router = router
        self.nameServers = nameServers
        self.leaseSeconds = leaseSeconds
    }
}

/// Everything a boot script says for one machine, and why.
package struct BootPlan: Equatable, Sendable {
    package enum Target: Equatable, Sendable {
        case image(ImageVersion, nodeArchive: NodeArchive)
        /// Nobody has approved the machine yet: it shows who it is, and asks again. The code is on the screen and in the list.
        case waiting(code: String, asksForPIN: Bool)
        /// Nothing can be booted; the text is shown on the machine's screen, and it asks again.
        case nothing(because: String)
    }

    /// One line of explanation: what was chosen, and where the choice comes from.
    package struct Reason: Equatable, Sendable {
        package var choice: String
        package var because: String
    }

    package var name: NodeName
    package var macAddress: MACAddress
    package var isKnown: Bool
    package var target: Target
    package var commandLine: [String]
    package var reasons: [Reason]
    package var policy: BootPolicy
    /// The node's volume has to be made, grown or reset before it boots.
    package var wantsVolume = false
}

/// The identity of a machine that asks for its script.
package struct BootIdentity: Equatable, Sendable {
    package var macAddress: MACAddress
    package var uuid: MachineUUID?
    package var address: ClientAddress?
    /// Names this boot in the node's reports and opens its configuration.
    package var boot: String?
    /// What it told DHCP that it is; nil where another server gives the addresses.
    package var architecture: ClientArchitecture?

    package init(
        macAddress: MACAddress, uuid: MachineUUID? = nil, address: ClientAddress? = nil, boot: String? = nil,
        architecture: ClientArchitecture? = nil
    ) {
        self.architecture = architecture
        self.macAddress = macAddress
        self.uuid = uuid
        self.address = address
        self.boot = boot
    }
}

extension NodeName {
    /// The name of a machine that nobody has named: `n` and its hardware address.
    package init(unknown address: MACAddress) {
        // Thirteen characters of the allowed set: it cannot fail.
        self = (try? NodeName("n" + address.text(separator: ""))) ?? .unnamed
    }

    private static let unnamed = NodeName(constant: "unnamed")

    fileprivate init(constant: StaticString) { text = constant.description }
}

/// What `identity` boots now.
package func bootPlan(
    for identity: BootIdentity, in snapshot: FleetSnapshot, under policy: BootPolicy
) -> BootPlan {
    let node = snapshot.node(at: identity.macAddress, uuid: identity.uuid)
    let settings = snapshot.settings(of: node)
    let name = node?.name ?? NodeName(unknown: identity.macAddress)
    var plan = BootPlan(
        name: name, macAddress: identity.macAddress, isKnown: node != nil, target: .nothing(because: ""),
        commandLine: [], reasons: [], policy: policy)
    plan.reasons.append(
        BootPlan.Reason(
            choice: "node \(name)",
            because: node.map { "enrolled in \($0.group)" }
                ?? "unknown hardware address \(identity.macAddress)"))
    if node == nil {
        let place = identity.address?.address ?? policy.clientNetwork ?? policy.server
        switch snapshot.enrolment(at: place) {
        case .open: break
        case .quarantine:
            plan.target = .waiting(
                code: FleetSnapshot.screenCode(of: identity.macAddress), asksForPIN: snapshot.asksForPIN)
            plan.reasons.append(
                BootPlan.Reason(choice: "waits for approval", because: "setting enrolment = quarantine"))
            return plan
        case .refuse:
            plan.target = .nothing(
                because: "this machine is not known here, and unknown machines are refused")
            return plan
        }
    }
    if let lack = settings.lackOfRole(under: policy) {
        let setting = settings[.rootMode]
        plan.target = .nothing(because: lack)
        plan.reasons.append(
            BootPlan.Reason(choice: "nothing to boot", because: "root-mode = nfs: \(setting.origin)"))
        return plan
    }
    let chosen = chooseVersion(
        for: node, at: identity.macAddress, from: identity.address?.address ?? policy.clientNetwork, settings,
        in: snapshot)
    switch chosen {
    case .failure(let problem):
        plan.wantsVolume = problem.wantsVolume
        plan.target = .nothing(because: problem.text)
        plan.reasons.append(BootPlan.Reason(choice: "nothing to boot", because: problem.text))
    case .success(let choice):
        let version = choice.version
        plan.reasons.append(
            BootPlan.Reason(
                choice: "image \(version.image)@\(version.number) (\(version.digest.short))",
                because: choice.because))
        if let foreign = ForeignImage(version, on: identity.architecture) {
            plan.target = .nothing(because: foreign.description)
            plan.reasons.append(
                BootPlan.Reason(choice: "nothing to boot", because: foreign.description))
            return plan
        }
        let archive: NodeArchive
        do { archive = try policy.nodeArchive(for: version) } catch {
            plan.target = .nothing(because: error.description)
            return plan
        }
        let settings = choice.isRescue ? settings.withoutKeptRoot : settings
        plan.target = .image(version, nodeArchive: archive)
        plan.commandLine = kernelCommandLine(
            for: identity, named: name, choice, settings: settings,
            volume: node.flatMap { snapshot.volume(of: $0.name) }, policy: policy)
        for definition in [SettingDefinition.rootMode, .console, .kernelArguments, .onFailure] {
            let setting = settings[definition]
            plan.reasons.append(
                BootPlan.Reason(
                    choice: "\(definition.name) = \(setting.value)", because: setting.origin.description))
        }
    }
    return plan
}

/// Seconds for which the last words of a kernel can be read on the screen.
private let panicSeconds = 20

/// The words for the kernel. What `init` reads begins with `roost.`; `ip` and `BOOTIF` have the meaning that they
/// have everywhere (Documentation/admin-guide/nfs/nfsroot.rst, PXELINUX IPAPPEND).
func kernelCommandLine(
    for identity: BootIdentity, named name: NodeName, _ choice: ChosenVersion, settings: EffectiveSettings,
    volume: Volume?, policy: BootPolicy
) -> [String] {
    let version = choice.version
    var words = ["BOOTIF=01-\(identity.macAddress.text(separator: "-"))"]
    if let lease = identity.address {
        let router = lease.router.map(\.description) ?? ""
        words.append("ip=\(lease.address):\(policy.server):\(router):\(lease.network.mask):\(name)::off")
        if !lease.nameServers.isEmpty {
            words.append("roost.dns=\(lease.nameServers.map(\.description).joined(separator: ","))")
        }
        if let seconds = lease.leaseSeconds { words.append("roost.lease=\(seconds)") }
    } else {
        words.append("ip=:\(policy.server):::\(name)::dhcp")
    }
    words.append("roost.http=\(policy.server):\(policy.httpPort)")
    words.append("roost.nbd=\(policy.server):\(policy.nbdPort)")
    words.append("roost.root=\(settings.text(.rootMode))")
    words.append("roost.export=\(version.image)@\(version.digest.short)")
    if settings.text(.rootMode) == "ram", let root = version.manifest.file("root.squashfs") {
        words.append("roost.image=\(version.digest)")
        words.append("roost.sha256=\(root.sha256)")
        words.append("roost.size=\(root.byteCount)")
    }
    if settings.text(.rootMode) == "nfs", let nfs = policy.nfs {
        let isOwn = settings.volumeKind == .tree
        let path =
            isOwn
            ? "\(nfs.trees)/\(volume?.path ?? "")" : "\(nfs.images)/\(version.image)/\(version.digest)"
        words.append("roost.nfs=\(policy.server):\(path)")
        words.append("roost.nfs-root=\(isOwn ? "own" : "shared")")
    }
    if settings.volumeKind == .disk, let boot = identity.boot {
        words.append("roost.volume=\(VolumeExportName(.volume, of: name, boot: boot))")
    }
    let directories = settings.list(.persistentDirectories)
    // In a root of its own everything outlives the boot already.
    if !directories.isEmpty, settings.volumeKind != .tree || !settings.text(.persistentDisk).isEmpty {
        words.append("roost.persist=\(directories.joined(separator: ":"))")
        let disk = settings.text(.persistentDisk)
        if !disk.isEmpty { words.append("roost.disk=\(disk)") }
    }
    let swaps = settings.swaps.compactMap { place -> String? in
        switch place {
        case .zram(let percent): "zram:\(percent)"
        case .disk: "disk"
        case .server: identity.boot.map { "\(VolumeExportName(.swap, of: name, boot: $0))" }
        }
    }
    if !swaps.isEmpty { words.append("roost.swap=\(swaps.joined(separator: ","))") }
    words.append("roost.connections=\(settings.integer(.nbdConnections))")
    words.append("roost.overlay=\(settings.text(.overlaySize))")
    if let terms = choice.trial {
        // Nobody watches a trial: whatever goes wrong ends in a restart, and the next boot is of a good version.
        words.append("roost.failure=reboot")
        words.append("roost.deadline=\(terms.readyWithin)")
    } else {
        words.append("roost.failure=\(settings.text(.onFailure))")
    }
    // A kernel that has panicked starts the machine again: nobody may be there to do it.
    words.append("panic=\(panicSeconds)")
    if settings.isOn(.netconsole), let port = policy.netconsolePort {
        words.append("roost.netconsole=\(port)")
    }
    if let boot = identity.boot { words.append("roost.boot=\(boot)") }
    // systemd and udev must leave the boot card's name alone: it is in use before they run.
    words.append("net.ifnames=0")
    words += settings.list(.kernelArguments)
    words += settings.list(.console).map { "console=\($0)" }
    return words
}
