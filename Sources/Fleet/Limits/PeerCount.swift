/// Counts each peer's current uses (connections, transfers) against a limit per peer and one for all.
///
/// A peer is in the table only while it uses something: the table is never longer than the limit for all.
package struct PeerCount<Peer: Hashable & Sendable>: Sendable {
    /// A peer's use, which is returned once.
    package struct Place: Sendable {
        package let peer: Peer
        fileprivate let isStranger: Bool
    }

    /// Which limit was reached.
    package enum Refusal: Error, Equatable, Sendable {
        case peer, strangers, all
    }

    /// For all peers together.
    package var limit: Int
    package private(set) var count = 0
    private var strangerCount = 0
    private var counts: [Peer: Int] = [:]

    package init(limit: Int) { self.limit = limit }

    package subscript(peer: Peer) -> Int { counts[peer] ?? 0 }

    /// Strangers together get half: addresses without a lease cannot take the place of those with one.
    package var strangersLimit: Int { limit / 2 }

    /// - Parameters:
    ///   - isStranger: whether the peer is unknown.
    ///   - most: the limit for this peer.
    package mutating func take(_ peer: Peer, isStranger: Bool = false, most: Int) throws(Refusal) -> Place {
        guard count < limit else { throw .all }
        guard self[peer] < most else { throw .peer }
        guard !isStranger || strangerCount < strangersLimit else { throw .strangers }
        counts[peer, default: 0] += 1
        count += 1
        if isStranger { strangerCount += 1 }
        return Place(peer: peer, isStranger: isStranger)
    }

    package mutating func release(_ place: Place) {
        guard let own = counts[place.peer] else { return }
        counts[place.peer] = own > 1 ? own - 1 : nil
        count -= 1
        if place.isStranger { strangerCount -= 1 }
    }

    /// The peer with the most uses, and their number.
    package var greediest: (peer: Peer, count: Int)? {
        counts.max { $0.value < $1.value }.map { ($0.key, $0.value) }
    }
}
