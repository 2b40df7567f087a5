import API
import Fleet
import Wire

/// Something that is wrong now, that people see under «What is wrong now», and that no event of another kind tells.
struct StandingTrouble: Equatable, Sendable {
    /// It is the same trouble while these two stay, whatever its text counts.
    struct Key: Hashable, Sendable {
        /// What is wrong: `stuck`, `silent`.
        var what: String
        /// What has it: a node, a server, a pool, a network.
        var subject: String
    }

    var key: Key
    var node: NodeName?
    /// Nil: it is of the whole site.
    var group: GroupPath?
    var text: String

    init(
        _ what: String, of subject: String, node: NodeName? = nil, in group: GroupPath? = nil, _ text: String
    ) {
        key = Key(what: what, subject: subject)
        (self.node, self.group, self.text) = (node, group, text)
    }
}

/// Tells what is wrong once when it has begun, and once when it is over.
///
/// A value without clock. It is told only after two looks at which it was there, and over after two at which it was not: what comes and goes
/// is at most one event each minute.
struct TroubleWatch {
    /// Between two looks.
    static let tick = Duration.seconds(20)
    /// Troubles of one kind in one group that are told of one by one at each look; more share an event.
    static let singleLimit = 10

    /// Those of the last look.
    private var seen: Set<StandingTrouble.Key> = []
    private var told: [StandingTrouble.Key: StandingTrouble] = [:]

    /// What is to be told after a look.
    ///
    /// - Parameter now: all that is wrong.
    mutating func look(_ now: [StandingTrouble]) -> [ServerEvent] {
        let present = Set(now.map(\.key))
        var (begun, over) = ([StandingTrouble](), [StandingTrouble]())
        for trouble in now where seen.contains(trouble.key) && told[trouble.key] == nil {
            told[trouble.key] = trouble
            begun.append(trouble)
        }
        for (key, trouble) in told where !present.contains(key) && !seen.contains(key) {
            told[key] = nil
            over.append(trouble)
        }
        seen = present
        return Self.events(.troubleOver, over) + Self.events(.trouble, begun)
    }

    private static func events(_ kind: ServerEvent.Kind, _ troubles: [StandingTrouble]) -> [ServerEvent] {
        let over = kind == .troubleOver ? "over: " : ""
        let together = Dictionary(grouping: troubles) { [$0.key.what, $0.group?.description ?? ""] }
        return together.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap {
            _, troubles -> [ServerEvent] in
            let troubles = troubles.sorted { $0.key.subject < $1.key.subject }
            guard troubles.count > singleLimit, let first = troubles.first else {
                return troubles.map {
                    ServerEvent(kind: kind, node: $0.node, group: $0.group, text: over + $0.text)
                }
            }
            let place = first.group.map { " of \($0)" } ?? ""
            return [
                ServerEvent(
                    kind: kind, group: first.group,
                    text:
                        "\(over)\(troubles.count) times (\(first.key.what))\(place), such as \(first.key.subject): \(first.text)"
                )
            ]
        }
    }
}

extension CenterServices {
    /// Tells listeners what is wrong and what is over, until cancelled. After a restart of the server, what is still wrong is told again.
    func watchTroubles(_ log: @Sendable (String) -> Void) async throws {
        var watch = TroubleWatch()
        while true {
            try await Task.sleep(for: TroubleWatch.tick)
            do {
                for event in watch.look(try await standingTroubles()) { fleet.events.publish(event) }
            } catch {
                try Task.checkCancellation()
                log("what is wrong could not be told: \(error)")
            }
        }
    }

    /// All that the first page lists as wrong and no other event tells: of nodes, terminal servers and pools, schedules, and this server.
    func standingTroubles() async throws -> [StandingTrouble] {
        let acts = Acts(services: self, caller: .local)
        let snapshot = fleet.snapshot
        var troubles = try await acts.overview().list?.standing ?? []
        let records = snapshot.contents.terminals
        troubles += try acts.terminalTroubles().map { trouble in
            let group =
                trouble.pool.flatMap { records.pools[$0]?.group }
                ?? trouble.server.flatMap { records.servers[$0]?.group }
            return StandingTrouble(trouble.word, of: trouble.subject, in: group, trouble.text)
        }
        troubles += schedules.troubles(in: snapshot, now: Clock.second) { _ in true }.map {
            StandingTrouble(
                "schedule", of: $0.name.text, in: snapshot.contents.schedules[$0.name]?.group, $0.text)
        }
        for network in await networks() {
            guard let warning = network.scarcityWarning else { continue }
            troubles.append(StandingTrouble("network", of: network.network, warning))
        }
        for file in keptFiles.all {
            guard let warning = NodeWarnings.keptFiles([file]).first else { continue }
            troubles.append(StandingTrouble("kept-file", of: file.source.path, warning))
        }
        for source in watchedFiles.all {
            guard let warning = NodeWarnings.watchedFiles([source]).first else { continue }
            troubles.append(StandingTrouble("files", of: source.source.path, warning))
        }
        if let lost = fleet.lostRevisions {
            troubles.append(StandingTrouble("revisions", of: "server", lost.warning))
        }
        if let jump = fleet.recentJump {
            troubles.append(StandingTrouble("clock", of: "server", jump.warning))
        }
        return troubles
    }
}

extension TerminalTrouble {
    /// What is wrong, for programs.
    fileprivate var word: String {
        switch self {
        case .unserved: "unserved"
        case .noServer: "no-server"
        case .silent: "silent"
        case .failing: "failing"
        case .reported: "reported"
        case .otherCertificate: "other-certificate"
        case .unknownCertificate: "unknown-certificate"
        case .oldAgent: "old-agent"
        }
    }

    /// What has it. An agent may report several things; a number that changes in one makes it no other one.
    fileprivate var subject: String {
        let name = pool?.text ?? server?.text ?? ""
        guard case .reported(_, let text) = self else { return name }
        return "\(name): \(text.filter { !$0.isNumber })"
    }
}
