import Fleet
import Linux
import Wire

/// What running nodes know of others, and which of them do not have it yet. No socket, no clock.
struct KnownNodeLists {
    /// Milliseconds for which a list stays as it is, even when something changes: nodes that boot change it one after the other.
    static let period = 10_000
    private static let machineLimit = 65_536

    private struct List {
        var nodes: KnownNodes
        /// Counted up with each change.
        var number: Int
        var madeAt: Int
        /// ``changeCount`` when it was made.
        var changes: Int
    }

    private struct Told: Equatable {
        var boot: String
        var group: GroupPath
        var number: Int
    }

    private var lists: [GroupPath: List] = [:]
    private var count = 0
    private var changeCount = 0
    private var told: [MACAddress: Told] = [:]
    /// By machines' present settings; nil: none.
    private var groups: [MACAddress: GroupPath?] = [:]

    /// The group whose nodes a machine knows, asked at most once until settings change.
    mutating func group(of machine: MACAddress, _ setting: () -> GroupPath?) -> GroupPath? {
        if let known = groups[machine] { return known }
        if groups.count >= Self.machineLimit { groups.removeAll() }
        let group = setting()
        groups[machine] = .some(group)
        return group
    }

    /// The list of a group: made anew where something has changed since, and it is older than ``period``.
    mutating func nodes(in group: GroupPath, now: Int, make: () -> KnownNodes) -> KnownNodes {
        present(group, now: now, make).nodes
    }

    /// Whether a machine has not been sent the present list in this boot.
    mutating func isNews(
        _ group: GroupPath, to machine: MACAddress, in boot: String, now: Int, make: () -> KnownNodes
    ) -> Bool {
        let list = present(group, now: now, make)
        return told[machine] != Told(boot: boot, group: group, number: list.number)
    }

    /// A machine was sent the present list.
    mutating func tell(_ group: GroupPath, to machine: MACAddress, in boot: String) {
        guard let list = lists[group] else { return }
        if told.count >= Self.machineLimit { told.removeAll() }
        told[machine] = Told(boot: boot, group: group, number: list.number)
    }

    /// A machine may have lost what it was sent.
    mutating func forget(_ machine: MACAddress) { told[machine] = nil }

    /// Something that lists are made of may have changed: the configuration, or where a node is.
    mutating func noteChange() { changeCount += 1 }

    /// Settings may have changed: of one machine, or of all.
    mutating func settingsChanged(of machine: MACAddress) { groups[machine] = nil }

    mutating func settingsChanged() { groups.removeAll() }

    private mutating func present(_ group: GroupPath, now: Int, _ make: () -> KnownNodes) -> List {
        let before = lists[group]
        if let before, before.changes == changeCount || now - before.madeAt < Self.period { return before }
        let nodes = make()
        if before?.nodes != nodes { count += 1 }
        let number = before.map { $0.nodes == nodes ? $0.number : count } ?? count
        let list = List(nodes: nodes, number: number, madeAt: now, changes: changeCount)
        lists[group] = list
        return list
    }
}

extension BootContext {
    /// Where a node is: at its fixed address, or where its present boot got its configuration.
    private func address(of node: Node) -> IPv4Address? {
        node.address
            ?? node.macAddresses.lazy.compactMap { self.tracker.progress(of: $0)?.delivery?.address }.first
    }

    private func makeKnownNodes(in group: GroupPath) -> KnownNodes {
        KnownNodes(
            in: group, of: snapshot, domain: settings.policy.domain, address: address(of:),
            publicLine: hostKeyLine)
    }

    /// Kept: making a key takes a moment, and a farm has thousands.
    private func hostKeyLine(of node: NodeName, number: Int) -> String {
        let name = "\(number) \(node)"
        if let known = hostKeyLines[name] { return known }
        if hostKeyLines.count >= Self.machineLimit { hostKeyLines.removeAll() }
        let line = settings.secrets.hostKeyFiles(of: node, number: number).publicLine
        hostKeyLines[name] = line
        return line
    }

    private func knownGroup(of machine: MACAddress) -> GroupPath? {
        knownNodeLists.group(of: machine) {
            // An unreadable setting has stopped its boot; a running node goes on.
            (try? snapshot.settings(of: node(of: machine)).value(of: Fleet.Settings.knownNodes)) ?? nil
        }
    }

    /// Whether a running machine should fetch what it knows of others.
    func hasNewsOfNodes(for machine: MACAddress, asking asked: RunningSteps.Asked) -> Bool {
        let boot = asked.boot
        guard let group = knownGroup(of: machine), holdsConfiguration(machine, asking: asked) else {
            return false
        }
        return knownNodeLists.isNews(group, to: machine, in: boot, now: EventLoop.now()) {
            makeKnownNodes(in: group)
        }
    }

    /// What a running machine knows of others; nil when its settings name no group.
    func takeKnownNodes(for machine: MACAddress, in boot: String) -> KnownNodes? {
        knownGroup(of: machine).map { takeKnownNodes(in: $0, for: machine, in: boot) }
    }

    /// What goes to a machine, which counts as told.
    func takeKnownNodes(in group: GroupPath, for machine: MACAddress, in boot: String) -> KnownNodes {
        let nodes = knownNodeLists.nodes(in: group, now: EventLoop.now()) { makeKnownNodes(in: group) }
        knownNodeLists.tell(group, to: machine, in: boot)
        return nodes
    }
}
