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
