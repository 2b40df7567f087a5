import API
import Fleet
import Foundation
import Wire

/// Views of nodes and machines for one caller, for pages and the API.
extension Acts {
    static let pageLimit = 1_000

    /// What machines reported, fetched once for a list.
    ///
    /// - Parameter machines: those whose addresses are asked for; nil: all.
    func facts(in snapshot: FleetSnapshot, addressesOf machines: Set<MACAddress>? = nil) async throws
        -> LiveFacts
    {
        try await LiveFacts(services, in: snapshot, addressesOf: machines, at: at)
    }

    // MARK: Nodes

    struct Page<Row: Sendable>: Sendable {
        var rows: [Row]
        /// The number of all matches, on every page.
        var count: Int
        /// The next page's offset; nil on the last.
        var next: Int?
    }

    /// The nodes that match `query`, in natural order.
    func nodes(_ query: String, offset: Int, limit: Int) async throws -> Page<MachineAnswer> {
        try await nodes(query, offset: offset, limit: limit, in: configuration())
    }

    func nodes(_ query: String, offset: Int, limit: Int, in snapshot: FleetSnapshot) async throws
        -> Page<MachineAnswer>
    {
        try require(.read)
        let names = try await names(matching: query, in: snapshot)
        let shown = names.dropFirst(offset).prefix(limit).compactMap { snapshot.nodes[$0] }
        let live = try await facts(in: snapshot, addressesOf: Set(shown.flatMap { snapshot.cards(of: $0) }))
        return Page(
            rows: shown.map { live.answer($0, in: snapshot) }, count: names.count,
            next: offset + shown.count < names.count ? offset + shown.count : nil)
    }

    /// The matching nodes that the caller sees, in natural order.
    private func names(matching query: String, in snapshot: FleetSnapshot) async throws -> [NodeName] {
        let condition = try Condition(query)
        if condition == .always {
            return may(.read, in: .site)
                ? snapshot.nodeOrder
                : snapshot.nodeOrder.filter { snapshot.nodes[$0].map { sees($0, in: snapshot) } == true }
        }
        let live = try await facts(in: snapshot)
        var names: [NodeName] = []
        for (number, name) in snapshot.nodeOrder.enumerated() {
            // A search over a large fleet takes long: others go on meanwhile.
            if number % 256 == 255 { await Task.yield() }
            guard let node = snapshot.nodes[name], sees(node, in: snapshot),
                condition.holds(for: live.facts(of: node, in: snapshot))
            else { continue }
            names.append(name)
        }
        return names
    }

    /// The names of all matching nodes.
    func names(_ query: String) async throws -> [NodeName] {
        try require(.read)
        return try await names(matching: query, in: configuration())
    }

    /// Unknown machines, latest first.
    func unknownMachines() async throws -> [MachineAnswer] {
        try require(.read)
        let snapshot = fleet.snapshot
        let unknown = Set(fleet.boots.keys.filter { !snapshot.knows($0) })
        let live = try await facts(in: snapshot, addressesOf: unknown)
        return unknown.map { live.answer(unknown: $0, in: snapshot) }
            .sorted { ($0.seenAt ?? 0, $0.name.text) > ($1.seenAt ?? 0, $1.name.text) }
    }

    /// The firmware of machines that asked, as far as it has a name: `x86-64 UEFI`.
    func firmware() async throws -> [MACAddress: String] {
        try require(.read)
        return await services.clients().compactMapValues { $0.architecture?.name }
    }

    /// Finds a node by its name or MAC address.
    static func find(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        if let node = MACAddress(text).flatMap({ snapshot.node(at: $0) }) { return node }
        if let name = try? NodeName(text), let node = snapshot.nodes[name] { return node }
        throw StoreError.notFound("there is no node ‘\(text)’ (roost node list shows all)")
    }

    func node(_ text: String, bootLimit: Int = 10) async throws -> NodeAnswer {
        try await node(text, bootLimit: bootLimit, in: configuration())
    }

    /// - Parameter snapshot: the configuration at the chosen time; what is shown beside the answer comes from the same.
    func node(_ text: String, bootLimit: Int = 10, in snapshot: FleetSnapshot) async throws -> NodeAnswer {
        let node = try readable(text, in: snapshot)
        var boots: [BootTimeline] = []
        let cards = snapshot.cards(of: node)
        for mac in cards {
            boots += try await fleet.store.boots(of: mac, limit: bootLimit)
        }
        if let at { boots = boots.compactMap { $0.before(second: at + 1) } }
        let live = try await facts(in: snapshot, addressesOf: Set(cards))
        let stored = snapshot.nodes[node.name]
        let versions = live.versions(of: node, in: snapshot)
        let boot = at == nil ? live.boot(of: node, in: snapshot) : boots.max { $0.startedAt < $1.startedAt }
        let root = live.root(at: cards)
        return NodeAnswer(
            node: node, isKnown: stored != nil, state: live.state(of: boot),
            heardAt: live.heardAt(boot, at: cards),
            learnedCards: snapshot.learnedCards(of: node),
            leasedAddress: cards.lazy.compactMap { live.leased[$0] }.first,
            root: root,
            sessions: seesTold(node, in: snapshot) ? live.sessions(of: node, in: snapshot) : [],
            settings: snapshot.settings(of: stored).all.map(SettingAnswer.init),
            hardware: at == nil ? snapshot.hardware(of: node) : try await pastHardware(of: cards),
            held: stored.flatMap { snapshot.trouble(holding: $0) }?.summary,
            alarm: at == nil ? fleet.alarm(of: node) : nil, tpm: answer(ofTPM: stored, in: snapshot),
            version: versions.next, lack: versions.lack, booted: versions.booted,
            isOutdated: versions.isOutdated == true,
            boots: boots.sorted { $0.startedAt > $1.startedAt })
    }

