/// A moment of the week, by the server's clock and time zone.
package struct WeekMoment: Equatable, Sendable {
    /// 0 is Monday.
    package var day: Int
    /// Since midnight.
    package var minute: Int

    package init(day: Int, minute: Int) {
        self.day = day
        self.minute = minute
    }
}

extension Collection<OpeningHours> {
    /// Whether it is open then; without any hours, it always is.
    package func areOpen(at moment: WeekMoment) -> Bool {
        isEmpty || contains { $0.contain(day: moment.day, minute: moment.minute) }
    }

    /// As in files, one after the other.
    package var text: String { map(\.description).joined(separator: "; ") }
}

/// Why a pool takes a log-in from no server at all.
package enum PoolRefusal: Equatable, Sendable {
    /// The node is not in the pool's group.
    case foreignNode(GroupPath)
    case foreignUser
    /// By the pool's opening hours.
    case closed([OpeningHours])
}

extension TerminalPool {
    /// Whether people may log in to it; nil: they may.
    ///
    /// Only what this pool says counts, and not what pools among its levels say.
    ///
    /// - Parameters:
    ///   - user: empty for a guest.
    ///   - groups: of the user, as far as they are known.
    ///   - node: the group of the node where they are; nil: it is not asked for.
    package func refusal(
        of user: String, in groups: Set<String> = [], at node: GroupPath?, on moment: WeekMoment
    )
        -> PoolRefusal?
    {
        if let node, !group.contains(node) { return .foreignNode(group) }
        if !self.users.isEmpty || !self.groups.isEmpty {
            guard self.users.contains(user) || !groups.isDisjoint(with: self.groups) else {
                return .foreignUser
            }
        }
        return hours.areOpen(at: moment) ? nil : .closed(hours)
    }

    /// How a session of this pool is shown: the first of the pool's protocols that node and server have.
    ///
    /// - Parameter silent: those that do not answer there.
    package func kind(
        of node: SessionProtocols, on server: TerminalServer, without silent: SessionProtocols = []
    ) -> SessionProtocol? {
        let usable = node.subtracting(silent)
        return protocols.first { usable.isSuperset(of: $0.set) && server.ports[$0] != nil }
    }
}

extension Collection<SessionProtocol> {
    package var set: SessionProtocols { reduce(into: []) { $0.formUnion($1.set) } }
}

// MARK: In words

extension PoolRefusal: CustomStringConvertible {
    package var description: String { words.filled }

    /// A sentence with `%1` for what belongs there.
    package var words: PlacementWords {
        switch self {
        case .foreignNode(let group): PlacementWords("only nodes in %1 may use it", "\(group)")
        case .foreignUser: PlacementWords("this person may not use it")
        case .closed(let hours): PlacementWords("closed now: it is open %1", hours.text)
        }
    }
}

/// A sentence of the placement, which pages translate: `%1`, `%2` stand for the values.
package struct PlacementWords: Equatable, Sendable {
    package var text: String
    package var values: [String]

    package init(_ text: String, _ values: String...) {
        self.text = text
        self.values = values
    }

    /// In English.
    package var filled: String {
        var filled = text
        for (index, value) in values.enumerated() { filled = filled.replacing("%\(index + 1)", with: value) }
        return filled
    }
}

extension Placement.Reason {
    /// Its name in the API.
    package var code: String {
        switch self {
        case .hasSession: "has-session"
        case .freest: "freest"
        case .former: "former"
        case .lessFree: "less-free"
        case .laterLevel: "later-level"
        case .noRoom: "no-room"
        case .neverHeard: "never-heard"
        case .notHeard: "not-heard"
        case .draining: "draining"
        case .otherCertificate: "other-certificate"
        case .closed: "closed"
        case .otherProtocol: "other-protocol"
        case .silentProtocol: "silent-protocol"
        case .unknownCertificate: "unknown-certificate"
        case .fallback: "fallback"
        case .lesser: "lesser"
        case .otherRelease: "other-release"
        case .full: "full"
        case .exhausted: "exhausted"
        case .critical: "critical"
        case .failing: "failing"
        case .broker: "broker"
        case .notNeeded: "not-needed"
        }
    }

