import NIOCore
import Synchronization

/// The places of connections whose peer is known only later: until then they count for their address, then for what has shown who it is.
final class ConnectionPlaces: Sendable {
    private struct Kept: Sendable {
        var place: CenterLimits.Place
        var isKnown = false
    }

    private let limits: CenterLimits
    private let places = Mutex<[ObjectIdentifier: Kept]>([:])

    init(limits: CenterLimits) { self.limits = limits }

    /// Keeps a place until its connection ends.
    func keep(_ place: CenterLimits.Place, of channel: any Channel) {
        let id = ObjectIdentifier(channel)
        places.withLock { $0[id] = Kept(place: place) }
        channel.closeFuture.whenComplete { [self] _ in
            if let kept = places.withLock({ $0.removeValue(forKey: id) }) { limits.release(kept.place) }
        }
    }

    /// The connection is an agent's from now on.
    ///
    /// - Returns: whether that agent may have it; otherwise it has no place any more, and must be closed.
    func know(_ channel: any Channel, asAgent name: String) -> Bool {
        let id = ObjectIdentifier(channel)
        return places.withLock { places in
            // One that has ended already has nothing to exchange.
            guard let kept = places[id], !kept.isKnown else { return true }
            let place = limits.exchange(kept.place, forAgent: name)
            places[id] = place.map { Kept(place: $0, isKnown: true) }
            return place != nil
        }
    }
}
