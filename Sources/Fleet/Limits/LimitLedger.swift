/// Who was limited, where and how often: a line for the log once a minute and peer, and figures.
package struct LimitLedger: Sendable {
    /// Peers that are known at a time; of more than that it is only known that there were others.
    package static let peerLimit = 256
    /// Milliseconds until the same is said again.
    package static let silence = 60_000

    private struct Key: Hashable {
        /// Nil: others, for whom there is no room.
        var peer: LimitedPeer?
        var limit: PeerLimit
    }

    private struct Entry {
        var toldAt: Int
        var lastAt: Int
        /// Refusals since then.
        var untold = 0
    }

    /// What is limited now, for people.
    package struct Line: Equatable, Sendable, Codable {
        package var peer: String
        /// What is the most, and for whom.
        package var limit: String

        package init(peer: String, limit: String) {
            self.peer = peer
            self.limit = limit
        }
    }

    private var entries: [Key: Entry] = [:]
    /// Refusals since the server started.
    package private(set) var totals: [LimitedPlane: Int] = [:]

    package init() {}

    /// A peer was refused something.
    ///
    /// - Parameter now: milliseconds of a clock that does not go back.
    /// - Returns: the line to log, when it has not been said within the last minute.
    package mutating func note(_ limit: PeerLimit, of peer: LimitedPeer, now: Int) -> String? {
        totals[limit.plane, default: 0] += 1
        var key = Key(peer: peer, limit: limit)
        if entries[key] == nil, entries.count >= Self.peerLimit { key.peer = nil }
        guard var entry = entries[key] else {
            entries[key] = Entry(toldAt: now, lastAt: now)
            return Self.text(key, count: 1)
        }
        entry.lastAt = now
        entry.untold += 1
        entries[key] = entry
        return nil
    }

    /// What has happened since it was said last, a minute ago or longer. What has not gone on is forgotten.
    package mutating func overdue(now: Int) -> [String] {
        var lines: [String] = []
        for (key, entry) in entries where now - entry.toldAt >= Self.silence {
            if entry.untold > 0 {
                lines.append(Self.text(key, count: entry.untold))
                entries[key]?.toldAt = now
                entries[key]?.untold = 0
            } else {
                entries[key] = nil
            }
        }
        return lines.sorted()
    }

    /// Who was limited within the last minute.
    package func current(now: Int) -> [Line] {
        entries.filter { now - $0.value.lastAt < Self.silence }.map { key, _ in
            Line(peer: key.peer?.description ?? "others", limit: key.limit.description)
        }.sorted { ($0.peer, $0.limit) < ($1.peer, $1.limit) }
    }

    private static func text(_ key: Key, count: Int) -> String {
        let times = count > 1 ? "limited \(count) times within a minute" : "limited"
        return "\(key.peer.map { "\($0) was" } ?? "others were") \(times): \(key.limit)"
    }
}

/// How often peers were limited, and who is now.
package struct LimitFigures: Sendable {
    /// Refusals since the server started.
    package var totals: [LimitedPlane: Int] = [:]
    package var current: [LimitLedger.Line] = []

    package init() {}

    /// - Parameter now: by the ledger's clock.
    package init(_ ledger: LimitLedger, now: Int) {
        totals = ledger.totals
        current = ledger.current(now: now)
    }

    package func adding(_ other: Self) -> Self {
        var sum = self
        sum.totals.merge(other.totals) { $0 + $1 }
        sum.current += other.current
        return sum
    }
}
