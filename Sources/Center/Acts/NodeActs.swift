import API
import Fleet
import Wire

/// Acts on nodes: record, change, remove, order.
extension Acts {
    // MARK: Records

    /// A node with the tag of its record at the same moment, for `If-Match`; nil for a machine that is not a node.
    func taggedNode(_ text: String) async throws -> (answer: NodeAnswer, tag: String?) {
        let snapshot = try await configuration()
        let answer = try await node(text, in: snapshot)
        return (answer, try snapshot.nodes[answer.node.name].map { try RecordTag.of($0) })
    }

    /// Saves a node, new or not; hidden secrets stay.
    func save(_ given: Node, at name: NodeName? = nil, if expected: Precondition = .none) async throws
        -> Saved<Node>
    {
        let name = name ?? given.name
        let snapshot = try await change { current in
            var node = given
            node.settings = RecordSettings.merged(given.settings, into: current.nodes[name]?.settings)
            return [.node(name, node)]
        } check: {
            try given.requireName(name)
            try expected.check($0.nodes[name], at: name)
        }
        return try Saved(snapshot.nodes[name] ?? given, in: snapshot)
    }

    /// Changes the members of a node that `patch` names.
    func patchNode(_ name: NodeName, _ patch: MergePatch, if expected: Precondition = .none) async throws
        -> Saved<Node>
    {
        let snapshot = try await fleet.change(by: caller.name) { [self] current in
            // Before anything else: callers who may not change it must not learn its contents.
            let stored = try caller.permitted(current.nodes[name], named: name.text, .configure, in: current)
            try expected.check(stored, at: name)
            var node = try patch.applied(to: stored)
            guard node.name == name else {
                throw Problem(
                    422, "Invalid name",
                    "a change of its members keeps a node's name: POST to its /rename gives it another one")
            }
            node.settings = RecordSettings.merged(node.settings, into: stored.settings)
            let edits = [FleetEdit.node(name, node)]
            try caller.requireLeave(for: edits, in: current)
            try current.requireKnownNames(in: edits, in: sight)
            // No change, no revision.
            return node == stored ? [] : edits
        }
        return try Saved(
            caller.permitted(snapshot.nodes[name], named: name.text, .configure, in: snapshot), in: snapshot)
    }

    /// Gives a node another name, which no other node has.
    ///
    /// - Returns: the node, and what named it before and stays as it was.
    func renameNode(_ name: NodeName, to new: NodeName, if expected: Precondition = .none) async throws
        -> Saved<RenamedNode>
    {
        let before = fleet.snapshot
        let snapshot = try await change(what: "node \(name) renamed to \(new)") { [caller] current in
            var node = try caller.permitted(current.nodes[name], named: name.text, .configure, in: current)
            node.name = new
            // The same name: refused below, as one that is taken.
            return [.node(name, nil), FleetEdit(old: new, node)]
        } check: {
            try expected.check($0.nodes[name], at: name)
            guard $0.nodes[new] == nil else { throw StoreError.conflict("there is a node \(new) already") }
        }
        let node = try caller.permitted(snapshot.nodes[new], named: new.text, .configure, in: snapshot)
        let warnings = before.leavings(of: [.node(name, nil), .node(new, node)], to: snapshot)
        return Saved(
            record: RenamedNode(node: node, warnings: warnings.isEmpty ? nil : warnings),
            tag: try RecordTag.of(node), revision: snapshot.revision)
    }

    func removeNode(_ name: NodeName, if expected: Precondition = .none) async throws {
        _ = try await change { [caller] current in
            _ = try caller.permitted(current.nodes[name], named: name.text, .configure, in: current)
            return [.node(name, nil)]
        } check: {
            try expected.check($0.nodes[name], at: name)
        }
    }

    /// Adds a new node.
    func add(_ node: Node) async throws -> Saved<Node> {
        // Before anything else: the error must not tell callers who may add none which nodes exist.
        try require(.enrol, in: node.group)
        let snapshot = try await change { current in
            guard current.nodes[node.name] == nil else {
                throw StoreError.conflict(Node.existing(node.name))
            }
            return [.node(node.name, node)]
        }
        return try Saved(snapshot.nodes[node.name] ?? node, in: snapshot)
    }

    // MARK: Machines

    /// Approves a machine: name, place and address in one revision.
    func approve(_ machine: MACAddress, _ approval: ApprovalRequest) async throws -> Saved<Node> {
        try require(.enrol, in: approval.group ?? .site)
        let node = Node(
            name: approval.name, group: approval.group ?? .site, macAddresses: [machine],
            address: approval.address)
        let snapshot = try await change(what: "machine \(machine) approved as \(node.name)") {
            try LiveFleet.requireNew(node, in: $0)
            return [.node(node.name, node)]
        }
        return try Saved(snapshot.nodes[node.name] ?? node, in: snapshot)
    }

    /// Forgets a machine that is not a node.
    func forget(_ machine: MACAddress) async throws {
        try require(.configure, in: .site)
        try await fleet.forget(machine)
    }

    // MARK: What nodes are asked to do, and allowed to do again

    /// Asks a node whose system runs to restart; it receives the request within seconds.
    func restart(_ name: String) async throws {
        await services.restart([try await machine(of: name, asked: "to restart")])
    }

    /// Asks such a node to switch itself off; it receives the request within seconds.
    func powerOff(_ name: String) async throws {
        await services.powerOff([try await machine(of: name, asked: "to switch itself off")])
    }

    /// Switches a node on, if one of its cards listens for that (Wake-on-LAN). Whether it heard is seen when it boots.
    func wake(_ name: String) async throws {
        let snapshot = fleet.snapshot
        let node = try caller.permitted(try? Self.find(name, in: snapshot), named: name, .enrol, in: snapshot)
        guard await services.wake(snapshot.cards(of: node)) else {
            throw StoreError.conflict(
                "\(node.name) cannot be switched on from here: this server gives no addresses on any interface"
            )
        }
        fleet.events.publish(
            ServerEvent(
                kind: .boot, node: node.name, group: node.group, machine: node.macAddresses.first,
                text: "\(caller.name) switches it on"))
    }

    /// The running machine of a node that is asked something, which is an event.
    private func machine(of name: String, asked what: Sentence) async throws -> MACAddress {
        let node = try caller.permitted(
            try? Self.find(name, in: fleet.snapshot), named: name, .enrol, in: fleet.snapshot)
        let boot = try await runningBoot(
            of: node, isReady: false, otherwise: "it cannot be asked \(what)")
        fleet.events.publish(
            ServerEvent(
                kind: .boot, node: node.name, group: node.group, machine: boot.macAddress,
                text: "\(caller.name) asks it \(what.english)"))
        return boot.macAddress
    }

    /// Clears a node's alarm.
    func dismissAlarm(of name: String) async throws {
        let node = try caller.permitted(
            try? Self.find(name, in: fleet.snapshot), named: name, .enrol, in: fleet.snapshot)
        try await fleet.dismissAlarm(of: node)
    }

    /// Forgets failed boots.
    ///
    /// - Parameter text: a node's name, or any machine's MAC address.
    func release(_ text: String) async throws {
        let snapshot = fleet.snapshot
        let machine = MACAddress(text)
        let node = snapshot.node(at: machine) ?? (try? NodeName(text)).flatMap { snapshot.nodes[$0] }
        if node == nil, let machine, may(.configure, in: .site) {
            return try await fleet.release([machine])
        }
        try await fleet.release(
            snapshot.cards(of: caller.permitted(node, named: text, .configure, in: snapshot)))
    }
}
