import API
import Fleet
import Foundation
import Wire

/// What pages and the API show of the fleet to one caller.
struct FleetViews: Sendable {
    static let pageLimit = 1_000

    let services: CenterServices
    let caller: Caller
    /// Seconds since 1970 to travel back to; nil for now.
    var at: Int?

    var fleet: LiveFleet { services.fleet }

    func snapshot() async throws -> FleetSnapshot {
        guard let at else { return fleet.snapshot }
        return try await fleet.store.snapshot(at: at)
    }

    // MARK: Nodes

    struct Page<Row: Sendable>: Sendable {
        var rows: [Row]
        /// All that fit, on whatever page.
        var count: Int
        /// Where the next page begins; nil on the last.
        var next: Int?
    }

    /// The nodes that fit `query`, in the order in which people count.
    func nodes(_ query: String, offset: Int, limit: Int) async throws -> Page<MachineAnswer> {
        let snapshot = try await snapshot()
        let condition = try Condition(query)
        let live = await LiveFacts(self)
        var (rows, count): ([MachineAnswer], Int) = ([], 0)
        for name in snapshot.nodeOrder {
            guard let node = snapshot.nodes[name], sees(node, in: snapshot) else { continue }
            if condition != .always, !condition.holds(for: live.facts(of: node, in: snapshot)) { continue }
            if count >= offset, rows.count < limit { rows.append(live.answer(node, in: snapshot)) }
            count += 1
        }
        return Page(rows: rows, count: count, next: offset + rows.count < count ? offset + rows.count : nil)
    }

    /// The names of all nodes that fit.
    func names(_ query: String) async throws -> [NodeName] {
        let snapshot = try await snapshot()
        let condition = try Condition(query)
        let live = await LiveFacts(self)
        return snapshot.nodeOrder.filter { name in
            guard let node = snapshot.nodes[name], sees(node, in: snapshot) else { return false }
            return condition == .always || condition.holds(for: live.facts(of: node, in: snapshot))
        }
    }

    /// Machines that were seen and that nobody has enrolled, the latest first.
    func unknownMachines() async -> [MachineAnswer] {
        let snapshot = fleet.snapshot
        let live = await LiveFacts(self)
        return live.boots.keys.filter { !snapshot.knows($0) }
            .map { live.answer(unknown: $0, in: snapshot) }
            .sorted { ($0.seenAt ?? 0, $0.name.text) > ($1.seenAt ?? 0, $1.name.text) }
    }

    /// Finds a node by its name or a hardware address.
    static func find(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        if let node = MACAddress(text).flatMap({ snapshot.node(at: $0) }) { return node }
        if let name = try? NodeName(text), let node = snapshot.nodes[name] { return node }
        throw StoreError.notFound("there is no node ‘\(text)’ (roost node list shows all)")
    }

    func node(_ text: String, bootLimit: Int = 10) async throws -> NodeAnswer {
        let snapshot = try await snapshot()
        let node = try known(text, in: snapshot)
        try requireReading(node, in: snapshot)
        var boots: [BootTimeline] = []
        let cards = snapshot.cards(of: node)
        for mac in cards {
            boots += try await fleet.store.boots(of: mac, limit: bootLimit)
        }
        if let at { boots.removeAll { $0.startedAt > at * 1_000 } }
        let live = await LiveFacts(self)
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

    /// The node of that name or hardware address, or a machine that boots without being enrolled.
    private func known(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        do {
            return try Self.find(text, in: snapshot)
        } catch {
            guard let mac = MACAddress(text.hasPrefix("n") ? String(text.dropFirst()) : text),
                fleet.boot(of: mac) != nil
            else { throw error }
            return Node(name: NodeName(unknown: mac), macAddresses: [mac])
        }
    }

    /// What a machine was made of, and what changed when.
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
        let node = try known(text, in: snapshot)
        try requireReading(node, in: snapshot)
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

    // MARK: Figures

    func figures() async throws -> FiguresAnswer {
        let (snapshot, now) = (fleet.snapshot, Clock.millisecond)
        let live = await LiveFacts(self)
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
                        fix: "when its cause is mended: ‘roost node release’, or the button on its page"))
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

