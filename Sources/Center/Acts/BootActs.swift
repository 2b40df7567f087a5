import API
import Fleet
import Wire

/// Boots as a list that is searched.
extension Acts {
    /// How a boot went.
    enum BootOutcome: String, Sendable, CaseIterable {
        case failed
        /// It is the machine's last one, and its stage takes too long.
        case stuck
        case booting
        /// The machine began another one before it was ready.
        case broken
        case ready
        /// It was ready, and was shut down in order.
        case off

        /// - Parameters:
        ///   - isLast: whether the machine has begun no other one since.
        ///   - now: milliseconds since 1970.
        init(_ boot: BootTimeline, isLast: Bool, now: Int, usual: StageTimes = StageTimes()) {
            self =
                switch MachineState(boot, heard: HeardMachines(), now: now, usual: usual) {
                case .ready, .lost: .ready
                case .off: .off
                case .failed: .failed
                case .stuck: isLast ? .stuck : .broken
                case .booting, .unseen: isLast ? .booting : .broken
                }
        }
    }

    /// A boot with its node; nil: the machine is not a node.
    struct SeenBoot: Sendable {
        var boot: BootTimeline
        var node: Node?
        var outcome: BootOutcome

        /// The node's name; of an unknown machine the code on its screen.
        var name: String { node?.name.text ?? FleetSnapshot.screenCode(of: boot.macAddress) }

        /// The state that is searched and counted: machines that are not nodes have one of their own, as on the dashboard.
        fileprivate var word: String { node == nil ? BootList.strangers : outcome.rawValue }

        /// What a search looks at.
        fileprivate var searchText: String {
            let machine = boot.macAddress
            let name = node?.name.text ?? "\(NodeName(unknown: machine)) \(name)"
            return [name, machine.description, node?.group.description ?? "", "state=\(word)"]
                .joined(separator: " ").lowercased()
        }
    }

    /// The boots that fit a search.
    struct BootList: Sendable {
        var page: Page<SeenBoot>
        /// Boots that ended alike, whose rows are none of the page's.
        var alike: [AlikeBoots] = []
        /// The same of very many that went well, by their groups.
        var ready: [AlikeBoots] = []
        /// Nodes' boots of all that were looked at, whether they fit or not.
        var outcomes: [BootOutcome: Int]
        /// The same of machines that are not nodes.
        var unknown = 0
        var total: Int
        /// Milliseconds since 1970 of the oldest one; nil: there is none.
        var since: Int?

        /// The word that finds boots of machines that are not nodes: `state=unknown`.
        static let strangers = "unknown"
    }

    /// Boots of several machines with the same end.
    struct AlikeBoots: Sendable {
        var outcome: BootOutcome
        /// The stage that they are stuck at.
        var stage: BootStage?
        var detail: String
        /// Of boots that went well: the group of their nodes.
        var group: GroupPath?
        /// The newest first.
        var boots: [SeenBoot]
    }

    enum BootOrder: String, Sendable {
        /// Failed boots, then those that are under way, then the others; each newest first.
        case worst
        /// The newest first.
        case time
    }

    /// Boots that ended alike and share a line from this number on.
    private static let alikeCount = 3

    /// Boots that are looked at for a list: a morning's of a large site.
    private static let bootLimit = 500

    /// - Parameter machine: nil: the last boots of all machines.
    func boots(of machine: MACAddress?, limit: Int) async throws -> [SeenBoot] {
        try require(.read)
        let (snapshot, last, now) = (fleet.snapshot, fleet.boots, Clock.millisecond)
        let usual = fleet.stageTimes()
        // Hidden ones are left out before the limit: it is the caller's, who may see one room of a large site.
        let hidden = machine == nil ? cards(hiddenIn: snapshot) : []
        return try await store.boots(of: machine, hiding: hidden, limit: limit).compactMap { boot in
            let node = snapshot.node(at: boot.macAddress)
            guard caller.sees(node?.group) else { return nil }
            let isLast = last[boot.macAddress]?.boot == boot.boot
            return SeenBoot(
                boot: boot, node: node, outcome: BootOutcome(boot, isLast: isLast, now: now, usual: usual))
        }
    }

