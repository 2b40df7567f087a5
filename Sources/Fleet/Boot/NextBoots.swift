package import Wire

/// The next boots of many nodes at one moment. What nodes of one kind have in common is found out once.
package struct NextBoots: Sendable {
    /// The version of a node's next boot, and why it gets nothing all the same.
    package typealias Answer = (version: ImageVersion?, lack: Sentence?)

    /// All that decides about a node without settings, a volume, failed boots or a place in a roll-out of its own.
    private struct Kind: Hashable {
        var group: GroupPath
        /// The rules that it fits.
        var rules: [RuleName]
        /// What kept files distinguish it by.
        var kept: [LTSPMachineKind]
        /// Its last request, without its addresses.
        var client: BootClient?
    }

    private let snapshot: FleetSnapshot
    private let policy: BootPolicy
    private let clients: [MACAddress: BootClient]
    private let rollouts: [Rollout]
    private var answers: [Kind: Answer] = [:]
    private var last: (kind: Kind, answer: Answer)?

    /// - Parameter clients: the machines' last DHCP requests, as far as known.
    package init(
        in snapshot: FleetSnapshot, under policy: BootPolicy, clients: [MACAddress: BootClient] = [:]
    ) {
        self.snapshot = snapshot
        self.policy = policy
        self.clients = clients
        rollouts = Array(snapshot.rollouts.values)
    }

    /// - Parameter node: may also represent an unknown machine.
    package mutating func boot(of node: Node) -> Answer {
        snapshot.nodes[node.name].map { boot(of: node, $0) }
            ?? snapshot.nextBoot(of: node, under: policy, asking: snapshot.client(of: node, in: clients))
    }

    /// The same, for a node exactly as its record in the snapshot has it: the record is not looked up.
    package mutating func boot(ofRecord node: Node) -> Answer { boot(of: node, node) }

    private mutating func boot(of node: Node, _ record: Node) -> Answer {
        let client = snapshot.client(of: node, in: clients)
        guard let kind = kind(of: node, record, asking: client) else {
            return snapshot.nextBoot(of: node, under: policy, asking: client)
        }
        // Lists come in the order of names, so that neighbours are mostly of one kind: to compare is cheaper than to hash.
        if let last, last.kind == kind { return last.answer }
        let answer = answers[kind] ?? snapshot.nextBoot(of: node, under: policy, asking: client)
        answers[kind] = answer
        last = (kind, answer)
        return answer
    }

    /// Nil when something decides that is the node's own.
    private func kind(of node: Node, _ record: Node, asking client: BootClient?) -> Kind? {
        guard record.settings.isEmpty, snapshot.volume(of: record.name) == nil, !hasTrouble(node),
            !rollouts.contains(where: { $0.offers(to: record.name) })
        else { return nil }
        var kind = Kind(
            group: record.group, rules: snapshot.fittingRules(of: record),
            kept: snapshot.keptKinds(of: record))
        guard var client else { return kind }
        // Its request may belong to another node by now, and loader rules may name hardware addresses.
        guard isOwn(client, of: record), !policy.loaderRules.contains(where: { $0.macPattern != nil })
        else { return nil }
        (client.macAddress, client.uuid) = (nil, nil)
        kind.client = client
        return kind
    }

    /// Whether the card of a request is in this record. The record has it mostly itself: no index is needed then.
    private func isOwn(_ client: BootClient, of record: Node) -> Bool {
        if let card = client.macAddress, !snapshot.configuration.hasNodeConflict,
            record.macAddresses.contains(card)
        {
            return true
        }
        return snapshot.configuration.nodeName(withRecordOf: client.macAddress) == record.name
    }

    private func hasTrouble(_ node: Node) -> Bool {
        let troubles = snapshot.observations.troubles
        return !troubles.isEmpty && snapshot.cards(of: node).contains { troubles[$0] != nil }
    }
}
