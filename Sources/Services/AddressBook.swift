package import Fleet
package import Wire

/// What DHCP knows of the addresses of machines, for the other services of its loop.
package protocol AddressBook {
    /// The machine that holds an address now, with what goes with the address.
    func holder(of address: IPv4Address) -> (MACAddress, ClientAddress)?
    /// Whether this server's DHCP gives the addresses of the network that an address is in.
    func givesAddresses(like address: IPv4Address) -> Bool
    /// The interface on which machines with an address reach this server directly, if its DHCP serves their network; nil where a router or
    /// a relay is between them.
    func interface(serving address: IPv4Address) -> String?
    /// The wall clock was set.
    func move(with jump: ClockJump)
}

/// Of a server without DHCP.
struct NoAddresses: AddressBook {
    func holder(of address: IPv4Address) -> (MACAddress, ClientAddress)? { nil }
    func givesAddresses(like address: IPv4Address) -> Bool { false }
    func interface(serving address: IPv4Address) -> String? { nil }
    func move(with jump: ClockJump) {}
}