    /// Who asks for more than one peer may have: of the whole site.
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

extension BootStage {
    /// What the server sees of a root that does not come up: the step that a person would ask for first.
    func stuckDetail(_ root: RootActivity?) -> String {
        guard [.network, .root, .delivered, .configured, .handover].contains(self) else { return "" }
        guard let root else { return ": no export open" }
        return ": export opened, no read since \(root.idleMilliseconds / 1_000) s"
    }

    /// What helps most often when a machine goes no further than this stage.
    var usualFix: String {
        switch self {
        case .dhcp: "does its firmware reach TFTP? ‘roost doctor’ looks at ports and loaders"
        case .loader: "the loader does not fetch its script: look at its screen, try the setting loader"
        case .script:
            "the loader does not fetch the kernel: look at its screen and at the disk of this server"
        case .kernel, .initramfs: "the kernel does not start: look at its console; is memory large enough?"
        case .initialised: "the network card has no driver in the image, or its link is down"
        case .network: "the root cannot be mounted: does the node reach port 10809 of this server?"
        case .root, .delivered, .configured: "the image's own init is missing or ends: look at the console"
        case .handover: "the image does not come up to its end: look at its journal"
        case .failed:
            "the text says which step failed; ‘roost.break=STEP’ in kernel-arguments opens a shell there"
        case .ready: "nothing"
        }
    }
}

/// The live facts that one list needs, taken once.
struct LiveFacts {
    let boots: [MACAddress: BootTimeline]
    let leased: [MACAddress: IPv4Address]
    let registrations: [MACAddress: Registration]
    let sessions: [MACAddress: NodeSessions]
    private let isPast: Bool
    private let policy: BootPolicy
    private let clients: [MACAddress: BootClient]
    /// Seconds since 1970.
    let now = Clock.second

    init(_ views: FleetViews) async {
        boots = views.fleet.boots
        leased = await views.services.addresses()
        registrations = views.fleet.registrations
        policy = await views.services.policy()
        clients = await views.services.clients()
        isPast = views.at != nil
        sessions = isPast ? [:] : views.fleet.sessions
    }

    func boot(of node: Node, in snapshot: FleetSnapshot) -> BootTimeline? {
        snapshot.cards(of: node).lazy.compactMap { self.boots[$0] }.max { $0.startedAt < $1.startedAt }
    }

    func facts(of node: Node, in snapshot: FleetSnapshot) -> NodeFacts {
        NodeFacts(node, hardware: snapshot.hardware(of: node)) { attribute in
            switch attribute {
            case .address: snapshot.cards(of: node).compactMap { leased[$0]?.description }
            case .card: snapshot.learnedCards(of: node).map(\.description)
            case .state:
                (boot(of: node, in: snapshot).map { [$0.state] } ?? [])
                    + (snapshot.trouble(holding: node) == nil ? [] : ["held"])
            case .image: images(of: node, in: snapshot)
            case .booted: bootedNames(of: node, in: snapshot)
            case .outdated: versions(of: node, in: snapshot).isOutdated.map { [$0 ? "yes" : "no"] } ?? []
            case .user: sessions(of: node, in: snapshot).map(\.user)
            }
        }
    }

    /// What its setting says, as it stands there, and the name of the image alone.
    private func images(of node: Node, in snapshot: FleetSnapshot) -> [String] {
        let settings = snapshot.settings(of: node)
        return [settings.text(.image)]
            + (snapshot.version(for: settings).map { [$0.image.description] } ?? [])
    }

    /// What a node has booted, and what it boots next.
    struct Versions {
        var booted: String?
        var next: String?
        /// Why that is none; nil when there is one, and in the past.
        var lack: String?
        /// Whether they differ; nil while it is not up.
        var isOutdated: Bool?
    }

