import API
import Fleet

/// The list of nodes as people read it: sorted, with counts of what is often looked for.
extension Acts {
    enum NodeOrder: String, Sendable, CaseIterable {
        /// What needs a look comes first, in natural order otherwise.
        case worst
        case name
    }

    /// How many of the nodes that the caller sees are in each state, and fit other frequent searches, whether they fit the present one or not.
    struct NodeTally: Sendable {
        var states: [MachineState: Int] = [:]
        var held = 0
        var outdated = 0
        /// Those with less than ``smallMemory``.
        var small = 0

        /// What is little memory.
        static let smallMebibytes = 4_096
        /// The search for nodes with little memory.
        static let smallMemory = "memory<\(smallMebibytes / 1_024)GiB"
    }

    struct NodeList: Sendable {
        var page: Page<MachineAnswer>
        var tally: NodeTally
        /// Milliseconds since 1970 since when the page's nodes are in their states, as far as that is known.
        var since: [NodeName: Int] = [:]
    }

    /// One page of the nodes that match `query`. Each node is looked at once, so that it stays cheap for large fleets.
    func nodeList(_ query: String, _ order: NodeOrder, offset: Int, limit: Int) async throws -> NodeList {
        try require(.read)
        let snapshot = try await configuration()
        let condition = try Condition(query)
        let isSearch = condition != .always
        let live = try await facts(in: snapshot, addressesOf: isSearch ? nil : [])
        var tally = NodeTally()
        var ranked = [[NodeName]](repeating: [], count: MachineState.allCases.count)
        for (number, name) in snapshot.nodeOrder.enumerated() {
            // Others go on meanwhile.
            if number % 256 == 255 { await Task.yield() }
            guard let node = snapshot.nodes[name], sees(node, in: snapshot) else { continue }
            let boot = live.boot(of: node, in: snapshot)
            let (state, next) = (live.state(of: boot), live.next(ofRecord: node))
            let isHeld = snapshot.trouble(holding: node) != nil
            tally.states[state, default: 0] += 1
            if isHeld { tally.held += 1 }
            if let boot, live.isOutdated(next.version, boot, state) == true { tally.outdated += 1 }
            if let known = snapshot.sharedHardware(of: node),
                known.report.memoryMebibytes < NodeTally.smallMebibytes
            {
                tally.small += 1
            }
            guard !isSearch || condition.holds(for: live.facts(of: node, in: snapshot)) else { continue }
            let needsLook = isHeld || live.lack(next) != nil
            let rank = needsLook ? min(state.rank, MachineState.lost.rank) : state.rank
            ranked[order == .worst ? rank : 0].append(name)
        }
        let names = ranked.joined()
        let shown = names.dropFirst(offset).prefix(limit).compactMap { snapshot.nodes[$0] }
        let rows = try await facts(in: snapshot, addressesOf: Set(shown.flatMap { snapshot.cards(of: $0) }))
        let count = ranked.reduce(0) { $0 + $1.count }
        return NodeList(
            page: Page(
                rows: shown.map { rows.answer($0, in: snapshot) }, count: count,
                next: offset + shown.count < count ? offset + shown.count : nil), tally: tally,
            since: Dictionary(
                uniqueKeysWithValues: shown.compactMap { node in
                    rows.stateSince(of: node, in: snapshot).map { (node.name, $0) }
                }))
    }
}

extension MachineState {
    /// Its place in lists that begin with the worst.
    fileprivate var rank: Int {
        switch self {
        case .failed: 0
        case .stuck: 1
        case .lost: 2
        case .booting: 3
        case .ready: 4
        case .off: 5
        case .unseen: 6
        }
    }
}
