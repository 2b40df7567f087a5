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
    /// What a machine is to carry out in a boot.
    private struct Order {
        var boot: String
        /// Of the steps, by name.
        var marks: [String: String]
        /// The machine's request names it. A restart of the server forgets orders, so it needs no other memory of requests.
        var number: String
    }

    private var wanted: [MACAddress: Order] = [:]

    /// A machine asks for orders.
    ///
    /// - Returns: the number of the order for steps in that boot; nil: there is none.
    mutating func note(_ asked: Asked, by machine: MACAddress) -> String? {
        if self.asked.count >= Self.machineLimit { self.asked.removeAll() }
        self.asked[machine] = asked
        if let wanted = wanted[machine], wanted.boot != asked.boot { self.wanted[machine] = nil }
        return number(for: machine, in: asked.boot)
    }

    /// - Parameter number: cannot be guessed, and was never used before.
    mutating func order(
        _ marks: [String: String], of machine: MACAddress, in boot: String, number: String
    ) {
        if wanted.count >= Self.machineLimit { wanted.removeAll() }
        wanted[machine] = Order(boot: boot, marks: marks, number: number)
    }

    /// The number of a machine's order; nil: it has none in that boot.
    func number(for machine: MACAddress, in boot: String) -> String? {
        wanted[machine].flatMap { $0.boot == boot ? $0.number : nil }
    }

    /// The steps for a machine that fetches them, once.
    mutating func take(for machine: MACAddress, in boot: String) -> [String: String] {
        guard let wanted = wanted.removeValue(forKey: machine), wanted.boot == boot else { return [:] }
        return wanted.marks
    }
}

extension BootContext {
    /// Whether a running machine may have more of what configurations consist of: this boot got one, with all that a machine proves for it,
    /// and the machine has neither been removed nor refused since.
    func holdsConfiguration(_ machine: MACAddress, asking asked: RunningSteps.Asked) -> Bool {
        guard let progress = tracker.progress(of: machine), progress.boot == asked.boot,
            progress.delivery != nil
        else { return false }
        if node(of: machine) != nil { return true }
        guard case .image = plan(for: machine, at: asked.address, server: asked.server).target else {
            return false
        }
        return true
    }

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
        let number = Hashing.hexadecimal(RandomBytes.make(16))
        runningSteps.order(marks, of: machine, in: boot, number: number)
    }

    /// The public key in a machine's request for the steps of an order; nil: the request was made for another order, or not by what got the
    /// configuration of this boot.
    func publicKey(in request: [UInt8], of machine: MACAddress, in boot: String, order: String) -> [UInt8]? {
        runKey(of: machine, in: boot)?.publicKey(in: request, of: machine, in: boot, order: order)
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