    func versions(of node: Node, in snapshot: FleetSnapshot) -> Versions {
        let next = snapshot.nextVersion(of: node)
        var versions = Versions(next: next.map(Self.name))
        if !isPast {
            versions.lack = snapshot.lack(
                of: node, under: policy, asking: snapshot.client(of: node, in: clients))
            if versions.lack != nil { versions.next = nil }
        }
        guard !isPast, let boot = boot(of: node, in: snapshot), let digest = boot.version else {
            return versions
        }
        versions.booted = snapshot.version(digest).map(Self.name) ?? digest.short
        if let next, boot.readyAfter != nil { versions.isOutdated = next.digest != digest }
        return versions
    }

    /// The version of a node's last boot, and its image's name.
    private func bootedNames(of node: Node, in snapshot: FleetSnapshot) -> [String] {
        guard !isPast, let digest = boot(of: node, in: snapshot)?.version else { return [] }
        return snapshot.version(digest).map { [Self.name(of: $0), $0.image.text] } ?? [digest.short]
    }

    private static func name(of version: ImageVersion) -> String { "\(version.image)@\(version.number)" }

    private static func failure(of boot: BootTimeline?) -> String? {
        boot?.entries.last.flatMap { $0.stage == .failed ? $0.detail : nil }
    }

    func answer(_ node: Node, in snapshot: FleetSnapshot) -> MachineAnswer {
        let boot = boot(of: node, in: snapshot)
        let cards = snapshot.cards(of: node)
        let versions = versions(of: node, in: snapshot)
        return MachineAnswer(
            name: node.name, isKnown: true, group: node.group, tags: node.tags,
            macAddress: boot?.macAddress ?? cards.first,
            address: cards.lazy.compactMap { self.leased[$0] }.first ?? node.address,
            state: MachineState(boot, now: now * 1_000), stage: boot?.entries.last?.stage,
            failure: Self.failure(of: boot), readyAfter: boot?.readyAfter,
            version: versions.next, lack: versions.lack, booted: versions.booted,
            isOutdated: versions.isOutdated == true,
            seenAt: boot?.entries.last?.at, code: nil, hardware: snapshot.hardware(of: node)?.headline,
            held: snapshot.trouble(holding: node)?.summary)
    }

    func answer(unknown mac: MACAddress, in snapshot: FleetSnapshot) -> MachineAnswer {
        let boot = boots[mac]
        return MachineAnswer(
            name: NodeName(unknown: mac), isKnown: false, group: nil, tags: [], macAddress: mac,
            address: leased[mac], state: MachineState(boot, now: now * 1_000),
            stage: boot?.entries.last?.stage, failure: Self.failure(of: boot), readyAfter: boot?.readyAfter,
            version: nil,
            seenAt: boot?.entries.last?.at, code: FleetSnapshot.screenCode(of: mac),
            hardware: snapshot.contents.hardware[mac]?.headline, wantedName: registrations[mac]?.name,
            wantedGroup: registrations[mac]?.group)
    }
}

extension Hardware {
    /// `HP t630, 4096 MiB`.
    var headline: String {
        [[vendor, product].filter { !$0.isEmpty }.joined(separator: " "), "\(memoryMebibytes) MiB"]
            .filter { !$0.isEmpty }.joined(separator: ", ")
    }
}

/// Hides secrets in what history keeps as text.
enum Redaction {
    /// A record's JSON as history keeps it.
    static func of(json: String?) -> String? {
        guard let json, let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
            var record = object as? [String: Any], var settings = record["settings"] as? [String: Any]
        else { return json }
        for name in SettingDefinition.secretNames where settings[name] != nil {
            settings[name] = RecordSettings.hidden.description
        }
        record["settings"] = settings
        let data = try? JSONSerialization.data(
            withJSONObject: record, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
