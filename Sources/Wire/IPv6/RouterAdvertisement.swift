/// An ICMPv6 Router Advertisement that says «there is no router here» (RFC 4861 §4.2).
///
/// iPXE finishes its network configuration only when both DHCP *and* IPv6 autoconfiguration have finished; without an answer to its Router
/// Solicitation that takes 13 seconds. With a lifetime of zero no host uses the sender as a router, and without a prefix no host takes an
/// address.
package struct RouterAdvertisement: Equatable, Sendable {
    package static let solicitationType: UInt8 = 133
    package static let type: UInt8 = 134

    /// The sender's hardware address, given as the Source Link-Layer Address option.
    package var source: MACAddress

    package init(source: MACAddress) { self.source = source }

    /// The message; the kernel fills in the checksum on raw ICMPv6 sockets (RFC 3542 §3.1).
    package func write(to wire: inout [UInt8]) {
        wire.append(Self.type)
        wire.append(0)
        wire.write(UInt16(0))  // Checksum.
        wire.append(64)  // Current hop limit.
        wire.append(0)  // Neither managed nor other configuration: no DHCPv6.
        wire.write(UInt16(0))  // Router lifetime: not a default router.
        wire.write(UInt32(0))  // Reachable time: unspecified.
        wire.write(UInt32(0))  // Retransmission timer: unspecified.
        wire.append(1)  // Source Link-Layer Address …
        wire.append(1)  // … of eight bytes in all.
        source.write(to: &wire)
    }
}