    package var words: PlacementWords {
        switch self {
        case .hasSession: PlacementWords("chosen: the session is there")
        case .freest(let use): PlacementWords("chosen: with it, %1 is used there", use.percent)
        case .former(let use):
            PlacementWords("chosen: the last session was there, and %1 is used there", use.percent)
        case .lessFree(let use): PlacementWords("it could: %1 would be used there", use.percent)
        case .laterLevel(let use):
            PlacementWords("not needed: an earlier level has room; %1 would be used there", use.percent)
        case .noRoom(let use): PlacementWords("no room: %1 of it would be used", use.percent)
        case .neverHeard: PlacementWords("it has never been heard")
        case .notHeard(let seconds): PlacementWords("it has not been heard for %1 s", "\(seconds)")
        case .draining: PlacementWords("it takes no new sessions: it drains, or is in maintenance")
        case .otherCertificate:
            PlacementWords("its certificate has changed, and the new one has not been accepted")
        case .closed: PlacementWords("closed now by its opening hours")
        case .otherProtocol: PlacementWords("it has no protocol that the node and the pool have")
        case .silentProtocol(let kind): PlacementWords("%1 does not answer there", kind.rawValue)
        case .unknownCertificate:
            PlacementWords(
                "its certificate for RDP is not known: nodes could not tell it from another machine")
        case .fallback(let shown, let missing, let use):
            PlacementWords(
                "chosen, by %1: %2 cannot be used there, and no other server with room has it; %3 is used there",
                shown.rawValue, missing.rawValue, use.percent)
        case .lesser(let shown, let missing, let use):
            PlacementWords(
                "it could, by %1 alone: %2 cannot be used there; %3 would be used",
                shown.rawValue, missing.rawValue, use.percent)
        case .otherRelease(let release?): PlacementWords("it has release %1, which is another one", release)
        case .otherRelease(nil): PlacementWords("its release is not known")
        case .full(let count, let limit): PlacementWords("full: %1 of %2 sessions", "\(count)", "\(limit)")
        case .exhausted: PlacementWords("its memory or its processors are exhausted")
        case .critical(let figure, _): PlacementWords("%1 is above its critical value", figure.rawValue)
        case .broker: PlacementWords("chosen: it leads to the connection broker, which places the log-in")
        case .notNeeded: PlacementWords("not needed: another server leads to the connection broker")
        case .failing(let count): PlacementWords("%1 log-ins in a row found no session there", "\(count)")
        }
    }

    /// What prevents it, whatever the log-in is; nil: it takes log-ins.
    package var isObstacle: Bool { use == nil && ![.hasSession, .broker, .notNeeded].contains(self) }
}

extension TerminalUse {
    package var percent: String { "\(Int((min(share, 99) * 100).rounded())) %" }
}

/// Why servers take no log-in.
package struct PlacementLack: Equatable, Sendable, CustomStringConvertible {
    /// Servers for which it is so.
    package var count: Int
    package var words: PlacementWords

    package init(_ words: PlacementWords, count: Int = 1) {
        self.words = words
        self.count = count
    }

    /// In English: `2 × full: 5 of 5 sessions`.
    package var description: String { count == 1 ? words.filled : "\(count) × \(words.filled)" }
}

extension Placement {
    /// The ways in which servers were judged, by ``Reason/code``: with how many, and the first one's verdict.
    private var ways: [(code: String, count: Int, first: Int)] {
        // They are few, and each log-in that is remembered has them: a dictionary would hash the code of every server.
        var ways: [(code: String, count: Int, first: Int)] = []
        for index in verdicts.indices {
            let code = verdicts[index].reason.code
            if let known = ways.firstIndex(where: { $0.code == code }) {
                ways[known].count += 1
            } else {
                ways.append((code, 1, index))
            }
        }
        return ways
    }

    /// How many servers were judged in each way, by ``Reason/code``.
    package var reasonCounts: [String: Int] {
        Dictionary(uniqueKeysWithValues: ways.map { ($0.code, $0.count) })
    }

    /// Why no server takes it, the most frequent reason first.
    package var lacks: [PlacementLack] {
        if verdicts.isEmpty { return [PlacementLack(PlacementWords("the pool has no server"))] }
        return ways.sorted { ($1.count, $0.code) < ($0.count, $1.code) }.map { way in
            PlacementLack(verdicts[way.first].reason.words, count: way.count)
        }
    }

    /// The same in English.
    package var lack: String { lacks.map(\.description).joined(separator: ", ") }
}
