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

    /// The events to publish after a look.
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
