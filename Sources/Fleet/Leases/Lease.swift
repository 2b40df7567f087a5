package import Wire

/// The holder of a lease: the MAC address if there is one. The client identifier differs between PXE, loader and system of one machine (RFC
/// 4361 against PXE 2.1), which would otherwise take three addresses.
package enum LeaseHolder: Hashable, Sendable {
    case macAddress(MACAddress)
    case clientIdentifier([UInt8])
    /// A machine that we do not serve answers on the address.
    case foreign(IPv4Address)
}

/// An address assigned to a client until a time.
package struct Lease: Equatable, Sendable {
    /// Seconds since 1970 that mean «never».
    package static let never = Int.max

    package var address: IPv4Address
    package var holder: LeaseHolder
    /// Seconds since 1970.
    package var expiresAt: Int
    /// The host name sent by the client; empty if none.
    @MachineText package var hostName: String

    package init(address: IPv4Address, holder: LeaseHolder, expiresAt: Int, hostName: String = "") {
        self.address = address
        self.holder = holder
        self.expiresAt = expiresAt
        self.hostName = hostName
    }
}

// MARK: When the clock was wrong

extension Lease {
    /// The maximum seconds of a lease on `links`, including leases of earlier settings, which may have been longer.
    package static func longestSeconds(on links: [DHCPLink]) -> Int {
        let longest = links.flatMap(\.subnets).compactMap(\.leaseSeconds).map(Int.init).max()
        return max(ClockJump.usualSeconds, longest ?? 0)
    }

    /// When the newest of `leases` was granted, in seconds since 1970; nil when none expires.
    package static func lastGiven(of leases: [Lease], on links: [DHCPLink]) -> Int? {
        let subnets = links.flatMap(\.subnets)
        return leases.filter { $0.expiresAt != never }.map { lease in
            let subnet = subnets.first { $0.network.contains(lease.address) }
            return lease.expiresAt - Int(subnet?.leaseSeconds ?? 0)
        }.max()
    }

    /// The lease after a jump of the clock. An infinite lease does not change.
    package func moved(with jump: ClockJump, longest: Int) -> Lease {
        guard expiresAt != Self.never else { return self }
        var lease = self
        lease.expiresAt = jump.moved(end: expiresAt, longest: longest)
        return lease
    }

    /// The lease as loaded by a server that starts at `now` (seconds since 1970). An end in the clock's first years was written by a clock
    /// that was never set: the remaining time is unknown, so the client keeps it for one more lease time.
    package func takenUp(at now: Int, on links: [DHCPLink]) -> Lease {
        guard expiresAt < ClockReading.earliestSecond, now >= ClockReading.earliestSecond,
            let subnet = links.lazy.flatMap(\.subnets).first(where: { $0.network.contains(address) })
        else { return self }
        var lease = self
        lease.expiresAt = subnet.leaseSeconds.map { now + Int($0) } ?? Self.never
        return lease
    }
}
