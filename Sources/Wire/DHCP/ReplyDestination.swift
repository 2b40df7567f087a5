/// Where a DHCP reply goes (RFC 2131 §4.1).
package enum ReplyDestination: Equatable, Sendable {
    /// To the relay's server port.
    case relay(IPv4Address)
    /// To an address that the client already answers on.
    case unicast(IPv4Address)
    /// To the hardware address, with the address just given: the client does not answer ARP for it yet.
    case hardware(MACAddress, IPv4Address)
    /// Broadcast on the link.
    case broadcast

    /// The destination of `reply` to `request`.
    ///
    /// - Parameter isReachable: whether the client answers on the address that it claims to have.
    package init(
        of reply: DHCPMessage, to request: DHCPMessage, isNegative: Bool, isReachable: Bool = true
    ) {
        if request.relay != .any {
            self = .relay(request.relay)
        } else if isNegative {
            // A client whose address was refused cannot be expected to receive on it.
            self = .broadcast
        } else if request.clientAddress != .any, isReachable {
            self = .unicast(request.clientAddress)
        } else if !request.wantsBroadcast, let mac = request.macAddress, reply.yourAddress != .any {
            self = .hardware(mac, reply.yourAddress)
        } else {
            self = .broadcast
        }
    }
}
