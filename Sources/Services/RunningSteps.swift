package import Fleet
import Sealing
package import Wire

/// Changed steps that running nodes are to carry out. No socket, no clock.
struct RunningSteps {
    /// How many machines are remembered. Beyond that all are forgotten: those that still run ask again within seconds.
    private static let machineLimit = 65_536

    /// Where a running machine last asked for orders from, and which of the server's addresses it asked.
    struct Asked: Equatable {
        var boot: String
        var address: IPv4Address
        var server: IPv4Address
    }

    private(set) var asked: [MACAddress: Asked] = [:]
    /// Marks of the steps that a machine is to carry out in a boot, by name.
    private var wanted: [MACAddress: (boot: String, marks: [String: String])] = [:]

    /// Keys that steps went to in a boot of a machine.
    private var answered: [MACAddress: (boot: String, keys: Set<[UInt8]>)] = [:]
    /// How many of them are remembered for a machine.
    private static let keyLimit = 256

    /// Whether nothing has gone to a key yet: a node makes a new one for each request, so a second request with it is a recorded one.
    mutating func isNew(_ key: [UInt8], of machine: MACAddress, in boot: String) -> Bool {
        if answered.count >= Self.machineLimit { answered.removeAll() }
        var known = answered[machine] ?? (boot, [])
        if known.boot != boot || known.keys.count >= Self.keyLimit { known = (boot, []) }
        let isNew = known.keys.insert(key).inserted
        answered[machine] = known
        return isNew
    }

    /// A machine asks for orders.
    ///
    /// - Returns: whether there are steps for it in that boot.
    mutating func note(_ asked: Asked, by machine: MACAddress) -> Bool {
        if self.asked.count >= Self.machineLimit { self.asked.removeAll() }
        self.asked[machine] = asked
        guard let wanted = wanted[machine] else { return false }
        if wanted.boot != asked.boot { self.wanted[machine] = nil }
        return wanted.boot == asked.boot
    }

    mutating func order(_ marks: [String: String], of machine: MACAddress, in boot: String) {
        if wanted.count >= Self.machineLimit { wanted.removeAll() }
        wanted[machine] = (boot, marks)
    }

    /// The steps for a machine that fetches them, once.
    mutating func take(for machine: MACAddress, in boot: String) -> [String: String] {
        guard let wanted = wanted.removeValue(forKey: machine), wanted.boot == boot else { return [:] }
        return wanted.marks
    }
}

extension BootContext {
    /// What the configuration of a machine consists of now.
    func contents(
        for machine: MACAddress, at address: IPv4Address, server: IPv4Address
    ) throws(UnreadableSetting) -> NodeContents {
        try NodeContents(
            for: machine, being: node(of: machine), at: address, in: snapshot,
            policy: settings.policy.on(server: server), stored: settings.storedContents,
            hostKey: settings.secrets.hostKeyFiles)
    }

    /// - Parameter key: the beginning of the key that the configuration is sealed to, in hexadecimal.
    func runningKeys(of machine: MACAddress, in boot: String, sealedTo key: String) -> RunningKeys? {
        settings.secrets.runKey(of: machine, in: boot, sealedTo: key).map {
            RunningKeys(key: $0.bytes, mark: settings.secrets.stepMark)
        }
    }

    /// The steps that a running machine would get now; nil: it has not asked for orders in its present boot.
    package func currentSteps(of machine: MACAddress) throws(UnreadableSetting) -> [CurrentStep]? {
        guard let asked = runningSteps.asked[machine], asked.boot == tracker.currentBoot(of: machine) else {
            return nil
        }
        return try contents(for: machine, at: asked.address, server: asked.server)
            .current(settings.secrets.stepMark)
    }

    /// Asks a machine to carry out steps, in its present boot only.
    ///
    /// - Parameter marks: of the steps as they were shown, by name: one that has changed since stays as it is.
    package func apply(_ marks: [String: String], to machine: MACAddress) {
        guard let boot = tracker.currentBoot(of: machine) else { return }
        runningSteps.order(marks, of: machine, in: boot)
    }

    /// The public key in a machine's request for changed steps; nil: the request was not made by what got the configuration of this boot.
    func publicKey(in request: [UInt8], of machine: MACAddress, in boot: String) -> [UInt8]? {
        runKey(of: machine, in: boot)?.publicKey(in: request, of: machine, in: boot)
    }

    /// What only a machine that got the configuration of this boot has; nil: none did.
    func runKey(of machine: MACAddress, in boot: String) -> RunKey? {
        guard let progress = tracker.progress(of: machine), progress.boot == boot,
            let key = progress.delivery?.key
        else { return nil }
        return settings.secrets.runKey(of: machine, in: boot, sealedTo: key)
    }

    /// The steps that a machine is to carry out, each with all that it needs.
    func takeSteps(for machine: MACAddress, in boot: String) throws(UnreadableSetting) -> [AppliedStep] {
        guard let asked = runningSteps.asked[machine], asked.boot == boot else { return [] }
        let contents = try contents(for: machine, at: asked.address, server: asked.server)
        // A new /etc/hosts comes without the lines about other nodes: they follow.
        defer { knownNodeLists.forget(machine) }
        return contents.applied(runningSteps.take(for: machine, in: boot), settings.secrets.stepMark) {
            self.takeKnownNodes(in: $0, for: machine, in: boot)
        }
    }
}
