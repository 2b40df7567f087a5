import HeapModule
package import Wire

/// All leases and offers in memory; an operation takes constant time, or the logarithm of the pool when it is full.
///
/// A client keeps its address as long as nobody else needs it: an expired lease is given to others only when no
/// address of the pool is left that was never used, oldest first.
package struct LeaseTable: Sendable {
    /// Seconds that an offer is kept for the client.
    static let offerSeconds = 60
    /// Seconds after which an address that was passed over because it is reserved is looked at again.
    private static let reservedSeconds = 600
    /// Seconds that an address is left alone after somebody foreign was found on it.
    package static let foreignSeconds = 600

    private struct Offer {
        var holder: LeaseHolder
        var expiresAt: Int
    }

    /// What an address is used for.
    private struct Use {
        var lease: Lease?
        var offer: Offer?
        /// The time of this address's entry among those that come free; nil when it has none.
        var queuedAt: Int?

        /// When nobody holds the address any more.
        var freeAt: Int { max(lease?.expiresAt ?? 0, offer?.expiresAt ?? 0) }

        /// Notes a lease and returns who had the one before.
        mutating func take(_ lease: Lease, endsOffer: Bool) -> LeaseHolder? {
            let former = self.lease?.holder
            self.lease = lease
            if endsOffer { offer = nil }
            return former
        }
    }

    /// What a client has: at most one address leased, and one offered.
    package struct Holding: Equatable, Sendable {
        package var leased: IPv4Address?
        package var offered: IPv4Address?

        /// Notes an offer and returns the one before.
        fileprivate mutating func offer(_ address: IPv4Address) -> IPv4Address? {
            let former = offered
            offered = address
            return former
        }

        /// Notes a lease, which ends an offer of the same address, and returns what there was before.
        fileprivate mutating func take(_ address: IPv4Address) -> Self {
            let former = self
            leased = address
            if offered == address { offered = nil }
            return former
        }
    }

    /// An address that looked free from a time on when it was queued; what it is now, `Use` says.
    private struct ComingFree: Comparable {
        var at: Int
        var address: IPv4Address

        static func < (left: Self, right: Self) -> Bool {
            (left.at, left.address) < (right.at, right.address)
        }
    }

    /// Addresses of one pool: those never used, and the used ones by the time at which they may come free.
    private struct Pool {
        let range: ClosedRange<IPv4Address>
        /// The first address that was never used; 64 bits, because the last address has a successor.
        var next: UInt64
        var comingFree = Heap<ComingFree>()
    }

    private var uses: [IPv4Address: Use] = [:]
    private var holdings: [LeaseHolder: Holding] = [:]
    private var pools: [Pool]

    package init(pools: [ClosedRange<IPv4Address>]) {
        self.pools = pools.map { Pool(range: $0, next: UInt64($0.lowerBound.rawValue)) }
    }

    package var all: [Lease] { uses.values.compactMap(\.lease).sorted { $0.address < $1.address } }

    package func lease(at address: IPv4Address) -> Lease? { uses[address]?.lease }

    package func lease(of holder: LeaseHolder) -> Lease? {
        holdings[holder]?.leased.flatMap { uses[$0]?.lease }
    }

    /// The address that `holder` has or had last, and the one that was offered to it and not yet taken.
    package func holding(of holder: LeaseHolder, now: Int) -> Holding {
        guard var holding = holdings[holder] else { return Holding() }
        if let offered = holding.offered, (uses[offered]?.offer?.expiresAt ?? 0) <= now {
            holding.offered = nil
        }
        return holding
    }

    /// Whether `holder` may have `address`.
    package func isFree(_ address: IPv4Address, for holder: LeaseHolder, now: Int) -> Bool {
        guard let use = uses[address] else { return true }
        if let lease = use.lease, lease.expiresAt > now, lease.holder != holder { return false }
        if let offer = use.offer, offer.expiresAt > now, offer.holder != holder { return false }
        return true
    }

    /// Keeps `address` for `holder` until it asks for it.
    package mutating func makeOffer(_ address: IPv4Address, to holder: LeaseHolder, now: Int) {
        withdrawOffer(at: address, exceptTo: holder)
        let former = holdings[holder, default: Holding()].offer(address)
        if let former, former != address { uses[former]?.offer = nil }
        uses[address, default: Use()].offer = Offer(holder: holder, expiresAt: now + Self.offerSeconds)
        queue(address)
    }

    /// Enters a lease, read from the journal or just granted. The holder's former lease ends.
    package mutating func put(_ lease: Lease) {
        let former = holdings[lease.holder, default: Holding()].take(lease.address)
        if let address = former.leased, address != lease.address {
            uses[address]?.lease = nil
            queue(address)
        }
        if case .foreign = lease.holder { withdrawOffer(at: lease.address, exceptTo: lease.holder) }
        let evicted = uses[lease.address, default: Use()].take(
            lease, endsOffer: former.offered == lease.address)
        if let evicted, evicted != lease.holder {
            holdings[evicted]?.leased = nil
            forgetIfEmpty(evicted)
        }
        queue(lease.address)
    }

    /// An address from `ranges` that was never used or, when there is none, the one that has been free the longest.
    package mutating func takeFree(
        in ranges: [ClosedRange<IPv4Address>], now: Int, isReserved: (IPv4Address) -> Bool
    ) -> IPv4Address? {
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeUnused(index, now: now, isReserved: isReserved) { return address }
        }
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeExpired(index, now: now, isReserved: isReserved) { return address }
        }
        return nil
    }

    private mutating func takeUnused(
        _ index: Int, now: Int, isReserved: (IPv4Address) -> Bool
    ) -> IPv4Address? {
        while pools[index].next <= UInt64(pools[index].range.upperBound.rawValue) {
            let address = IPv4Address(rawValue: UInt32(pools[index].next))
            pools[index].next += 1
            guard uses[address] == nil else { continue }
            if !isReserved(address) { return address }
            queue(address, at: now + Self.reservedSeconds, index)
        }
        return nil
    }

    /// Entries whose address is held longer than they say go back with the time that is true now.
    private mutating func takeExpired(
        _ index: Int, now: Int, isReserved: (IPv4Address) -> Bool
    ) -> IPv4Address? {
        while let first = pools[index].comingFree.min, first.at <= now {
            pools[index].comingFree.removeMin()
            guard let use = uses[first.address], use.queuedAt == first.at else { continue }
            uses[first.address]?.queuedAt = nil
            if use.freeAt > now {
                queue(first.address)
            } else if isReserved(first.address) {
                queue(first.address, at: now + Self.reservedSeconds, index)
            } else {
                withdrawOffer(at: first.address, exceptTo: nil)
                return first.address
            }
        }
        return nil
    }

    private mutating func withdrawOffer(at address: IPv4Address, exceptTo holder: LeaseHolder?) {
        guard let offer = uses[address]?.offer, offer.holder != holder else { return }
        uses[address]?.offer = nil
        holdings[offer.holder]?.offered = nil
        forgetIfEmpty(offer.holder)
    }

    private mutating func forgetIfEmpty(_ holder: LeaseHolder) {
        if holdings[holder] == Holding() { holdings[holder] = nil }
    }

    /// Gives `address` an entry among those that come free, unless it has one that is early enough.
    private mutating func queue(_ address: IPv4Address) {
        guard let use = uses[address], use.freeAt != Lease.never, use.freeAt < use.queuedAt ?? Lease.never,
            let index = pools.firstIndex(where: { $0.range.contains(address) })
        else { return }
        queue(address, at: use.freeAt, index)
    }

    private mutating func queue(_ address: IPv4Address, at time: Int, _ index: Int) {
        uses[address, default: Use()].queuedAt = time
        pools[index].comingFree.insert(ComingFree(at: time, address: address))
    }
}
