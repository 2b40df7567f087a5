/// What each peer has at once (connections, transfers) against a maximum for one, and another for all.
///
/// A peer is in the table only as long as it has something: the table is never longer than the maximum for all.
package struct PeerCount<Peer: Hashable & Sendable>: Sendable {
    /// What a peer got; it is given back once.
    package struct Place: Sendable {
        package let peer: Peer
        fileprivate let isStranger: Bool
    }

    /// Which maximum was reached.
    package enum Refusal: Error, Equatable, Sendable {
        case peer, strangers, all
    }

    /// For all together.
    package var limit: Int
    package private(set) var count = 0
    private var strangerCount = 0
    private var counts: [Peer: Int] = [:]

    package init(limit: Int) { self.limit = limit }

    package subscript(peer: Peer) -> Int { counts[peer] ?? 0 }

    /// Strangers together get half: what is taken by addresses that hold no lease is not taken from those that do.
    package var strangersLimit: Int { limit / 2 }

    /// - Parameters:
    ///   - isStranger: whether nothing is known of the peer.
    ///   - most: for this peer.
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

    /// The peer that has the most, and how much that is.
    package var greediest: (peer: Peer, count: Int)? {
        counts.max { $0.value < $1.value }.map { ($0.key, $0.value) }
    }
}
