package import Wire

/// All leases and offers in memory; every operation takes constant time, however many there are.
///
/// A client keeps its address as long as nobody else needs it: an expired lease is given to others only when no
/// address of the pool is left that was never used, oldest first.
package struct LeaseTable: Sendable {
    /// Seconds that an offer is kept for the client.
    static let offerSeconds = 60
    /// Seconds that an address is left alone after somebody foreign was found on it.
    package static let foreignSeconds = 600

    private struct Offer {
        var holder: LeaseHolder
        var expiresAt: Int
    }

    private var leases: [IPv4Address: Lease] = [:]
    private var addressOfHolder: [LeaseHolder: IPv4Address] = [:]
    private var offers: [IPv4Address: Offer] = [:]
    private var offerOfHolder: [LeaseHolder: IPv4Address] = [:]
    private var pools: [PoolCursor]
    private let reserved: Set<IPv4Address>

    /// Never-used addresses of one pool, and the used ones in the order in which they may come free.
    private struct PoolCursor {
        let range: ClosedRange<IPv4Address>
        var next: UInt64
        /// Used addresses with the time at which they looked free when they were queued.
        var used: [(address: IPv4Address, freeAt: Int)] = []
        var usedStart = 0

        mutating func queue(_ address: IPv4Address, freeAt: Int) {
            if usedStart > 1024, usedStart * 2 > used.count {
                used.removeFirst(usedStart)
                usedStart = 0
            }
            used.append((address, freeAt))
        }
    }

    package init(pools: [ClosedRange<IPv4Address>], reserved: Set<IPv4Address>) {
        self.pools = pools.map { PoolCursor(range: $0, next: UInt64($0.lowerBound.rawValue)) }
        self.reserved = reserved
    }

    package var all: [Lease] { leases.values.sorted { $0.address < $1.address } }

    package func lease(at address: IPv4Address) -> Lease? { leases[address] }

    package func lease(of holder: LeaseHolder) -> Lease? { addressOfHolder[holder].flatMap { leases[$0] } }

    /// The address offered to `holder` and not yet taken.
    package func offer(to holder: LeaseHolder, now: Int) -> IPv4Address? {
        guard let address = offerOfHolder[holder], let offer = offers[address], offer.expiresAt > now else {
            return nil
        }
        return address
    }

    /// Whether `holder` may have `address`.
    package func isFree(_ address: IPv4Address, for holder: LeaseHolder, now: Int) -> Bool {
        if let lease = leases[address], lease.holder != holder, lease.expiresAt > now { return false }
        if let offer = offers[address], offer.holder != holder, offer.expiresAt > now { return false }
        return true
    }

    /// Keeps `address` for `holder` until it asks for it.
    package mutating func makeOffer(_ address: IPv4Address, to holder: LeaseHolder, now: Int) {
        if let former = offerOfHolder[holder], former != address { offers[former] = nil }
        offers[address] = Offer(holder: holder, expiresAt: now + Self.offerSeconds)
        offerOfHolder[holder] = address
        queue(address, freeAt: now + Self.offerSeconds)
    }

    /// Enters a lease, read from the journal or just granted. The holder's former lease ends.
    package mutating func put(_ lease: Lease) {
        if let former = addressOfHolder[lease.holder], former != lease.address { leases[former] = nil }
        if let former = leases[lease.address], former.holder != lease.holder {
            addressOfHolder[former.holder] = nil
        }
        if case .foreign = lease.holder, let offer = offers.removeValue(forKey: lease.address) {
            offerOfHolder[offer.holder] = nil
        }
        leases[lease.address] = lease
        addressOfHolder[lease.holder] = lease.address
        if offerOfHolder[lease.holder] == lease.address {
            offerOfHolder[lease.holder] = nil
            offers[lease.address] = nil
        }
        queue(lease.address, freeAt: lease.expiresAt)
    }

    /// An address from `ranges` that was never used or, when there is none, the one that has been free the longest.
    package mutating func takeFree(in ranges: [ClosedRange<IPv4Address>], now: Int) -> IPv4Address? {
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeUnused(index, now: now) { return address }
        }
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeExpired(index, now: now) { return address }
        }
        return nil
    }

    private mutating func takeUnused(_ index: Int, now: Int) -> IPv4Address? {
        while pools[index].next <= UInt64(pools[index].range.upperBound.rawValue) {
            let address = IPv4Address(rawValue: UInt32(pools[index].next))
            pools[index].next += 1
            if leases[address] == nil, offers[address] == nil, !reserved.contains(address) { return address }
        }
        return nil
    }

    /// Entries whose time has changed since they were queued are put back or dropped when they come to the front.
    private mutating func takeExpired(_ index: Int, now: Int) -> IPv4Address? {
        var remaining = pools[index].used.count - pools[index].usedStart
        while remaining > 0 {
            remaining -= 1
            let (address, freeAt) = pools[index].used[pools[index].usedStart]
            guard freeAt <= now else { return nil }
            pools[index].usedStart += 1
            let leaseEnd = leases[address]?.expiresAt ?? 0
            let offerEnd = offers[address]?.expiresAt ?? 0
            let actual = max(leaseEnd, offerEnd)
            if actual > now {
                // A later entry stands for it already.
                continue
            }
            if reserved.contains(address) { continue }
            if let offer = offers.removeValue(forKey: address), offerOfHolder[offer.holder] == address {
                offerOfHolder[offer.holder] = nil
            }
            return address
        }
        return nil
    }

    private mutating func queue(_ address: IPv4Address, freeAt: Int) {
        guard freeAt != Lease.never,
            let index = pools.firstIndex(where: { $0.range.contains(address) })
        else { return }
        pools[index].queue(address, freeAt: freeAt)
    }
}
