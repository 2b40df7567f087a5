import API
import Fleet
import Wire

/// A trouble with its sentences, which pages translate.
struct TroubleLine: Sendable {
    var trouble: FiguresAnswer.Trouble
    var what: Sentence
    var fix: Sentence
    /// Those of its machines that can be asked to restart; as many at the most as the answer names.
    var restartable: [NodeName]

    init(_ trouble: FiguresAnswer.Trouble, what: Sentence, fix: Sentence, restartable: [NodeName] = []) {
        self.trouble = trouble
        self.what = what
        self.fix = fix
        self.restartable = restartable
    }
}

/// What is wrong now. Machines of one group with the same cause share a line, and those of many groups do, too.
struct TroubleList {
    /// Lines that are shown.
    private static let rowLimit = 50
    /// Nodes of one group that fell silent together have one cause.
    private static let (lostTogether, togetherMilliseconds) = (3, 60_000)

    /// The same in so many groups is one line: it has one cause, and that is in none of them.
    private static let groupsTogether = 3

    /// A machine with something wrong.
    private struct Case {
        var kind: FiguresAnswer.Trouble.Kind
        var machine: NodeName
        var group: GroupPath?
        var since: Int?
        var text: Sentence
        var fix: Sentence
        /// What to do, where it differs between machines with the same cause; empty: it does not.
        var remedy = ""
        /// Whether it takes orders.
        var obeys = false
    }

    /// A machine whose last boot failed, or got stuck.
    private struct Failure {
        var machine: NodeName
        var group: GroupPath?
        var boot: BootTimeline
    }

    private struct Lost {
        var node: Node
        var since: Int
        /// What may be lost with it; nil: nothing that is known.
        var loss: Sentence?
    }

    private let live: LiveFacts
    /// Milliseconds since 1970.
    private let now: Int
    private var advice: FailureAdvice
    private var cases: [Case] = []
    private var failures: [Failure] = []
    private var lost: [GroupPath: [Lost]] = [:]

    init(_ live: LiveFacts, now: Int, advice: FailureAdvice) {
        self.live = live
        self.now = now
        self.advice = advice
    }

    /// A node in its present state.
    ///
    /// - Parameter lack: why it boots nothing next; nil: it does.
    mutating func look(
        at node: Node, _ state: MachineState, _ boot: BootTimeline?, lack: Sentence?,
        in snapshot: FleetSnapshot
    ) {
        if let held = snapshot.trouble(holding: node) {
            guard boot != nil else { return }
            add(
                .held, node, since: held.lastBootAt,
                "held after \(held.failedBoots) failed boots: \(Sentence(phrase: held.detail))",
                fix: "when the cause is fixed: ‘roost node release’, or the button on its page")
        } else if let lack {
            add(
                .lack, node, since: nil, "has nothing to boot next: \(lack)",
                fix: "‘roost node explain \(node.name)’ shows how that was chosen")
        } else if let boot, state == .failed || state == .stuck {
            failures.append(Failure(machine: node.name, group: node.group, boot: boot))
        }
        if let boot, state == .lost { noteLost(node, boot, in: snapshot) }
    }

    private mutating func noteLost(_ node: Node, _ boot: BootTimeline, in snapshot: FleetSnapshot) {
        let users = live.lastSessions(at: boot.macAddress)
        let hasVolume = snapshot.observations.volumes[node.name] != nil
        let loss: Sentence? =
            switch (users, hasVolume) {
            case (1, true): "lost, with 1 session and a volume"
            case (1, false): "lost, with 1 session"
            case (2..., true): "lost, with \(users) sessions and a volume"
            case (2..., false): "lost, with \(users) sessions"
            case (_, true): "lost, with a volume"
            case (_, false): nil
            }
        lost[node.group, default: []].append(
            Lost(
                node: node, since: now - live.heard.silence(of: boot.macAddress),
                loss: loss))
    }

