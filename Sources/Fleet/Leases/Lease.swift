package import Wire

/// Who holds a lease: the hardware address where there is one. The client identifier differs between PXE, loader and
/// system of one machine (RFC 4361 against PXE 2.1), which would otherwise take three addresses.
package enum LeaseHolder: Hashable, Sendable {
    case macAddress(MACAddress)
    case clientIdentifier([UInt8])
    /// Somebody whom we do not serve answers on the address.
    case foreign(IPv4Address)
}

/// An address given to a client until a time.
package struct Lease: Equatable, Sendable {
    /// Seconds since 1970 that mean «for ever».
    package static let never = Int.max

    package var address: IPv4Address
    package var holder: LeaseHolder
    /// Seconds since 1970.
    package var expiresAt: Int
    /// The host name that the client sent; empty when none.
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
    /// Seconds that a lease of `links` may last. Those of earlier settings, which may have lasted longer, count as well.
    package static func longestSeconds(on links: [DHCPLink]) -> Int {
        let longest = links.flatMap(\.subnets).compactMap(\.leaseSeconds).map(Int.init).max()
        return max(ClockJump.usualSeconds, longest ?? 0)
    }

    /// When the newest of `leases` was given, in seconds since 1970; nil when none ends.
    package static func lastGiven(of leases: [Lease], on links: [DHCPLink]) -> Int? {
        let subnets = links.flatMap(\.subnets)
        return leases.filter { $0.expiresAt != never }.map { lease in
            let subnet = subnets.first { $0.network.contains(lease.address) }
            return lease.expiresAt - Int(subnet?.leaseSeconds ?? 0)
        }.max()
    }

    /// The lease after a jump of the clock. One without end has none.
    package func moved(with jump: ClockJump, longest: Int) -> Lease {
        guard expiresAt != Self.never else { return self }
        var lease = self
        lease.expiresAt = jump.moved(end: expiresAt, longest: longest)
        return lease
    }

    /// The lease as a server takes it up that starts at `now` (seconds since 1970). A clock that was never set wrote what ends
    /// in its first years: nobody knows how much of that is left, so the client keeps it for a lease from now on.
    package func takenUp(at now: Int, on links: [DHCPLink]) -> Lease {
        guard expiresAt < ClockReading.earliestSecond, now >= ClockReading.earliestSecond,
            let subnet = links.lazy.flatMap(\.subnets).first(where: { $0.network.contains(address) })
        else { return self }
        var lease = self
        lease.expiresAt = subnet.leaseSeconds.map { now + Int($0) } ?? Self.never
        return lease
    }
}
