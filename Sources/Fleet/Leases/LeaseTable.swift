import HeapModule
package import Wire

/// All leases and offers in memory; an operation takes constant time, or logarithmic time when the pool is full.
///
/// A machine has one lease per link. It keeps its address as long as no other machine needs it: expired leases are reused, oldest first,
/// only when the pool has no unused address left.
package struct LeaseTable: Sendable {
    /// Seconds that an offer is reserved: some firmware collects offers for eight before it accepts one.
    static let offerSeconds = 30
    /// Seconds after which the oldest offer can go to another client, when nothing else is free.
    private static let shortestOfferSeconds = 2
    /// Seconds after which an address that was skipped because it is reserved is checked again.
    private static let reservedSeconds = 600
    /// Seconds that an address is on hold after a foreign machine was found on it.
    package static let foreignSeconds = 600

    struct Offer {
        var holder: LeaseHolder
        var madeAt: Int

        var expiresAt: Int { madeAt + LeaseTable.offerSeconds }
    }

    /// A machine on one link; `link` is -1 for addresses of networks that are no longer served.
    private struct Client: Hashable {
        var holder: LeaseHolder
        var link: Int
    }

    /// The use of an address.
    struct Use {
        var lease: Lease?
        var offer: Offer?
        /// The request of the client that it was offered to, and its transaction.
        var asked: (holder: LeaseHolder, client: BootClient, transaction: UInt32)?
        /// Its client's port at a relay or switch; empty when unknown.
        var port: [UInt8] = []
        /// The number of unanswered probes, and the time of the last one.
        var silence: (count: Int, at: Int)?
        /// The time of this address's queue entry; nil when it has none.
        var queuedAt: Int?

        /// When the address becomes free.
        var freeAt: Int { max(lease?.expiresAt ?? 0, offer?.expiresAt ?? 0) }

        /// Records a lease and returns the previous holder.
        mutating func take(_ lease: Lease, endsOffer: Bool) -> LeaseHolder? {
            let former = self.lease?.holder
            self.lease = lease
            silence = nil
            if endsOffer { offer = nil }
            return former
        }
    }

    /// A client's addresses on a link: at most one leased, and one offered.
    package struct Holding: Equatable, Sendable {
        package var leased: IPv4Address?
        package var offered: IPv4Address?

        /// Records an offer and returns the previous one.
        fileprivate mutating func offer(_ address: IPv4Address) -> IPv4Address? {
            let former = offered
            offered = address
            return former
        }

        /// Records a lease, which ends an offer of the same address, and returns the previous holding.
        fileprivate mutating func take(_ address: IPv4Address) -> Self {
            let former = self
            leased = address
            if offered == address { offered = nil }
            return former
        }
    }

    /// An address with the time at which it was expected to become free; `Use` has its present state.
    struct ComingFree: Comparable {
        var at: Int
        var address: IPv4Address

        static func < (left: Self, right: Self) -> Bool {
            (left.at, left.address) < (right.at, right.address)
        }
    }

    /// The addresses of one pool: unused ones, and used ones by the time at which they may become free.
    struct Pool {
        let range: ClosedRange<IPv4Address>
        /// The first unused address; 64 bits, because the last address has a successor.
        var next: UInt64
        var comingFree = Heap<ComingFree>()
        /// By the time of the offer; finished offers stay until they are reached.
        var offers = Heap<ComingFree>()
        /// Addresses on hold, now or earlier.
        var resting: Set<IPv4Address> = []

        /// The maximum number on hold: declining cannot use up a pool.
        var restLimit: Int { min(max(1, range.addressCount / 2), 4_096) }
    }

    // Scarcity is handled in `LeaseTable+Scarcity.swift`.
    var uses: [IPv4Address: Use] = [:]
    private var holdings: [Client: Holding] = [:]
    var pools: [Pool]
    var tallies: (at: Int, links: [LeaseTally])?
    let linkIndex: LinkIndex
    let poolsByLink: [[ClosedRange<IPv4Address>]]

    package init(links: [DHCPLink]) {
        linkIndex = LinkIndex(links)
        poolsByLink = links.map { $0.subnets.flatMap(\.pools) }
        pools = poolsByLink.joined().map { Pool(range: $0, next: UInt64($0.lowerBound.rawValue)) }
    }

    package var all: [Lease] { unordered.sorted { $0.address < $1.address } }

    package var unordered: [Lease] { uses.values.compactMap(\.lease) }

    package var leaseCount: Int { uses.values.count { $0.lease != nil } }

    package func lease(at address: IPv4Address) -> Lease? { uses[address]?.lease }

    /// The present or last lease of `holder` on a link.
    package func lease(of holder: LeaseHolder, on link: Int) -> Lease? {
        holdings[Client(holder: holder, link: link)]?.leased.flatMap { uses[$0]?.lease }
    }

    /// The present or last address of `holder` on a link, and the one that was offered to it and not yet accepted.
    package func holding(of holder: LeaseHolder, on link: Int, now: Int) -> Holding {
        guard var holding = holdings[Client(holder: holder, link: link)] else { return Holding() }
        if let offered = holding.offered, (uses[offered]?.offer?.expiresAt ?? 0) <= now {
            holding.offered = nil
        }
        return holding
    }

    /// The request of `holder` for which `address` was offered; nil when it requested no boot file.
    ///
    /// - Parameter transaction: the offer's; nil for any.
    package func asked(at address: IPv4Address, by holder: LeaseHolder, in transaction: UInt32?)
        -> BootClient?
    {
        guard let asked = uses[address]?.asked, asked.holder == holder,
            asked.transaction == transaction ?? asked.transaction
        else { return nil }
        return asked.client
    }

    /// Whether `holder` may have `address`.
    ///
    /// - Parameter isChosen: it accepts an offer of ours. An offer to another client does not count then: the first request wins, so that
    ///   offers cannot block clients that accept.
    package func isFree(_ address: IPv4Address, for holder: LeaseHolder, now: Int, isChosen: Bool = false)
        -> Bool
    {
        guard let use = uses[address] else { return true }
        if let lease = use.lease, lease.expiresAt > now, lease.holder != holder { return false }
        if !isChosen, let offer = use.offer, offer.expiresAt > now, offer.holder != holder { return false }
        return true
    }

    /// Reserves `address` for `holder` until it requests it.
    ///
    /// - Parameters:
    ///   - asked: what it would boot; nil for operating systems.
    ///   - transaction: the client's transaction.
    ///   - port: of the relay or switch; empty when unknown.
    package mutating func makeOffer(
        _ address: IPv4Address, to holder: LeaseHolder, asked: BootClient?, in transaction: UInt32 = 0,
        port: [UInt8] = [], now: Int
    ) {
        withdrawOffer(at: address, exceptTo: holder)
        let former = holdings[client(holder, at: address), default: Holding()].offer(address)
        if let former, former != address { uses[former]?.offer = nil }
        var use = uses[address] ?? Use()
        if use.freeAt <= now, let link = linkIndex.link(of: address) { tallies?.links[link].add(port) }
        use.offer = Offer(holder: holder, madeAt: now)
        use.asked = asked.map { (holder, $0, transaction) }
        use.port = port
        uses[address] = use
        queue(address)
        guard let index = pool(of: address) else { return }
        while let oldest = pools[index].offers.min, oldest.at + Self.offerSeconds <= now {
            pools[index].offers.removeMin()
        }
        pools[index].offers.insert(ComingFree(at: now, address: address))
    }

    /// Adds a lease, read from the journal or just granted. The holder's previous lease on this link ends.
    package mutating func put(_ lease: Lease) {
        let former = holdings[client(lease.holder, at: lease.address), default: Holding()].take(lease.address)
        if let address = former.leased, address != lease.address {
            uses[address]?.lease = nil
            queue(address)
        }
        withdrawOffer(at: lease.address, exceptTo: lease.holder)
        let evicted = uses[lease.address, default: Use()].take(
            lease, endsOffer: former.offered == lease.address)
        if let evicted, evicted != lease.holder {
            let client = client(evicted, at: lease.address)
            holdings[client]?.leased = nil
            forgetIfEmpty(client)
        }
        queue(lease.address)
    }

    /// Takes an address from its holder, which no longer needs it.
    mutating func endLease(at address: IPv4Address) {
        guard let lease = uses[address]?.lease else { return }
        uses[address]?.lease = nil
        uses[address]?.silence = nil
        let client = client(lease.holder, at: address)
        holdings[client]?.leased = nil
        forgetIfEmpty(client)
    }

    private func client(_ holder: LeaseHolder, at address: IPv4Address) -> Client {
        Client(holder: holder, link: linkIndex.link(of: address) ?? -1)
    }

    func pool(of address: IPv4Address) -> Int? {
        pools.firstIndex { $0.range.contains(address) }
    }

    /// An address from `ranges` that was never used, else the one that has been free the longest; else the one with the oldest offer.
    package mutating func takeFree(
        in ranges: [ClosedRange<IPv4Address>], now: Int, isReserved: (IPv4Address) -> Bool
    ) -> IPv4Address? {
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeUnused(index, now: now, isReserved: isReserved) { return address }
        }
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeExpired(index, now: now, isReserved: isReserved) { return address }
        }
        for index in pools.indices where ranges.contains(pools[index].range) {
            if let address = takeOffered(index, now: now) { return address }
        }
        return nil
    }

    private mutating func takeOffered(_ index: Int, now: Int) -> IPv4Address? {
        while let oldest = pools[index].offers.min, oldest.at + Self.shortestOfferSeconds <= now {
            pools[index].offers.removeMin()
            guard let use = uses[oldest.address], let offer = use.offer, offer.madeAt == oldest.at,
                use.lease?.expiresAt ?? 0 <= now
            else { continue }
            withdrawOffer(at: oldest.address, exceptTo: nil)
            return oldest.address
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

    /// Entries whose address is held longer than recorded are queued again with the present time.
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
        let client = client(offer.holder, at: address)
        if holdings[client]?.offered == address { holdings[client]?.offered = nil }
        forgetIfEmpty(client)
    }

    private mutating func forgetIfEmpty(_ client: Client) {
        if holdings[client] == Holding() { holdings[client] = nil }
    }

    /// Gives `address` a queue entry, unless it has one that is early enough.
    mutating func queue(_ address: IPv4Address) {
        guard let use = uses[address], use.freeAt != Lease.never, use.freeAt < use.queuedAt ?? Lease.never,
            let index = pool(of: address)
        else { return }
        queue(address, at: use.freeAt, index)
    }

    private mutating func queue(_ address: IPv4Address, at time: Int, _ index: Int) {
        uses[address, default: Use()].queuedAt = time
        pools[index].comingFree.insert(ComingFree(at: time, address: address))
    }
}

extension ClosedRange<IPv4Address> {
    var addressCount: Int { Int(upperBound.rawValue) - Int(lowerBound.rawValue) + 1 }
}
