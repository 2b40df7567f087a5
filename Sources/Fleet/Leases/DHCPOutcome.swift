package import Wire

/// What is done about one message.
package struct DHCPOutcome: Equatable, Sendable {
    package struct Reply: Equatable, Sendable {
        package var message: DHCPMessage
        package var destination: ReplyDestination
        /// The port that the client listens on: 68, or that of a relay, 67.
        package var port: UInt16
        /// The server's own address, which is not what a client is told where a relay stands for the server (RFC 5107).
        package var source: IPv4Address
    }

    /// Nil: nothing is answered.
    package var reply: Reply?
    /// Must be durable before the reply leaves.
    package var lease: Lease?
    /// What the client was told to load, for the timeline; nil for systems.
    package var decision: BootDecision?
    /// Who was told it.
    package var client: BootClient?
    /// Addresses whose holders are asked for on the wire of the interface: one that this client never had before, one that it declined, or
    /// those of machines that may be gone.
    package var probes: [IPv4Address] = []
    package var note: Note
    /// Whether the message was the first step of a boot program (DISCOVER, or a BOOTP request).
    package var beginsBoot = false
}

extension DHCPOutcome {
    /// What happened, for the log and the timeline.
    package enum Note: Equatable, Sendable {
        case offered(IPv4Address)
        /// - known: the server had offered, leased or reserved the address to the client before.
        case acknowledged(IPv4Address, known: Bool)
        case refused(IPv4Address)
        case declined(IPv4Address)
        /// Half of the pool rests already.
        case declinedTooMany(IPv4Address)
        case released(IPv4Address)
        case informed(IPv4Address)
        case bootp(IPv4Address)
        // Unanswered:
        case notRequest
        case notServed(relay: IPv4Address, interface: String?)
        case withoutIdentity
        case malformedType
        case notForServers(DHCPMessageType)
        case noFreeAddress
        case bootpNotAllowed
        case otherServerChosen(IPv4Address)
        case withoutAddress
        case declinedUnheld
        case releasedUnheld
        case informedFromElsewhere(IPv4Address)
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
            "declined \(address): half of its pool is declined, so that it stays in use; look for a router that answers ARP for others"
        case .released(let address): "released \(address)"
        case .informed(let address): "inform \(address)"
        case .bootp(let address): "bootp \(address)"
        case .notRequest: "not a request"
        case .notServed(relay: .any, let interface): "no subnet is served on \(interface ?? "this interface")"
        case .notServed(let relay, _): "no subnet is served for the relay \(relay)"
        case .withoutIdentity: "client without identity"
        case .malformedType: "malformed message type"
        case .notForServers(let type): "message type \(type.rawValue) is not for servers"
        case .noFreeAddress: "no free address"
        case .bootpNotAllowed:
            "BOOTP of an unknown machine gets no address from a pool (‘bootp: true’ at the network allows it)"
        case .otherServerChosen(let server): "the client chose the server \(server)"
        case .withoutAddress: "request without an address"
        case .declinedUnheld: "decline of an address that the client does not hold"
        case .releasedUnheld: "release of an address that the client does not hold"
        case .informedFromElsewhere(let address): "inform from \(address), which is not in a served subnet"
        }
    }
}
