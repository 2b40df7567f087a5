import API
import Fleet

/// The list of nodes as people read it: sorted, with counts of what is often looked for.
extension Acts {
    enum NodeOrder: String, Sendable, CaseIterable {
        /// What needs a look comes first; of that, what most nodes have in common. In natural order otherwise.
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
        /// Of the page's nodes whose boots failed or got stuck, as far as that is of now.
        var causes: [NodeName: Cause] = [:]
    }

    /// Why a node is not up.
    struct Cause: Sendable, Equatable {
        /// Failed, or stuck.
        var state: MachineState
        /// What all nodes in that state have in common that failed with the same message, or are stuck after the same stage.
        var mark: String
        /// How many nodes of the list have it; 1 where the list is not in the order of trouble.
        var count = 1
        var text: Sentence
        var fix: Sentence
    }

    /// Nodes of one rank; those with one mark stand together.
    private struct RankedNodes {
        private var places: [String: Int] = [:]
        private var bunches: [[NodeName]] = []

        mutating func add(_ name: NodeName, mark: String) {
            if let place = places[mark] {
                bunches[place].append(name)
            } else {
                places[mark] = bunches.count
                bunches.append([name])
            }
        }

        func count(of mark: String) -> Int { places[mark].map { bunches[$0].count } ?? 0 }

        /// The largest bunch first, and of equal ones that whose first node comes first.
        var names: [NodeName] {
            guard bunches.count > 1 else { return bunches.first ?? [] }
            return bunches.enumerated()
                .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
                .flatMap(\.element)
        }
    }

    /// One page of the nodes that match `query`. Each node is looked at once, so that it stays cheap for large fleets.
    func nodeList(_ query: String, _ order: NodeOrder, offset: Int, limit: Int) async throws -> NodeList {
        try require(.read)
        let snapshot = try await configuration()
        let condition = try Condition(query)
        let isSearch = condition != .always
        let live = try await facts(in: snapshot, addressesOf: isSearch ? nil : [])
        var tally = NodeTally()
        var ranked = [RankedNodes](repeating: RankedNodes(), count: MachineState.allCases.count)
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
            let isRanked = order == .worst
            ranked[isRanked ? rank : 0].add(name, mark: isRanked ? Self.mark(of: boot, state) : "")
        }
        let names = ranked.flatMap(\.names)
        let shown = names.dropFirst(offset).prefix(limit).compactMap { snapshot.nodes[$0] }
        let rows = try await facts(in: snapshot, addressesOf: Set(shown.flatMap { snapshot.cards(of: $0) }))
        let count = names.count
        var causes = at == nil ? self.causes(of: shown, rows, in: snapshot) : [:]
        for (name, cause) in causes where order == .worst {
            causes[name]?.count = ranked[cause.state.rank].count(of: cause.mark)
        }
        return NodeList(
            page: Page(
                rows: shown.map { rows.answer($0, in: snapshot) }, count: count,
                next: offset + shown.count < count ? offset + shown.count : nil), tally: tally,
            since: Dictionary(
                uniqueKeysWithValues: shown.compactMap { node in
                    rows.stateSince(of: node, in: snapshot).map { (node.name, $0) }
                }), causes: causes)
    }

    /// Empty where nothing went wrong.
    private static func mark(of boot: BootTimeline?, _ state: MachineState) -> String {
        guard let last = boot?.entries.last else { return "" }
        return state == .failed ? last.detail : state == .stuck ? last.stage.rawValue : ""
    }

    private func causes(of nodes: [Node], _ live: LiveFacts, in snapshot: FleetSnapshot) -> [NodeName: Cause]
    {
        var advice = FailureAdvice(live, in: snapshot, for: caller, countsRunning: false)
        var causes: [NodeName: Cause] = [:]
        for node in nodes {
            guard let boot = live.boot(of: node, in: snapshot), let last = boot.entries.last else { continue }
            let (state, stage) = (live.state(of: boot), last.stage)
            let mark = Self.mark(of: boot, state)
            if state == .failed {
                causes[node.name] = Cause(
                    state: state, mark: mark, text: TroubleList.failed(last.detail),
                    fix: advice.fix(of: boot, last.detail))
            } else if state == .stuck {
                let root = live.root(at: snapshot.cards(of: node))
                causes[node.name] = Cause(
                    state: state, mark: mark,
                    text: stage.stuckSentence(root, usually: live.usual.usual(at: stage)),
                    fix: Sentence(stringLiteral: stage.usualFix))
            }
        }
        return causes
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