    /// - Parameters:
    ///   - failed: steps of its configuration.
    ///   - alarm: another TPM, or none.
    mutating func add(_ node: Node, _ failed: [PhaseResults]?, _ alarm: NodeAlarm?, in boot: BootTimeline) {
        // Nothing when an earlier boot was refused.
        if let alarm, alarm.at >= boot.startedAt / 1_000 {
            add(
                .tpm, node, since: alarm.at * 1_000, "\(alarm.summary)",
                fix: alarm.tpm.map { tpm -> Sentence in
                    "if that is its new board: ‘roost node tpm \(node.name) --accept \(tpm.short)’, or the button on its page"
                } ?? "if that is right: ‘roost node tpm \(node.name) --forget’, and the setting tpm")
        }
        // Nothing when the steps are those of an earlier boot.
        let failures = (failed ?? []).filter { $0.boot == boot.boot }.flatMap(\.failures)
        guard let first = failures.first else { return }
        add(
            .step, node, since: boot.startedAt,
            failures.count > 1
                ? "\(first.sentence), and \(failures.count - 1) more" : "\(first.sentence)",
            fix: "its page and ‘roost node steps’ show what it printed and which setting it comes from")
    }

    /// A machine that is not a node, and whose boot failed.
    mutating func addStranger(_ boot: BootTimeline) {
        failures.append(Failure(machine: NodeName(unknown: boot.macAddress), boot: boot))
    }

    /// A log-in at a node that failed because of its settings or a server.
    mutating func add(_ failure: LogIns.Failure) {
        cases.append(
            Case(
                kind: .refusedPerson, machine: failure.node, group: failure.group,
                since: now - max(0, Clock.steadyMillisecond - failure.at),
                text: "a log-in failed: \(Sentence(failure.words))",
                fix: failure.pool.map { pool -> Sentence in
                    "‘roost place --node \(failure.node) --pool \(pool) --explain’ shows the servers"
                } ?? "‘roost get \(failure.node)’ shows the settings pool, log-in and log-in-account"))
    }

    private mutating func add(
        _ kind: FiguresAnswer.Trouble.Kind, _ node: Node, since: Int?, _ text: Sentence, fix: Sentence
    ) {
        cases.append(
            Case(kind: kind, machine: node.name, group: node.group, since: since, text: text, fix: fix))
    }

    /// What no event of another kind tells, of each machine by itself.
    var standing: [StandingTrouble] {
        let own: Set<FiguresAnswer.Trouble.Kind> = [.failed, .lost, .step, .tpm]
        return cases.filter { !own.contains($0.kind) }.map {
            StandingTrouble(
                $0.kind.rawValue, of: $0.machine.text, node: $0.machine, in: $0.group,
                "\($0.text.english); \($0.fix.english)")
        }
            + failures.compactMap { failure in
                guard let group = failure.group, let stage = failure.boot.entries.last?.stage,
                    stage != .failed
                else { return nil }
                return StandingTrouble(
                    FiguresAnswer.Trouble.Kind.stuck.rawValue, of: failure.machine.text,
                    node: failure.machine, in: group, "stuck after \(stage.rawValue); \(stage.usualFix)")
            }
    }

    // MARK: Lines

    /// - Parameters:
    ///   - addresses: the leased addresses of machines.
    ///   - activity: what happens on exports of roots.
    mutating func rows(
        addresses: (Set<MACAddress>) async -> [MACAddress: IPv4Address],
        activity: () async -> [IPv4Address: RootActivity]
    ) async -> [TroubleLine] {
        var cases = cases
        if !failures.isEmpty {
            let leased = await addresses(Set(failures.map(\.boot.macAddress)))
            let activity = await activity()
            for failure in failures {
                cases.append(described(failure, leased[failure.boot.macAddress].flatMap { activity[$0] }))
            }
        }
        var rows = lost.flatMap { group, lost in self.rows(of: lost, in: group) }
        // What is wrong with them may be the same, and what is done about it another thing.
        let same = Dictionary(grouping: cases) {
            [$0.group == nil ? "" : "/", $0.text.english, $0.remedy]
        }
        for cases in same.values { rows += Self.rows(of: cases) }
        return Array(rows.sorted(by: Self.comesFirst).prefix(Self.rowLimit))
    }

