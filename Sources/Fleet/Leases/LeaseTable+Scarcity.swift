import HeapModule
import Wire

/// The use of the addresses in a link's pools.
package struct LeaseTally: Equatable, Sendable {
    package var size = 0
    /// Leased, offered, or on hold.
    package var used = 0
    /// By the port of a relay or switch.
    var byPort: [[UInt8]: Int] = [:]

    mutating func add(_ port: [UInt8]) {
        used += 1
        if !port.isEmpty { byPort[port, default: 0] += 1 }
    }

    /// A tenth is free, or less.
    package var isScarce: Bool { (size - used) * 10 <= size }

    /// Half is in use without the address that is being given, which counts already.
    var isHalfUsedByOthers: Bool { (used - 1) * 2 >= size }
}

/// Keeps one machine, port or relay from taking all addresses of a link.
extension LeaseTable {
    /// Leases examined to find a holder that may be gone.
    private static let lookedAt = 64
    /// Holders probed at a time.
    private static let askedAtOnce = 4
    /// Unanswered probes after which a holder counts as gone.
    private static let silences = 2
    /// Seconds after which an unanswered probe no longer counts.
    private static let silenceSeconds = 60

    /// Whether a client behind `port` may have an additional address: while they are scarce, a port with more than half of them gets no
    /// more.
    mutating func mayHaveMore(port: [UInt8], on link: Int, now: Int) -> Bool {
        guard !port.isEmpty else { return true }
        let tally = tally(now: now)[link]
        return !tally.isScarce || tally.byPort[port, default: 0] * 2 <= tally.size
    }

    /// By link; recounted at most once a second, including addresses granted meanwhile.
    package mutating func tally(now: Int) -> [LeaseTally] {
        if let tallies, tallies.at == now { return tallies.links }
        var links = poolsByLink.map { ranges in LeaseTally(size: ranges.reduce(0) { $0 + $1.addressCount }) }
        for (address, use) in uses where use.freeAt > now {
            guard let link = linkIndex.link(of: address),
                poolsByLink[link].contains(where: { $0.contains(address) })
            else { continue }
            links[link].add(use.port)
        }
        tallies = (now, links)
        return links
    }

    // MARK: Holders that are gone

    /// The holders to probe next, by address, when nothing is free: those that have not renewed the longest.
    ///
    /// - Parameter isSpared: holders that keep their addresses in any case.
    mutating func holdersToAsk(
        in ranges: [ClosedRange<IPv4Address>], now: Int, isSpared: (LeaseHolder) -> Bool
    ) -> [IPv4Address] {
        var asked: [IPv4Address] = []
        for address in longestNotRenewed(in: ranges, now: now, isSpared: isSpared) {
            guard asked.count < Self.askedAtOnce else { break }
            let silence = uses[address]?.silence
            if let silence, silence.at >= now { continue }
            let isRecent = silence.map { $0.at + Self.silenceSeconds > now } ?? false
            uses[address]?.silence = (isRecent ? (silence?.count ?? 0) + 1 : 1, now)
            asked.append(address)
        }
        return asked
    }

    /// The holder of `address` answered.
    mutating func heard(at address: IPv4Address) { uses[address]?.silence = nil }

    /// An address whose holder did not answer several probes.
    mutating func takeSilent(
        in ranges: [ClosedRange<IPv4Address>], now: Int, isSpared: (LeaseHolder) -> Bool
    ) -> IPv4Address? {
        let gone = longestNotRenewed(in: ranges, now: now, isSpared: isSpared).first { address in
            guard let silence = uses[address]?.silence else { return false }
            return silence.count >= Self.silences && silence.at < now
                && silence.at + Self.silenceSeconds > now
        }
        if let gone { endLease(at: gone) }
        return gone
    }

    private mutating func longestNotRenewed(
        in ranges: [ClosedRange<IPv4Address>], now: Int, isSpared: (LeaseHolder) -> Bool
    ) -> [IPv4Address] {
        var found: [IPv4Address] = []
        for index in pools.indices where ranges.contains(pools[index].range) {
            var taken: [ComingFree] = []
            while taken.count < Self.lookedAt, let first = pools[index].comingFree.popMin() {
                guard let use = uses[first.address], use.queuedAt == first.at else { continue }
                taken.append(first)
                if let lease = use.lease, lease.expiresAt > now, !isSpared(lease.holder) {
                    found.append(first.address)
                }
            }
            pools[index].comingFree.insert(contentsOf: taken)
        }
        return found
    }

    // MARK: Addresses on hold

    /// Puts `address` on hold for a while, unless so many of its pool are on hold that others would get none.
    mutating func mayRest(_ address: IPv4Address, now: Int) -> Bool {
        guard let index = pool(of: address) else { return true }
        if pools[index].resting.count >= pools[index].restLimit {
            pools[index].resting = pools[index].resting.filter { isResting($0, now: now) }
        }
        guard pools[index].resting.count < pools[index].restLimit || pools[index].resting.contains(address)
        else { return false }
        pools[index].resting.insert(address)
        return true
    }

    private func isResting(_ address: IPv4Address, now: Int) -> Bool {
        guard let lease = uses[address]?.lease, case .foreign = lease.holder else { return false }
        return lease.expiresAt > now
    }
}

/// Machines that answer on addresses that they do not hold. One that answers on several is a router with proxy ARP: its answers mean
/// nothing.
struct ForeignAnswers: Sendable {
    private static let addressLimit = 3
    private static let machineLimit = 256
    private static let seconds = 600

    private var answered: [MACAddress: (addresses: Set<IPv4Address>, since: Int)] = [:]

    /// Records an answer; returns whether it counts.
    mutating func isHost(_ machine: MACAddress, on address: IPv4Address, now: Int) -> Bool {
        if answered.count >= Self.machineLimit, answered[machine] == nil { answered.removeAll() }
        var known = answered[machine] ?? ([], now)
        if known.since + Self.seconds <= now { known = ([], now) }
        if known.addresses.count < Self.addressLimit { known.addresses.insert(address) }
        answered[machine] = known
        return known.addresses.count < Self.addressLimit
    }
}
