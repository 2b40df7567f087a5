import API
import Fleet

extension Acts {
    /// A node with everything on its page.
    struct NodeDetails: Sendable {
        var answer: NodeAnswer
        /// Why it is held; nil in the past, too.
        var trouble: BootTrouble?
        /// Median milliseconds of each stage in the node's group.
        var medians: [BootStage: Int]
        /// Other nodes whose last boots failed with the same message, as far as the caller sees them.
        var alike = 0
        /// What to do about its last boot, which failed, and what it does by itself now.
        var failure: (fix: Sentence, after: AfterFailure)?
        /// Milliseconds that its present stage usually takes; nil: not known.
        var usualTime: Int?
        var showsSessions: Bool
        var steps: StepsAnswer
        var receipts: [SecretReceiptAnswer]
        /// The record's own settings, without secrets, and its tag; nil for callers who may not change it.
        var editable: (own: [String: SettingValue], tag: String, effective: EffectiveSettings)?
        var mayRestart: Bool
        var mayDismiss: Bool
        /// Whether its log is for this caller.
        var seesTold: Bool
        var mayAudit: Bool

        /// Whether it is off, as far as that is known: a failed boot that is silent may have been switched off.
        var mayBeOff: Bool {
            if case .isSilent = failure?.after { return true }
            return [.off, .lost, .unseen].contains(answer.state)
        }
    }

    /// A version that a node asked for in vain.
    struct RefusedVersion: Sendable, Equatable {
        /// As it is named now, or as the node asked for it.
        var name: String
        var isServed: Bool
        /// Nodes that run it, as far as the caller sees them.
        var runningCount: Int
    }

    func nodeDetails(_ text: String) async throws -> NodeDetails {
        let snapshot = try await configuration()
        let answer = try await node(text, in: snapshot)
        let node = answer.node
        let stored = snapshot.nodes[node.name]
        let settings = snapshot.settings(of: stored)
        let isNow = at == nil
        let mayEnrol = may(.enrol, in: node.group)
        let takesOrders = isNow ? await takesOrders(answer) : false
        var details = NodeDetails(
            answer: answer, trouble: isNow ? stored.flatMap { snapshot.trouble(holding: $0) } : nil,
            medians: medians(of: node.group, in: snapshot),
            showsSessions: isNow && settings[Settings.reportSessions] == true,
            steps: try await steps(of: answer, in: snapshot),
            receipts: isNow ? try await secretReceipts(of: answer) : [], editable: nil,
            mayRestart: takesOrders && stored != nil && mayEnrol,
            mayDismiss: mayEnrol, seesTold: seesTold(node, in: snapshot),
            mayAudit: may(.audit, in: node.group))
        if isNow, let last = answer.boots.first?.entries.last {
            details.usualTime = fleet.stageTimes().usual(at: last.stage)
            if answer.state == .failed {
                details.alike = alike(node, last.detail, in: snapshot)
                details.failure = try await failure(of: answer, last.detail, in: snapshot)
            }
        }
        if let stored, isNow, may(.configure, in: node.group) {
            details.editable = (
                RecordSettings.redacted(stored.settings), try RecordTag.of(stored), settings
            )
        }
        return details
    }

    /// Whether it can be asked something: it is ready, or its system runs already.
    private func takesOrders(_ answer: NodeAnswer) async -> Bool {
        if answer.state == .ready { return true }
        guard [.failed, .stuck].contains(answer.state), let last = answer.boots.first?.macAddress,
            let boot = fleet.boot(of: last)
        else { return false }
        return boot.asksForOrders(await services.heard())
    }

    private func failure(of answer: NodeAnswer, _ detail: String, in snapshot: FleetSnapshot) async throws
        -> (fix: Sentence, after: AfterFailure)?
    {
        let live = try await facts(in: snapshot, addressesOf: [])
        guard let boot = answer.boots.first.flatMap({ live.boots[$0.macAddress] }) else { return nil }
        var advice = FailureAdvice(live, in: snapshot, for: caller)
        return (advice.fix(of: boot, detail), advice.after(boot))
    }

    private func alike(_ node: Node, _ detail: String, in snapshot: FleetSnapshot) -> Int {
        let failed = fleet.boots.values.filter {
            $0.entries.last?.stage == .failed && $0.entries.last?.detail == detail
        }
        let names = failed.compactMap { snapshot.node(at: $0.macAddress) }
            .filter { $0.name != node.name && caller.sees($0.group) }.map(\.name)
        return Set(names).count
    }

    /// Over the last boots of a group.
    private func medians(of group: GroupPath, in snapshot: FleetSnapshot) -> [BootStage: Int] {
        let boots = fleet.boots
        let neighbours = snapshot.nodes.values.lazy.filter { $0.group == group }.prefix(1_000)
        return BootFigures(neighbours.flatMap { snapshot.cards(of: $0).compactMap { boots[$0] } }).stages
    }

    /// All matching nodes, with their records, for a table.
    func nodeTable(_ query: String) async throws -> [(machine: MachineAnswer, node: Node?)] {
        let snapshot = try await configuration()
        return try await nodes(query, offset: 0, limit: .max, in: snapshot).rows.map {
            ($0, snapshot.nodes[$0.name])
        }
    }
}