    /// What was known of a node's hardware at the time that is viewed.
    private func pastHardware(of cards: [MACAddress]) async throws -> Hardware? {
        var known: HardwareRecord?
        for card in cards {
            let record = try await fleet.store.hardwareHistory(of: card).first { $0.at <= at ?? 0 }
            if let record, record.at > known?.at ?? .min { known = record }
        }
        return known?.hardware
    }

    /// The node with that name or MAC address, or a machine that boots without being enrolled, if the caller may read it.
    private func readable(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        try require(.read)
        var node = try? Self.find(text, in: snapshot)
        if node == nil, let mac = MACAddress(text) ?? (try? NodeName(text))?.unknownMachine,
            fleet.boot(of: mac) != nil
        {
            node = Node(name: NodeName(unknown: mac), macAddresses: [mac])
        }
        guard let node else { return try caller.permitted(nil, named: text, .read, in: snapshot) }
        try requireReading(node, named: text, in: snapshot)
        return node
    }

    /// A machine's hardware and its changes.
    func hardware(_ text: String) async throws -> HardwareAnswer {
        let answer = try await node(text, bootLimit: 1)
        for mac in answer.node.macAddresses + answer.learnedCards {
            let records = try await fleet.store.hardwareHistory(of: mac)
            guard let latest = records.first else { continue }
            let changes = zip(records, records.dropFirst()).map { later, earlier in
                HardwareChangeAnswer(
                    at: later.at, differences: later.hardware.differences(from: earlier.hardware),
                    isAnotherMachine: later.hardware.isAnotherMachine(than: earlier.hardware))
            }
            return HardwareAnswer(macAddress: mac, hardware: latest.hardware, changes: changes)
        }
        throw StoreError.notFound("\(answer.node.name) has not reported its hardware")
    }

    /// The end of a node's log, and its crashes.
    func log(_ text: String, lineCount: Int) async throws -> LogAnswer {
        let snapshot = fleet.snapshot
        let node = try readable(text, in: snapshot)
        if !seesTold(node, in: snapshot) { try caller.requireNames(.read, "node", text) }
        var answer = LogAnswer(lines: [], crashes: [])
        for machine in snapshot.cards(of: node) {
            answer.lines += await services.logs.tail(machine, lineCount: lineCount)
            answer.crashes += await services.logs.crashes(machine).map {
                LogAnswer.Crash(at: $0.at, text: $0.text)
            }
        }
        // Lines of one second stay in their order.
        let lines = answer.lines.enumerated().sorted {
            let (one, other) = ($0.element.prefix(20), $1.element.prefix(20))
            return one == other ? $0.offset < $1.offset : one < other
        }
        answer.lines = lines.suffix(lineCount).map(\.element)
        return answer
    }

    // MARK: Lists for other programs

    /// The hardware of all nodes that match `query` and have reported it.
    func inventory(_ query: String) async throws -> [InventoryEntry] {
        try require(.read)
        let snapshot = try await configuration()
        return try await names(matching: query, in: snapshot).compactMap { name in
            guard let node = snapshot.nodes[name], let hardware = snapshot.hardware(of: node) else {
                return nil
            }
            return InventoryEntry(
                node: name, group: node.group, macAddresses: snapshot.cards(of: node), uuid: node.uuid,
                hardware: hardware)
        }
    }

    /// The known_hosts file for SSH clients.
    func knownHosts() async throws -> String {
        try require(.read)
        let snapshot = try await configuration()
        let nodes = snapshot.nodeOrder.lazy.compactMap { snapshot.nodes[$0] }.filter {
            sees($0, in: snapshot)
        }
        return Fleet.knownHosts(
            of: nodes, in: snapshot, domain: await services.policy().domain,
            publicLine: services.hostKey(of:number:))
    }
}

extension Acts.Page {
    /// A part of a list that is there as a whole.
    init(_ all: [Row], offset: Int, limit: Int) {
        rows = Array(all.dropFirst(offset).prefix(limit))
        count = all.count
        next = offset + rows.count < all.count ? offset + rows.count : nil
    }
}