    private mutating func described(_ failure: Failure, _ root: RootActivity?) -> Case {
        let last = failure.boot.entries.last
        let stage = last?.stage ?? .dhcp
        let fix =
            stage == .failed
            ? advice.fix(of: failure.boot, last?.detail ?? "") : Sentence(stringLiteral: stage.usualFix)
        return Case(
            kind: stage == .failed ? .failed : .stuck, machine: failure.machine, group: failure.group,
            since: last?.at,
            text: stage == .failed
                ? Self.failed(last?.detail ?? "")
                : stage.stuckSentence(root, usually: live.usual.usual(at: stage)),
            fix: fix, remedy: fix.english,
            obeys: failure.group != nil && failure.boot.asksForOrders(live.heard))
    }

    static func failed(_ detail: String) -> Sentence {
        detail.isEmpty ? "failed" : "failed: \(Sentence(phrase: detail))"
    }

    /// Machines with the same trouble: a line for each group, or one where that would be too many.
    private static func rows(of cases: [Case]) -> [TroubleLine] {
        let groups = Dictionary(grouping: cases) { $0.group }
        return groups.count >= groupsTogether
            ? [row(of: cases)].compactMap(\.self) : groups.values.compactMap(row)
    }

    private static func row(of cases: [Case]) -> TroubleLine? {
        let group = cases.first?.group.map { _ in cases.compactMap(\.group).nearestCommon }
        // Ten thousand machines may have it: each key is made once.
        let cases = cases.map { (key: $0.machine.countingKey, value: $0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        guard let first = cases.first else { return nil }
        return TroubleLine(
            FiguresAnswer.Trouble(
                first.kind, machine: first.machine, isKnown: first.group != nil,
                machines: cases.map(\.machine), group: group, since: cases.compactMap(\.since).min(),
                text: first.text.english, fix: first.fix.english), what: first.text, fix: first.fix,
            restartable: cases.lazy.filter(\.obeys).prefix(100).map(\.machine))
    }

    /// Nodes that fell silent together are one trouble; of the others, those that may have lost something.
    private func rows(of lost: [Lost], in group: GroupPath) -> [TroubleLine] {
        var clusters: [[Lost]] = []
        for one in lost.sorted(by: { $0.since < $1.since }) {
            if let before = clusters.last?.last, one.since - before.since <= Self.togetherMilliseconds {
                clusters[clusters.count - 1].append(one)
            } else {
                clusters.append([one])
            }
        }
        return clusters.flatMap { cluster -> [TroubleLine] in
            guard cluster.count >= Self.lostTogether else { return cluster.compactMap(Self.row) }
            let cases = cluster.map {
                Case(
                    kind: .lost, machine: $0.node.name, group: group, since: $0.since,
                    text: "\(cluster.count) nodes of \(group) are lost",
                    fix: "do they have the same switch or the same power? look there first")
            }
            return Self.row(of: cases).map { [$0] } ?? []
        }
    }

    private static func row(of lost: Lost) -> TroubleLine? {
        guard let loss = lost.loss else { return nil }
        return row(of: [
            Case(
                kind: .lost, machine: lost.node.name, group: lost.node.group, since: lost.since, text: loss,
                fix: "look at its power, its network and its screen; switched on again, it starts anew")
        ])
    }

    /// The most machines first, then in natural order.
    private static func comesFirst(_ one: TroubleLine, _ other: TroubleLine) -> Bool {
        let (left, right) = (one.trouble, other.trouble)
        if left.count != right.count { return left.count > right.count }
        let (one, other) = (left.machine.countingKey, right.machine.countingKey)
        return one == other ? left.text < right.text : one.lexicographicallyPrecedes(other)
    }
}
