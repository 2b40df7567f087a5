package import Wire

/// The reaction to one message.
package struct DHCPOutcome: Equatable, Sendable {
    package struct Reply: Equatable, Sendable {
        package var message: DHCPMessage
        package var destination: ReplyDestination
        /// The port that the client listens on: 68, or 67 for a relay.
        package var port: UInt16
        /// The server's own address; behind a relay that represents the server, the client is told another one (RFC 5107).
        package var source: IPv4Address
    }

    /// Nil: no reply.
    package var reply: Reply?
    /// Must be durable before the reply is sent.
    package var lease: Lease?
    /// What the client was told to load, for the timeline; nil for operating systems.
    package var decision: BootDecision?
    /// The client of the decision.
    package var client: BootClient?
    /// Addresses to probe on the interface's network: one that is new to this client, one that it declined, or those of machines that may
    /// be gone.
    package var probes: [IPv4Address] = []
    package var note: Note
    /// Whether the message was the first of a boot program (DISCOVER, or a BOOTP request).
    package var beginsBoot = false
}

extension DHCPOutcome {
    /// The event, for the log and the timeline.
    package enum Note: Equatable, Sendable {
        case offered(IPv4Address)
        /// - known: the server had offered, leased or reserved the address to the client before.
        case acknowledged(IPv4Address, known: Bool)
        case refused(IPv4Address)
        case declined(IPv4Address)
        /// Half of the pool is on hold already.
        case declinedTooMany(IPv4Address)
        case released(IPv4Address)
        case informed(IPv4Address)
        case bootp(IPv4Address)
        case bootServer(IPv4Address)
        /// A boot file without an address.
        case offeredFile
        // Not answered:
        case notRequest
        case notServed(relay: IPv4Address, interface: String?)
        case impossibleRelay(IPv4Address)
        case withoutIdentity
        case malformedType
        case notForServers(DHCPMessageType)
        case noFreeAddress
        case bootpNotAllowed
        case otherServerChosen(IPv4Address)
        /// Of a client that this server does not know: it is probed whether a machine uses the address.
        case askingFirst(IPv4Address)
        /// Of a network that is not served as long as something is wrong with it.
        case idleNetwork(IPv4Address)
        case withoutAddress
        case declinedUnheld
        case releasedUnheld
        case informedFromElsewhere(IPv4Address)
        case notBootServer
        case foreignPort(UInt16)
        /// Of a network where another server gives the addresses.
        case otherGivesAddresses
        /// A client that cannot take its boot file from another server than its address.
        case notForProxy
        case nothingToOffer
    }
}

extension DHCPOutcome.Note: CustomStringConvertible {
    package var description: String {
        switch self {
        case .offered(let address): "offer \(address)"
        case .acknowledged(let address, known: true): "ack \(address)"
        case .acknowledged(let address, known: false): "ack \(address) (not known before)"
        case .refused(let address): "nak \(address)"
        case .declined(let address): "declined \(address): another machine answers on it"
        case .declinedTooMany(let address):
            "declined \(address): half of its pool is declined, so that it stays in use; look for a router that answers ARP for other hosts"
        case .released(let address): "released \(address)"
        case .informed(let address): "inform \(address)"
        case .bootp(let address): "bootp \(address)"
        case .bootServer(let address): "boot file for \(address)"
        case .offeredFile: "offer of a boot file"
        case .notRequest: "not a request"
        case .notServed(relay: .any, let interface): "no subnet is served on \(interface ?? "this interface")"
        case .notServed(let relay, _): "no subnet is served for the relay \(relay)"
        case .impossibleRelay(let relay): "no relay can have the address \(relay)"
        case .withoutIdentity: "client without identity"
        case .malformedType: "malformed message type"
        case .notForServers(let type): "message type \(type.rawValue) is not for servers"
        case .noFreeAddress: "no free address"
        case .bootpNotAllowed:
            "BOOTP requests of unknown machines get no address from a pool (‘bootp: true’ of the network allows it)"
        case .otherServerChosen(let server): "the client chose the server \(server)"
        case .askingFirst(let address):
            "request for \(address) by a client that is not known here: it gets an answer when it asks again, unless a machine uses the address"
        case .idleNetwork(let address):
            "request for \(address), whose network is not served for now (‘roost network list’ says why)"
        case .withoutAddress: "request without an address"
        case .declinedUnheld: "decline of an address that the client does not hold"
        case .releasedUnheld: "release of an address that the client does not hold"
        case .informedFromElsewhere(let address): "inform from \(address), which is not in a served subnet"
        case .notBootServer: "not a request of PXE firmware to a boot server"
        case .foreignPort(let port): "PXE firmware does not ask from port \(port)"
        case .otherGivesAddresses: "another server gives the addresses here"
        case .notForProxy:
            "U-Boot takes address and boot file from one server: let the server that gives the addresses name this one and the file"
        case .nothingToOffer: "no boot file to offer"
        }
    }
}
