package import Wire

/// A client's address from DHCP, passed to its kernel so that no second request is needed.
package struct ClientAddress: Equatable, Sendable {
    package var address: IPv4Address
    package var network: IPv4Network
    package var router: IPv4Address?
    package var nameServers: [IPv4Address]
    /// Nil for an infinite lease.
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

/// The contents of a machine's boot script, with the reasons.
package struct BootPlan: Equatable, Sendable {
    package enum Target: Equatable, Sendable {
        case image(ImageVersion, nodeArchive: NodeArchive)
        /// The machine is not approved: it shows its identity and asks again. The code is on the screen and in the list.
        case waiting(code: String, asksForPIN: Bool)
        /// There is nothing to boot; the machine's screen shows the text, and it asks again.
        case nothing(because: Sentence)
    }

    /// One line of explanation: a choice and its origin.
    package struct Reason: Equatable, Sendable {
        package var choice: Sentence
        package var because: Sentence
    }

    package var name: NodeName
    package var macAddress: MACAddress
    package var isKnown: Bool
    package var target: Target
    package var commandLine: [String]
    package var reasons: [Reason]
    package var policy: BootPolicy
    /// The node's volume must be created, grown or reset before it boots.
    package var wantsVolume = false

    /// The same plan for a machine that gets nothing.
    fileprivate func endingInNothing(because text: Sentence) -> Self {
        var plan = self
        plan.target = .nothing(because: text)
        plan.reasons.append(Reason(choice: "nothing to boot", because: text))
        return plan
    }
}

/// The identity of a machine that asks for its script.
package struct BootIdentity: Equatable, Sendable {
    package var macAddress: MACAddress
    package var uuid: MachineUUID?
    package var address: ClientAddress?
    /// Names this boot in the node's reports and opens its configuration.
    package var boot: String?
    /// From its DHCP request; nil when another server assigns the addresses.
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
    /// The default name of an unknown machine: `n` and its MAC address.
    package init(unknown address: MACAddress) {
        // Thirteen characters of the allowed set: it cannot fail.
        self = (try? NodeName("n" + address.text(separator: ""))) ?? .unnamed
    }

    /// The address in the default name of an unknown machine; nil for every other name.
    package var unknownMachine: MACAddress? {
        MACAddress(text.dropFirst()).flatMap { NodeName(unknown: $0) == self ? $0 : nil }
    }

    private static let unnamed = NodeName(constant: "unnamed")

    fileprivate init(constant: StaticString) { text = constant.description }
}

/// What `identity` boots now.
package func bootPlan(
    for identity: BootIdentity, in snapshot: FleetSnapshot, under policy: BootPolicy
) -> BootPlan {
    let node = snapshot.node(at: identity.macAddress, uuid: identity.uuid)
    let settings = snapshot.settings(
        of: node, at: identity.address?.address, card: identity.macAddress)
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
    if let problem = snapshot.bootProblem(of: node) {
        return plan.endingInNothing(because: problem.sentence)
    }
    if let lack = settings.lackOfRole(under: policy) {
        return plan.endingInNothing(because: lack)
    }
    let chosen = chooseVersion(
        for: node, at: identity.macAddress, from: identity.address?.address ?? policy.clientNetwork, settings,
        in: snapshot)
    switch chosen {
    case .failure(let problem):
        plan.wantsVolume = problem.wantsVolume
        return plan.endingInNothing(because: problem.text)
    case .success(let choice):
        let version = choice.version
        plan.reasons.append(
            BootPlan.Reason(
                choice: "image \(version.image)@\(version.number) (\(version.digest.short))",
                because: choice.because))
        if let foreign = ForeignImage(version, on: identity.architecture) {
            return plan.endingInNothing(because: foreign.sentence)
        }
        let archive: NodeArchive
        do { archive = try policy.nodeArchive(for: version) } catch {
            plan.target = .nothing(because: Sentence(of: error))
            return plan
        }
        let held: EffectiveSettings
        do throws(UnreadableSetting) {
            let settings = snapshot.booting(version, settings)
            held = choice.isRescue ? try settings.withoutKeptRoot : settings
            plan.commandLine = try kernelCommandLine(
                for: identity, named: name, choice, settings: held,
                volume: node.flatMap { snapshot.volume(of: $0.name) }, policy: policy)
        } catch { return plan.endingInNothing(because: error.sentence) }
        plan.target = .image(version, nodeArchive: archive)
        for definition in [
            Settings.rootMode.definition, Settings.console.definition, Settings.kernelArguments.definition,
            Settings.onFailure.definition,
        ] {
            let setting = held[definition]
            plan.reasons.append(
                BootPlan.Reason(
                    choice: "\(definition.name) = \(setting.value)", because: setting.origin.sentence))
        }
    }
    return plan
}

/// Seconds for which a kernel's panic message stays on the screen.
private let panicSeconds = 20

/// The kernel's command line: words for the initramfs (``BootWord``), for the kernel itself, and the operator's own.
func kernelCommandLine(
    for identity: BootIdentity, named name: NodeName, _ choice: ChosenVersion, settings: EffectiveSettings,
    volume: Volume?, policy: BootPolicy
) throws(UnreadableSetting) -> [String] {
    let version = choice.version
    var words = addressWords(for: identity, named: name, policy: policy)
    let mode = try settings.value(of: Settings.rootMode)
    words.append(BootWord.http.with("\(policy.server):\(policy.httpPort)"))
    words.append(BootWord.nbd.with("\(policy.server):\(policy.nbdPort)"))
    words.append(BootWord.root.with(mode.rawValue))
    words.append(BootWord.export.with("\(version.image)@\(version.digest.short)"))
    if mode == .ram, let root = version.manifest.file("root.squashfs") {
        words.append(BootWord.image.with(version.digest))
        words.append(BootWord.sha256.with(root.sha256))
        words.append(BootWord.size.with(root.byteCount))
    }
    let volumeKind = try settings.volumeKind
    if mode == .nfs, let nfs = policy.nfs {
        let isOwn = volumeKind == .tree
        let path =
            isOwn
            ? "\(nfs.trees)/\(volume?.path ?? "")" : "\(nfs.images)/\(version.image)/\(version.digest)"
        words.append(BootWord.nfs.with("\(policy.server):\(path)"))
        words.append(BootWord.nfsRoot.with((isOwn ? NFSRoot.own : .shared).rawValue))
    }
    words += try keepingWords(for: identity, named: name, at: volume?.place ?? name, settings, volumeKind)
    words.append(BootWord.connections.with(try settings.value(of: Settings.nbdConnections)))
    words.append(BootWord.overlay.with(try settings.value(of: Settings.overlaySize).settingText))
    if let terms = choice.trial {
        // Trials run unattended: any failure ends in a restart, and the next boot is of a good version.
        words.append(BootWord.failure.with(FailureAct.reboot.rawValue))
        words.append(BootWord.deadline.with(terms.readyWithin))
    } else {
        words.append(BootWord.failure.with(try settings.value(of: Settings.onFailure).rawValue))
    }
    // Restart after a panic: the machine may be unattended.
    words.append("panic=\(panicSeconds)")
    if try settings.value(of: Settings.netconsole), let port = policy.netconsolePort {
        words.append(BootWord.netconsole.with(port))
    }
    if let boot = identity.boot { words.append(BootWord.boot.with(boot)) }
    // systemd and udev must not rename the boot card: it is in use before they run.
    words.append("net.ifnames=0")
    words += try settings.value(of: Settings.kernelArguments).map(\.settingText)
    words += try settings.value(of: Settings.console).map { "console=\($0.settingText)" }
    return words
}

/// The boot card, and its address.
private func addressWords(
    for identity: BootIdentity, named name: NodeName, policy: BootPolicy
) -> [String] {
    var words = [BootWord.card.with("01-\(identity.macAddress.text(separator: "-"))")]
    guard let lease = identity.address else {
        return words + [BootWord.address.with(":\(policy.server):::\(name)::dhcp")]
    }
    let router = lease.router.map(\.description) ?? ""
    words.append(
        BootWord.address.with(
            "\(lease.address):\(policy.server):\(router):\(lease.network.mask):\(name)::off"))
    if !lease.nameServers.isEmpty {
        words.append(
            BootWord.nameServers.with(lease.nameServers.map(\.description).joined(separator: ",")))
    }
    if let seconds = lease.leaseSeconds { words.append(BootWord.lease.with(seconds)) }
    return words
}

/// The node's volume, persistent directories, and swap.
private func keepingWords(
    for identity: BootIdentity, named name: NodeName, at place: NodeName, _ settings: EffectiveSettings,
    _ kind: Volume.Kind?
) throws(UnreadableSetting) -> [String] {
    var words: [String] = []
    if kind == .disk, let boot = identity.boot {
        words.append(BootWord.volume.with(VolumeExportName(.volume, of: place, boot: boot)))
    }
    let directories = try settings.value(of: Settings.persistentDirectories).map(\.settingText)
    let disk = try settings.value(of: Settings.persistentDisk)
    // With its own root, everything persists already.
    if !directories.isEmpty, kind != .tree || disk != nil {
        words.append(BootWord.persistentDirectories.with(directories.joined(separator: ":")))
        if let disk { words.append(BootWord.persistentDisk.with(disk.settingText)) }
    }
    let swaps = try settings.value(of: Settings.swap).compactMap { place -> String? in
        switch place {
        case .zram(let percent): "zram:\(percent)"
        case .disk: "disk"
        case .server: identity.boot.map { "\(VolumeExportName(.swap, of: name, boot: $0))" }
        }
    }
    if !swaps.isEmpty { words.append(BootWord.swap.with(swaps.joined(separator: ","))) }
    return words
}
