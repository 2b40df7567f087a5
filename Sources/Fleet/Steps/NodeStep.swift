package import Wire

/// One step of a node's configuration: what it sets, when, and what happens when it fails.
///
/// ``nodeSteps(of:domain:)`` derives a node's steps from its settings; ``work`` is what the node carries out.
package struct NodeStep: Equatable, Sendable {
    /// Unique among a node's steps.
    package var name: String
    package var phase: StepPhase
    package var failure = StepFailure.goOn
    /// How often it is tried in all.
    package var attempts: UInt8 = 1
    /// Seconds for each attempt.
    package var secondLimit = Self.usualSecondLimit
    package var kind: Kind

    /// Seconds of a step that is no command.
    package static let usualSecondLimit: UInt16 = 60
    static let knownNodesName = "known nodes"

    /// What a step sets.
    package enum Kind: Equatable, Sendable {
        case hostName
        case hosts
        /// The nodes of a group and those below, as ``KnownNodes`` has them.
        case knownNodes(GroupPath)
        case resolver(servers: [NameServer], search: [String])
        case authorizedKeys
        case hostKey
        case rootPassword(PasswordHash)
        /// - Parameter isDefault: no level sets it, so that an image without zones is fine.
        case timeZone(TimeZoneName, isDefault: Bool)
        case locale(LocaleName)
        case keymap(KeymapName)
        /// For the log-in screen of a thin client, where it is not the usual one.
        case logIn(LogInMode)
        case timeServers([HostWord])
        case syslog(LogTarget)
        case groups([GroupLine])
        case users([UserLine])
        case moduleOptions([ModuleLine])
        case module(ModuleLine)
        case kernelParameterFile([KernelParameter])
        case kernelParameters([KernelParameter])
        case mounts([MountLine])
        /// A line of `mounts` has been mounted by the image's own start.
        case mounted(MountLine)
        case cron([CronLine])
        case timer(TimerLine)
        /// Files with variables of LTSP, by their paths below the root.
        case variables([String])
        /// The image's root without the node's changes, where commands of LTSP expect it.
        case formerRoot
        case files([ConfiguredFile])
        /// A stored file that the node cannot have.
        case missingFile(ConfiguredFile, reason: String)
        case dropIns([ServiceLine])
        case service(ServiceLine)
        /// Units of the image that are of no use to a node whose changes live in memory.
        case idleServices([String])
        /// - Parameter files: of its secrets, by the names of variables.
        case command(NodeCommand, files: [String: String])
    }

    package init(_ name: String, at phase: StepPhase = .beforeInit, _ kind: Kind) {
        (self.name, self.phase, self.kind) = (name, phase, kind)
    }

    fileprivate init(running command: NodeCommand, _ secrets: [SecretName: Secret]) {
        let files = command.secrets.mapValues { secrets[$0]?.path ?? "\(Secret.directory)/\($0)" }
        self.init("command \(command.key)", at: command.phase, .command(command, files: files))
        failure = command.failure
        (attempts, secondLimit) = (command.attempts, command.secondLimit)
    }

    /// Commands come last in their phase.
    var isCommand: Bool {
        if case .command = kind { true } else { false }
    }

    /// The setting that it comes from, by which a person changes it; nil: none does.
    package var setting: String? {
        switch kind {
        case .hostName, .variables, .formerRoot: nil
        case .hosts: Settings.hosts.name
        case .knownNodes: Settings.knownNodes.name
        case .resolver: Settings.nameServers.name
        case .authorizedKeys: Settings.authorizedKeys.name
        case .hostKey: Settings.sshHostKey.name
        case .rootPassword: Settings.rootPasswordHash.name
        case .timeZone: Settings.timeZone.name
        case .locale: Settings.locale.name
        case .keymap: Settings.keymap.name
        case .logIn: Settings.logIn.name
        case .timeServers: Settings.timeServers.name
        case .syslog: Settings.syslog.name
        case .groups: Settings.groups.name
        case .users: Settings.users.name
        case .moduleOptions, .module: Settings.modules.name
        case .kernelParameterFile, .kernelParameters: Settings.kernelParameters.name
        case .mounts, .mounted: Settings.mounts.name
        case .cron: Settings.cron.name
        case .timer: Settings.timers.name
        case .files, .missingFile: Settings.files.name
        case .dropIns, .service, .idleServices: Settings.services.name
        case .command: Settings.commands.name
        }
    }
}