    /// The network cards of nodes that the caller does not see.
    private func cards(hiddenIn snapshot: FleetSnapshot) -> Set<MACAddress> {
        guard !caller.sees(.site) else { return [] }
        let hidden = snapshot.nodes.values.lazy.filter { !caller.sees($0.group) }
        return Set(hidden.flatMap { snapshot.cards(of: $0) })
    }

    /// One page of the last boots of all machines: those with each word of `query` in name, code, hardware address, group
    /// or state (`state=failed`).
    func boots(_ query: String, _ order: BootOrder = .time, offset: Int, limit: Int) async throws -> BootList
    {
        let words = try SearchWords(query)
        let seen = try await boots(of: nil, limit: Self.bootLimit)
        let fitting =
            words.isEmpty
            ? seen
            : seen.filter { boot in
                let text = boot.searchText
                return words.areIn(text)
            }
        let (alike, others) = order == .worst ? Self.worstFirst(fitting) : ([], fitting)
        let (ready, rows) = order == .worst && words.isEmpty ? Self.readyApart(others) : ([], others)
        var page = Page(rows, offset: offset, limit: limit)
        page.count = fitting.count
        return BootList(
            page: page, alike: alike, ready: ready,
            outcomes: seen.filter { $0.node != nil }.reduce(into: [:]) { $0[$1.outcome, default: 0] += 1 },
            unknown: seen.count { $0.node == nil }, total: seen.count,
            since: seen.map(\.boot.startedAt).min())
    }

    /// Boots that went well, from which on they share a line for each group.
    private static let readyCount = 50

    /// Very many boots that went well are taken out of the rows: they would hide what did not.
    static func readyApart(_ boots: [SeenBoot]) -> (ready: [AlikeBoots], rows: [SeenBoot]) {
        let ready = boots.filter { $0.outcome == .ready && $0.node != nil }
        guard ready.count > readyCount else { return ([], boots) }
        let groups = Dictionary(grouping: ready) { $0.node?.group ?? .site }
        return (
            groups.keys.inNaturalOrder().map {
                AlikeBoots(outcome: .ready, detail: "", group: $0, boots: groups[$0] ?? [])
            }, boots.filter { $0.outcome != .ready || $0.node == nil }
        )
    }

    /// Failures of several machines with one cause are taken out of the rows, and so are machines that are stuck at one stage.
    static func worstFirst(_ boots: [SeenBoot]) -> (alike: [AlikeBoots], rows: [SeenBoot]) {
        struct End: Hashable {
            var outcome: BootOutcome
            var stage: BootStage?
            var detail: String
        }
        func end(_ boot: SeenBoot) -> End? {
            let last = boot.boot.entries.last
            return switch boot.outcome {
            case .failed: End(outcome: .failed, detail: last?.detail ?? "")
            case .stuck: End(outcome: .stuck, stage: last?.stage, detail: last?.detail ?? "")
            case .booting, .broken, .ready, .off: nil
            }
        }
        var ends: [End: [SeenBoot]] = [:]
        for boot in boots { if let end = end(boot) { ends[end, default: []].append(boot) } }
        ends = ends.filter { $0.value.count >= alikeCount }
        let rows = boots.filter { boot in end(boot).map { ends[$0] == nil } ?? true }
        let alike = ends.map {
            AlikeBoots(outcome: $0.outcome, stage: $0.stage, detail: $0.detail, boots: $1)
        }.sorted { one, other in
            guard one.outcome == other.outcome else { return one.outcome == .failed }
            return (other.boots.count, one.detail) < (one.boots.count, other.detail)
        }
        return (alike, BootOutcome.allCases.flatMap { outcome in rows.filter { $0.outcome == outcome } })
    }
}
