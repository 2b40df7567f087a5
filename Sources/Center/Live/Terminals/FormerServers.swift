import API
import Fleet

/// Where people were sent last, as far as it is remembered: of the last 50,000 at most, and at least of the last 25,000.
struct FormerServers: Sendable {
    private static let generationLimit = 25_000

    /// Two generations: when the younger one is full, the older one is forgotten.
    private var (young, old): ([String: TerminalName], [String: TerminalName]) = ([:], [:])

    subscript(user: String) -> TerminalName? { young[user] ?? old[user] }

    var count: Int { young.count + old.keys.count { young[$0] == nil } }

    mutating func note(_ user: String, on server: TerminalName) {
        if young.count >= Self.generationLimit, young[user] == nil { (old, young) = (young, [:]) }
        young[user] = server
    }

    /// Forgets servers that are gone.
    mutating func keep(_ servers: Set<TerminalName>) {
        young = young.filter { servers.contains($0.value) }
        old = old.filter { servers.contains($0.value) }
    }
}

/// The last placements.
struct PlacementHistory: Sendable {
    static let limit = 10_000

    struct Entry: Sendable {
        var entry: PlacementEntry
        /// Of the log-in; empty: it got none.
        var ticket: String
        /// Milliseconds by ``Clock/steadyMillisecond``.
        var time: Int
    }

    private var entries: [Entry] = []
    /// Where the next one goes once it is full.
    private var next = 0
    /// Where those are whose outcome is open.
    private var open: [String: Int] = [:]

    /// The newest first.
    var newest: some Sequence<Entry> {
        (0..<entries.count).lazy.map { [entries, next] offset in
            entries[(next + 2 * entries.count - 1 - offset) % entries.count]
        }
    }

    mutating func add(_ entry: Entry) {
        let place = entries.count < Self.limit ? entries.count : next
        if place < entries.count {
            open[entries[place].ticket] = nil
            entries[place] = entry
            next = (next + 1) % Self.limit
        } else {
            entries.append(entry)
        }
        if !entry.ticket.isEmpty { open[entry.ticket] = place }
    }

    /// What became of the log-in with that ticket.
    mutating func settle(
        _ ticket: String, _ outcome: PlacementEntry.Outcome, at time: Int, text: String = ""
    ) {
        guard let place = open.removeValue(forKey: ticket) else { return }
        entries[place].entry.outcome = outcome
        if !text.isEmpty { entries[place].entry.text = text }
        if outcome == .arrived { entries[place].entry.took = max(0, time - entries[place].time) }
    }
}
