/// Limited peers, where and how often: a log line per minute and peer, and figures.
package struct LimitLedger: Sendable {
    /// Peers remembered at a time; beyond this it only records that there were others.
    package static let peerLimit = 256
    /// Milliseconds until the same line is logged again.
    package static let silence = 60_000

    private struct Key: Hashable {
        /// Nil: the other peers beyond the limit.
        var peer: LimitedPeer?
        var limit: PeerLimit
    }

    private struct Entry {
        var toldAt: Int
        var lastAt: Int
        /// Refusals since the last line.
        var untold = 0
    }

    /// A present limitation, for people.
    package struct Line: Equatable, Sendable, Codable {
        package var peer: String
        /// The limit, and its scope.
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

    /// A peer was refused.
    ///
    /// - Parameter now: milliseconds of a monotonic clock.
    /// - Returns: the line to log, if it was not logged within the last minute.
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

    /// Refusals since a line was logged a minute ago or longer. Peers without further refusals are forgotten.
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

    /// Peers limited within the last minute.
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

/// The number of refusals, and the peers limited now.
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
