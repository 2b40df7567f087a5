import Fleet
import Wire

/// What running nodes are asked to do: to restart, to switch themselves off, and to say who is logged in. No socket, no clock.
struct NodeOrders {
    /// How many machines are remembered. Beyond that all are forgotten: those that still run are asked again.
    private let machineLimit: Int
    /// What ends a boot.
    private struct End {
        var order: NodeOrder
        var boot: String
    }

    /// The boots that machines are asked to end.
    private var ends: [MACAddress: End] = [:]
    /// The boot in which a machine reported who is logged in.
    private var sessionsTold: [MACAddress: String] = [:]
    /// Whether machines are asked for that, by their present settings.
    private var reportsSessions: [MACAddress: Bool] = [:]
    /// When a machine last asked for orders, and when none could: milliseconds of `EventLoop.now`.
    private(set) var askedAt: [MACAddress: Int] = [:]

    init(machineLimit: Int = 65_536) { self.machineLimit = machineLimit }

    /// Asks a machine to restart or to switch itself off, in this boot only. The last word counts.
    mutating func end(_ machine: MACAddress, by order: NodeOrder, in boot: String?) {
        if ends.count >= machineLimit { ends.removeAll() }
        ends[machine] = boot.map { End(order: order, boot: $0) }
    }

    /// What a machine does next.
    enum Next: Equatable {
        case order(NodeOrder)
        case nothing
        /// Nothing; what it told of log-ins before holds no longer.
        case forgetSessions
    }

    /// The order for a machine that asks; each is given once.
    ///
    /// - Parameter isWanted: whether its settings have it report who is logged in; asked at most once until they change.
    mutating func take(for machine: MACAddress, in boot: String, at now: Int, reports isWanted: () -> Bool)
        -> Next
    {
        if askedAt.count >= machineLimit { askedAt.removeAll() }
        askedAt[machine] = now
        if let wanted = ends.removeValue(forKey: machine), wanted.boot == boot { return .order(wanted.order) }
        if reports(machine, isWanted) { return sessionsTold[machine] == boot ? .nothing : .order(.sessions) }
        return sessionsTold.removeValue(forKey: machine) == nil ? .nothing : .forgetSessions
    }

    /// Whether a machine should report who is logged in.
    mutating func reports(_ machine: MACAddress, _ isWanted: () -> Bool) -> Bool {
        if let known = reportsSessions[machine] { return known }
        if reportsSessions.count >= machineLimit { reportsSessions.removeAll() }
        let isWanted = isWanted()
        reportsSessions[machine] = isWanted
        return isWanted
    }

    mutating func noteSessions(of machine: MACAddress, in boot: String) {
        if sessionsTold.count >= machineLimit { sessionsTold.removeAll() }
        sessionsTold[machine] = boot
    }

    /// Settings may have changed: of one machine, or of all.
    mutating func settingsChanged(of machine: MACAddress) { reportsSessions[machine] = nil }
    mutating func settingsChanged() { reportsSessions.removeAll() }
}
