import API
import Fleet
import Foundation
import Wire

/// Views of nodes and machines for one caller, for pages and the API.
extension Acts {
    static let pageLimit = 1_000

    /// What machines reported, fetched once for a list.
    func facts() async -> LiveFacts { await LiveFacts(services, isPast: at != nil) }

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
        try require(.read)
        let snapshot = try await configuration()
        let condition = try Condition(query)
        let live = await facts()
        var (rows, count): ([MachineAnswer], Int) = ([], 0)
        for (number, name) in snapshot.nodeOrder.enumerated() {
            // A search over a large fleet takes long: others go on meanwhile.
            if number % 256 == 255 { await Task.yield() }
            guard let node = snapshot.nodes[name], caller.sees(node.group) else { continue }
            if condition != .always, !condition.holds(for: live.facts(of: node, in: snapshot)) { continue }
            if count >= offset, rows.count < limit { rows.append(live.answer(node, in: snapshot)) }
            count += 1
        }
        return Page(rows: rows, count: count, next: offset + rows.count < count ? offset + rows.count : nil)
    }

    /// The names of all matching nodes.
    func names(_ query: String) async throws -> [NodeName] {
        try require(.read)
        let snapshot = try await configuration()
        let condition = try Condition(query)
        let live = await facts()
        return snapshot.nodeOrder.filter { name in
            guard let node = snapshot.nodes[name], caller.sees(node.group) else { return false }
            return condition == .always || condition.holds(for: live.facts(of: node, in: snapshot))
        }
    }

    /// Unknown machines, latest first.
    func unknownMachines() async throws -> [MachineAnswer] {
        try require(.read)
        let snapshot = fleet.snapshot
        let live = await facts()
        return live.boots.keys.filter { !snapshot.knows($0) }
            .map { live.answer(unknown: $0, in: snapshot) }
            .sorted { ($0.seenAt ?? 0, $0.name.text) > ($1.seenAt ?? 0, $1.name.text) }
    }

    /// Finds a node by its name or MAC address.
    static func find(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        if let node = MACAddress(text).flatMap({ snapshot.node(at: $0) }) { return node }
        if let name = try? NodeName(text), let node = snapshot.nodes[name] { return node }
        throw StoreError.notFound("there is no node ‘\(text)’ (roost node list shows all)")
    }

    func node(_ text: String, bootLimit: Int = 10) async throws -> NodeAnswer {
        let snapshot = try await configuration()
        let node = try readable(text, in: snapshot)
        var boots: [BootTimeline] = []
        let cards = snapshot.cards(of: node)
        for mac in cards {
            boots += try await fleet.store.boots(of: mac, limit: bootLimit)
        }
        if let at { boots.removeAll { $0.startedAt > at * 1_000 } }
        let live = await facts()
        let activity = await services.rootActivity()
        let stored = snapshot.nodes[node.name]
        let versions = live.versions(of: node, in: snapshot)
        return NodeAnswer(
            node: node, isKnown: stored != nil, learnedCards: snapshot.learnedCards(of: node),
            leasedAddress: cards.lazy.compactMap { live.leased[$0] }.first,
            root: at == nil
                ? cards.lazy.compactMap { live.leased[$0] }.compactMap { activity[$0] }.first : nil,
            sessions: live.sessions(of: node, in: snapshot),
            settings: snapshot.settings(of: stored).all.map(SettingAnswer.init),
            hardware: snapshot.hardware(of: node),
            held: stored.flatMap { snapshot.trouble(holding: $0) }?.summary,
            alarm: at == nil ? fleet.alarm(of: node) : nil,
            version: versions.next, lack: versions.lack, booted: versions.booted,
            isOutdated: versions.isOutdated == true,
            boots: boots.sorted { $0.startedAt > $1.startedAt })
    }

    /// The node with that name or MAC address, or a machine that boots without being enrolled, if the caller may read it.
    private func readable(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        try require(.read)
        var node = try? Self.find(text, in: snapshot)
        if node == nil, let mac = MACAddress(text.hasPrefix("n") ? String(text.dropFirst()) : text),
            fleet.boot(of: mac) != nil
        {
            node = Node(name: NodeName(unknown: mac), macAddresses: [mac])
        }
        guard let node else { return try caller.permitted(nil, named: text, .read) }
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
        throw StoreError.notFound("\(answer.node.name) has not told what it is made of")
    }

    /// The end of a node's log, and its crashes.
    func log(_ text: String, lineCount: Int) async throws -> LogAnswer {
        let snapshot = fleet.snapshot
        let node = try readable(text, in: snapshot)
        var answer = LogAnswer(lines: [], crashes: [])
        for machine in snapshot.cards(of: node) {
            answer.lines += await services.logs.tail(machine, lineCount: lineCount)
            answer.crashes += await services.logs.crashes(machine).map {
                LogAnswer.Crash(at: $0.at, text: $0.text)
            }
        }
        answer.lines = Array(answer.lines.sorted().suffix(lineCount))
        return answer
    }

    // MARK: Lists for other programs

    /// The hardware of all nodes that match `query` and have reported it.
    func inventory(_ query: String) async throws -> [InventoryEntry] {
        let snapshot = try await configuration()
        return try await names(query).compactMap { name in
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

    // MARK: Figures

    func figures() async throws -> FiguresAnswer {
        try require(.read)
        let (snapshot, now) = (fleet.snapshot, Clock.millisecond)
        let live = await facts()
        let activity = await services.rootActivity()
        func root(_ boot: BootTimeline) -> RootActivity? {
            live.leased[boot.macAddress].flatMap { activity[$0] }
        }
        var states = Dictionary(uniqueKeysWithValues: MachineState.allCases.map { ($0, 0) })
        var troubles: [FiguresAnswer.Trouble] = []
        var boots: [BootTimeline] = []
        for node in snapshot.nodes.values where caller.sees(node.group) {
            let boot = live.boot(of: node, in: snapshot)
            let state = MachineState(boot, now: now)
            states[state, default: 0] += 1
            if troubles.count < 50, snapshot.trouble(holding: node) == nil,
                let lack = live.versions(of: node, in: snapshot).lack
            {
                troubles.append(
                    FiguresAnswer.Trouble(
                        machine: node.name, isKnown: true, text: "boots nothing next: \(lack)",
                        fix: "‘roost node explain \(node.name)’ shows how that was chosen"))
                if let boot { boots.append(boot) }
                continue
            }
            guard let boot else { continue }
            boots.append(boot)
            if let held = snapshot.trouble(holding: node), troubles.count < 50 {
                troubles.append(
                    FiguresAnswer.Trouble(
                        machine: node.name, isKnown: true,
                        text: held.summary,
                        fix: "when the cause is fixed: ‘roost node release’, or the button on its page"))
                continue
            }
            if state == .failed || state == .stuck, troubles.count < 50 {
                troubles.append(Self.trouble(node.name, isKnown: true, boot, root(boot), now: now))
            }
        }
        var unknownCount = 0
        for (mac, boot) in live.boots where !snapshot.knows(mac) {
            unknownCount += 1
            boots.append(boot)
            let state = MachineState(boot, now: now)
            if state == .failed, troubles.count < 50 {
                troubles.append(
                    Self.trouble(NodeName(unknown: mac), isKnown: false, boot, root(boot), now: now))
            }
        }
        let figures = BootFigures(boots)
        return FiguresAnswer(
            states: states, unknownCount: unknownCount, bootCount: figures.count, median: figures.median,
            percentile95: figures.percentile95, stages: figures.stages,
            minutes: Self.minutes(of: boots, now: now),
            troubles: troubles.sorted { $0.machine < $1.machine }, limited: await limited())
    }

    /// Peers over their limit, on the whole site.
    func limited() async -> [LimitLedger.Line] {
        caller.allows(.read, in: .site) ? Array(await services.limited().current.prefix(50)) : []
    }

    private static func minutes(of boots: [BootTimeline], now: Int) -> [FiguresAnswer.Minute] {
        let first = now / 60_000 - 59
        var minutes = (0..<60).map { FiguresAnswer.Minute(at: (first + $0) * 60_000, started: 0, ready: 0) }
        for boot in boots {
            let started = boot.startedAt / 60_000 - first
            if minutes.indices.contains(started) { minutes[started].started += 1 }
            guard let after = boot.readyAfter else { continue }
            let ready = (boot.startedAt + after) / 60_000 - first
            if minutes.indices.contains(ready) { minutes[ready].ready += 1 }
        }
        return minutes
    }

    private static func trouble(
        _ name: NodeName, isKnown: Bool, _ boot: BootTimeline, _ root: RootActivity?, now: Int
    ) -> FiguresAnswer.Trouble {
        let last = boot.entries.last
        let seconds = (now - (last?.at ?? now)) / 1_000
        let stage = last?.stage ?? .dhcp
        return FiguresAnswer.Trouble(
            machine: name, isKnown: isKnown,
            text: stage == .failed
                ? "failed: \(last?.detail ?? "")"
                : "stuck after \(stage.rawValue) for \(seconds) s" + stage.stuckDetail(root),
            fix: stage.usualFix)
    }
}