/// The steps of a node, in order: all those of a phase before those of the next.
///
/// Within a phase the files that a person wrote come behind those that settings make, and commands come last.
///
/// - Parameters:
///   - domain: the server's, in which short names are looked up unless the settings say otherwise.
///   - secrets: those of the site: they know the files that commands read.
package func nodeSteps(
    of settings: EffectiveSettings, domain: String, secrets: [SecretName: Secret] = [:]
) throws(UnreadableSetting) -> [NodeStep] {
    let modules = try settings.value(of: Settings.modules)
    let parameters = try settings.value(of: Settings.kernelParameters)
    let mounts = try settings.value(of: Settings.mounts).filter { !$0.isOff }
    let commands = try settings.value(of: Settings.commands).filter { !$0.isOff }
    var steps = try identitySteps(of: settings, domain: domain)
    steps += try systemSteps(of: settings)
    func add<Entry>(_ name: String, _ entries: [Entry], _ kind: ([Entry]) -> NodeStep.Kind) {
        if !entries.isEmpty { steps.append(NodeStep(name, kind(entries))) }
    }
    add("modules", modules.filter { $0.isDenied || !$0.options.isEmpty }, NodeStep.Kind.moduleOptions)
    add("sysctl", parameters, NodeStep.Kind.kernelParameterFile)
    add("mounts", mounts, NodeStep.Kind.mounts)
    add("cron", try settings.value(of: Settings.cron).filter { !$0.isOff }, NodeStep.Kind.cron)
    add("ltsp variables", try settings.variableFiles.map(\.path), NodeStep.Kind.variables)
    add("files", try settings.value(of: Settings.files), NodeStep.Kind.files)
    let services = try settings.value(of: Settings.services)
    add("idle services", try idleServices(of: settings, services), NodeStep.Kind.idleServices)
    add("service drop-ins", services.filter { $0.isDropIn }, NodeStep.Kind.dropIns)
    for service in services where !service.isDropIn && service.act != .wish(.keep) {
        steps.append(NodeStep("service \(service.key)", .service(service)))
    }
    steps += try settings.value(of: Settings.timers).filter { !$0.isOff }.map {
        NodeStep("timer \($0.key)", .timer($0))
    }
    for module in modules where module.isLoaded {
        steps.append(NodeStep("module \(module.key)", at: .atInit, .module(module)))
    }
    if !parameters.isEmpty {
        steps.append(NodeStep("sysctl values", at: .atInit, .kernelParameters(parameters)))
    }
    for mount in mounts where mount.isMounted {
        var step = NodeStep("mount \(mount.key)", at: .late, .mounted(mount))
        // Its disk may appear after the system has started.
        step.attempts = 4
        steps.append(step)
    }
    if commands.contains(where: { $0.command.contains("/rofs/") }) {
        steps.append(NodeStep("/rofs", .formerRoot))
    }
    steps += commands.map { NodeStep(running: $0, secrets) }
    // Stable: what was added first stays first.
    return StepPhase.allCases.flatMap { phase in steps.filter { $0.phase == phase } }
}

/// Who the node is, and who may log in.
private func identitySteps(
    of settings: EffectiveSettings, domain: String
) throws(UnreadableSetting) -> [NodeStep] {
    var steps = [NodeStep("host name", .hostName), NodeStep("hosts", .hosts)]
    if let group = try settings.value(of: Settings.knownNodes) {
        steps.append(NodeStep(NodeStep.knownNodesName, .knownNodes(group)))
    }
    let search = try settings.value(of: Settings.searchDomains).map(\.settingText)
    steps.append(
        NodeStep(
            "dns",
            .resolver(
                servers: try settings.value(of: Settings.nameServers),
                search: search.isEmpty && !domain.isEmpty ? [domain] : search)))
    let groups = try settings.value(of: Settings.groups)
    if !groups.isEmpty { steps.append(NodeStep("groups", .groups(groups))) }
    let users = try settings.value(of: Settings.users)
    if !users.isEmpty { steps.append(NodeStep("users", .users(users))) }
    if let hash = try settings.value(of: Settings.rootPasswordHash) {
        steps.append(NodeStep("root password", .rootPassword(hash)))
    }
    if try !settings.value(of: Settings.authorizedKeys).isEmpty {
        steps.append(NodeStep("ssh keys", .authorizedKeys))
    }
    if try settings.hostKeyNumber != nil { steps.append(NodeStep("ssh host key", .hostKey)) }
    return steps
}

/// What the system as a whole gets.
private func systemSteps(of settings: EffectiveSettings) throws(UnreadableSetting) -> [NodeStep] {
    let isDefault = settings.origin(of: Settings.timeZone) == .productDefault
    var steps = [
        NodeStep("time zone", .timeZone(try settings.value(of: Settings.timeZone), isDefault: isDefault))
    ]
    if let locale = try settings.value(of: Settings.locale) {
        steps.append(NodeStep("locale", .locale(locale)))
    }
    if let keymap = try settings.value(of: Settings.keymap) {
        steps.append(NodeStep("keymap", .keymap(keymap)))
    }
    let logIn = try settings.value(of: Settings.logIn)
    if logIn != .ask { steps.append(NodeStep("log-in screen", .logIn(logIn))) }
    let timeServers = try settings.value(of: Settings.timeServers)
    if !timeServers.isEmpty { steps.append(NodeStep("ntp", .timeServers(timeServers))) }
    if let target = try settings.value(of: Settings.syslog) {
        steps.append(NodeStep("syslog", .syslog(target)))
    }
    return steps
}
