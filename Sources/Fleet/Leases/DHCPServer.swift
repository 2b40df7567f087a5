package import Wire

/// The DHCP server without its socket, clock and journal (RFC 2131 §4.3).
///
/// The table is the only state. A reply that grants a lease is returned together with the lease, which the caller makes durable before
/// sending the reply.
package struct DHCPServer: Sendable {
    /// Where relays hear answers (RFC 2131 §4.1).
    package static let relayPort: UInt16 = 67

    let links: [ServedLink]
    let reservations: [DHCPReservation.Identity: IPv4Address]
    let reservedAddresses: Set<IPv4Address>
    package internal(set) var table: LeaseTable
    private var foreignAnswers = ForeignAnswers()

    package init(links: [DHCPLink], reservations: [DHCPReservation], leases: [Lease]) {
        self.links = links.map(ServedLink.init)
        self.reservations = Dictionary(reservations.map { ($0.identity, $0.address) }) { first, _ in first }
        reservedAddresses = Set(reservations.map(\.address))
        table = LeaseTable(links: links)
        for lease in leases { table.put(lease) }
    }

    /// The client's link, by position.
    ///
    /// A relay names it (RFC 3527), or is in it, or forwards a renewal of a client in it. A renewal without a relay, from an address of a
    /// link that we reach only through relays, was routed (RFC 2131 §4.3.2); any other message comes from the interface's own network.
    func link(of message: DHCPMessage, interface: String?) -> Int? {
        let index = table.linkIndex
        guard message.relay == .any else {
            if let chosen = message.relayAgent?.linkSelection { return index.link(of: chosen) }
            return index.link(of: message.relay) ?? index.link(of: message.clientAddress)
        }
        if message.clientAddress != .any, let far = index.link(of: message.clientAddress),
            links[far].interface == nil
        {
            return far
        }
        return links.firstIndex { $0.interface == interface && interface != nil }
    }

    /// Whether a relay can have `address`. Answers go there: to any other they would go to all, to a group, or back to this server.
    private func canBeRelay(_ address: IPv4Address) -> Bool {
        guard let link = table.linkIndex.link(of: address) else { return address.isHost }
        return links[link].subnets.contains { $0.subnet.network.hosts.contains(address) }
    }

    /// The first network of the message's link; nil when none is served there.
    package func network(of message: DHCPMessage, on interface: String?) -> IPv4Network? {
        link(of: message, interface: interface).flatMap { links[$0].subnets.first?.subnet.network }
    }

    /// Whether the sender of `message` has a lease on its link now.
    package func hasLease(_ message: DHCPMessage, on interface: String?, now: Int) -> Bool {
        guard let link = link(of: message, interface: interface), let holder = Self.holder(of: message),
            let lease = table.lease(of: holder, on: link)
        else { return false }
        return lease.expiresAt > now
    }

    /// Answers one message of a client.
    ///
    /// - Parameters:
    ///   - interface: the interface that received it.
    ///   - source: the datagram's source; nil when unknown.
    ///   - port: the port that it was sent from.
    ///   - now: seconds since 1970.
    package mutating func handle(
        _ message: DHCPMessage, on interface: String?, from source: IPv4Address? = nil,
        port: UInt16 = relayPort, now: Int,
        snapshot: FleetSnapshot, policy: BootPolicy
    ) -> DHCPOutcome {
        let message = message.settled(from: source)
        guard message.operation == .request else { return DHCPOutcome(note: .notRequest) }
        guard message.relay == .any || canBeRelay(message.relay) else {
            return DHCPOutcome(note: .impossibleRelay(message.relay))
        }
        guard let link = link(of: message, interface: interface) else {
            return DHCPOutcome(
                note: .notServed(
                    relay: message.relayAgent?.linkSelection ?? message.relay, interface: interface))
        }
        guard let holder = Self.holder(of: message) else {
            return DHCPOutcome(note: .withoutIdentity)
        }
        let turn = Turn(
            message: message, link: links[link], linkIndex: link, interface: interface, source: source,
            sourcePort: port, holder: holder, table: table, now: now, snapshot: snapshot, policy: policy)
        if links[link].isProxy { return answerAsProxy(turn, on: interface, from: source) }
        guard let type = try? message.options.value(of: .messageType) else {
            if message.options.has(53) { return DHCPOutcome(note: .malformedType) }
            return answerBOOTP(turn)
        }
        switch type {
        case .discover: return offer(turn)
        case .request: return answerRequest(turn)
        case .decline: return decline(turn)
        case .release: return release(turn)
        case .inform: return inform(turn)
        default: return DHCPOutcome(note: .notForServers(type))
        }
    }

    /// One message with everything needed to answer it.
    struct Turn {
        let message: DHCPMessage
        let link: ServedLink
        /// The position of `link`.
        let linkIndex: Int
        let holder: LeaseHolder
        let holding: LeaseTable.Holding
        let now: Int
        let snapshot: FleetSnapshot
        let policy: BootPolicy
        let client: BootClient
        let node: Node?
        /// Whether a record names the client's card. Any number of cards can state the same UUID: it identifies a node, but reserves no
        /// room in a pool.
        let hasRecord: Bool
        let relayAgent: RelayAgentInformation?
        /// The message came directly from the interface's network, where addresses can be probed by ARP.
        let isDirect: Bool
        /// The client accepted one of our offers (RFC 2131 §4.3.2, SELECTING).
        let isChosen: Bool
        let requestedAddress: IPv4Address?
        /// Whether the client receives on `ciaddr`: one that sends without an address does not.
        let isReachable: Bool
        /// Where the reply is heard: by a relay, or by the client.
        let replyPort: UInt16

        init(
            message: DHCPMessage, link: ServedLink, linkIndex: Int, interface: String?, source: IPv4Address?,
            sourcePort: UInt16 = DHCPServer.relayPort, holder: LeaseHolder, table: LeaseTable, now: Int,
            snapshot: FleetSnapshot, policy: BootPolicy
        ) {
            self.message = message
            self.link = link
            self.linkIndex = linkIndex
            self.holder = holder
            holding = table.holding(of: holder, on: linkIndex, now: now)
            self.now = now
            self.snapshot = snapshot
            self.policy = policy
            let relayAgent = message.relayAgent
            self.relayAgent = relayAgent
            let hearsOnSourcePort = relayAgent?.hearsOnSourcePort == true && sourcePort != 0
            replyPort =
                message.relay == .any ? 68 : hearsOnSourcePort ? sourcePort : DHCPServer.relayPort
            isDirect = message.relay == .any && interface != nil && link.interface == interface
            let requestedAddress = (try? message.options.value(of: .requestedAddress)) ?? nil
            self.requestedAddress = requestedAddress
            isReachable = message.clientAddress != .any && source != .any
            let isRequest = (try? message.options.value(of: .messageType)) == .request
            let hasChosen = isRequest && message.namedServer != nil
            isChosen = hasChosen
            // The offer of this transaction counts, however incomplete the request is. Some clients omit the server.
            let wanted = Self.wanted(message, requestedAddress, holding, isChosen: hasChosen)
            let asked =
                !isRequest
                ? nil
                : wanted.flatMap {
                    table.asked(at: $0, by: holder, in: hasChosen ? nil : message.transaction)
                }
            client = asked ?? BootClient(message)
            node = snapshot.node(at: client.macAddress, uuid: client.uuid)
            hasRecord = client.macAddress.flatMap(snapshot.node(withRecordOf:)) != nil
        }

        /// The address requested (RFC 2131 §4.3.2); firmware that names none means the offer.
        var wanted: IPv4Address? { Self.wanted(message, requestedAddress, holding, isChosen: isChosen) }

        private static func wanted(
            _ message: DHCPMessage, _ requested: IPv4Address?, _ holding: LeaseTable.Holding, isChosen: Bool
        ) -> IPv4Address? {
            if message.clientAddress != .any { return message.clientAddress }
            return requested ?? holding.offered ?? (isChosen ? holding.leased : nil)
        }

        func subnet(of address: IPv4Address) -> ServedSubnet? {
            link.subnets.first { $0.subnet.network.contains(address) }
        }

        /// Whether a lease belongs to a node, by a card in its record: it keeps its address, even when silent.
        func keepsAddress(_ holder: LeaseHolder) -> Bool {
            switch holder {
            case .macAddress(let machine): snapshot.node(withRecordOf: machine) != nil
            case .clientIdentifier: false
            case .foreign: true
            }
        }

        /// The client's port at a relay or switch, with the relay; empty when unknown.
        var port: [UInt8] {
            guard let port = relayAgent?.port, !port.isEmpty else { return [] }
            var bytes = port
            message.relay.write(to: &bytes)
            return bytes
        }

        /// The server that the message is for, when that is not this one.
        var otherServer: IPv4Address? {
            guard let server = message.namedServer, server != relayAgent?.serverIdentifier,
                !link.subnets.contains(where: { $0.subnet.server == server })
            else { return nil }
            return server
        }

        /// The same for a message that gets no answer: a relay that stands for the server may forward it without saying that again
        /// (RFC 5107 §4).
        var otherReceiver: IPv4Address? { otherServer.flatMap { $0 == message.relay ? nil : $0 } }

        /// The server's address as told to the client (RFC 5107 §4).
        func serverIdentifier(_ subnet: DHCPSubnet) -> IPv4Address {
            relayAgent?.serverIdentifier ?? subnet.server
        }
    }

    static func holder(of message: DHCPMessage) -> LeaseHolder? {
        if let mac = message.macAddress, mac.neverACard == nil { return .macAddress(mac) }
        if let identifier = message.options[DHCPOption<[UInt8]>.clientIdentifier.code], identifier.count >= 2
        {
            // Longer ones exist only by RFC 3396; a lease stores as much as one option holds.
            return .clientIdentifier(Array(identifier.prefix(255)))
        }
        return nil
    }

    // MARK: Messages

    private mutating func offer(_ turn: Turn) -> DHCPOutcome {
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return withoutAddress(turn)
        }
        makeOffer(address, turn)
        let seconds = leaseSeconds(of: address, in: subnet, turn)
        var outcome = reply(
            .offer, address: address, subnet: subnet, turn, seconds: seconds, note: .offered(address))
        outcome.probes = turn.holding.leased != address ? [address] : []
        outcome.beginsBoot = true
        return outcome
    }

    private mutating func makeOffer(_ address: IPv4Address, _ turn: Turn) {
        table.makeOffer(
            address, to: turn.holder, asked: turn.client.program == .system ? nil : turn.client,
            in: turn.message.transaction, port: turn.port, now: turn.now)
    }

    /// No address is free: the holders of the oldest leases are probed.
    private mutating func withoutAddress(_ turn: Turn) -> DHCPOutcome {
        var outcome = DHCPOutcome(note: .noFreeAddress, beginsBoot: true)
        if turn.isDirect {
            outcome.probes = table.holdersToAsk(
                in: turn.link.pools, now: turn.now, isSpared: turn.keepsAddress)
        }
        return outcome
    }

    private mutating func answerRequest(_ turn: Turn) -> DHCPOutcome {
        if let server = turn.otherServer { return DHCPOutcome(note: .otherServerChosen(server)) }
        guard let address = turn.wanted else {
            return DHCPOutcome(note: .withoutAddress)
        }
        guard mayHave(address, turn), let subnet = turn.subnet(of: address) else {
            return turn.link.isAnswered(address)
                ? refuse(address, turn) : DHCPOutcome(note: .idleNetwork(address))
        }
        let known =
            turn.holding.leased == address || turn.holding.offered == address || reservation(turn) == address
        if !known, let outcome = postpone(address, turn) { return outcome }
        let seconds = leaseSeconds(of: address, in: subnet, turn)
        let lease = Lease(
            address: address, holder: turn.holder, expiresAt: turn.expiry(after: seconds),
            hostName: Self.hostName(in: turn.message))
        table.put(lease)
        var outcome = reply(
            .ack, address: address, subnet: subnet, turn, seconds: seconds,
            note: .acknowledged(address, known: known))
        outcome.lease = lease
        return outcome
    }

    /// What speaks against granting a request for an address that we never gave to the client; nil for nothing.
    ///
    /// The client may have a lease from a previous server, or from before our leases were lost, and may keep it: refusing it (as an
    /// authoritative server does) would cost running machines their addresses. As it did not get the address by an offer, the limits of
    /// offers hold here. A client that reboots does not use the address yet: it gets no answer at first (RFC 2131 §4.3.2), while a machine
    /// that uses the address is looked for; it asks again after seconds.
    private mutating func postpone(_ address: IPv4Address, _ turn: Turn) -> DHCPOutcome? {
        guard turn.hasRecord || table.mayHaveMore(port: turn.port, on: turn.linkIndex, now: turn.now) else {
            return DHCPOutcome(note: .noFreeAddress)
        }
        makeOffer(address, turn)
        guard turn.isDirect, !turn.isChosen, turn.message.clientAddress == .any else { return nil }
        var outcome = DHCPOutcome(note: .askingFirst(address))
        outcome.probes = [address]
        return outcome
    }

    /// The client's own host name, without characters that could harm a terminal or a list.
    private static func hostName(in message: DHCPMessage) -> String {
        guard let name = (try? message.options.value(of: .hostName)) ?? nil else { return "" }
        return String(name.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(63))
    }

    /// The address is put on hold while its user is probed by ARP; longer if it cannot be probed. When half of a pool is on hold, the
    /// client is no longer believed, and only loses its lease.
    private mutating func decline(_ turn: Turn) -> DHCPOutcome {
        if let server = turn.otherReceiver { return DHCPOutcome(note: .otherServerChosen(server)) }
        guard let address = turn.wanted, turn.holding.leased == address else {
            return DHCPOutcome(note: .declinedUnheld)
        }
        let mayRest = table.mayRest(address, now: turn.now)
        let seconds = !mayRest ? 0 : turn.isDirect ? Self.probeSeconds : LeaseTable.foreignSeconds
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: turn.now + seconds)
        table.put(lease)
        var outcome = DHCPOutcome(
            lease: lease, note: mayRest ? .declined(address) : .declinedTooMany(address))
        outcome.probes = mayRest && turn.isDirect ? [address] : []
        return outcome
    }

    /// Seconds for a machine to answer the probe of an address that another declined.
    private static let probeSeconds = 2

    /// The lease ends now, but the client gets the same address again while it is free.
    private mutating func release(_ turn: Turn) -> DHCPOutcome {
        if let server = turn.otherReceiver { return DHCPOutcome(note: .otherServerChosen(server)) }
        guard var lease = table.lease(of: turn.holder, on: turn.linkIndex),
            lease.address == turn.message.clientAddress
        else { return DHCPOutcome(note: .releasedUnheld) }
        lease.expiresAt = turn.now
        table.put(lease)
        return DHCPOutcome(lease: lease, note: .released(lease.address))
    }

    /// The client has an address and requests the other options: no lease, no address, no times (RFC 2131 §4.3.5).
    private mutating func inform(_ turn: Turn) -> DHCPOutcome {
        guard let subnet = turn.subnet(of: turn.message.clientAddress) else {
            return DHCPOutcome(note: .informedFromElsewhere(turn.message.clientAddress))
        }
        return reply(
            .ack, address: nil, subnet: subnet, turn, note: .informed(turn.message.clientAddress))
    }

    /// A BOOTP client knows no lease times, so the address of a node or a reservation is permanent (RFC 1534 §2). Other machines get an
    /// address only if the network allows it, and for the length of a lease: it is probed before another machine gets it.
    private mutating func answerBOOTP(_ turn: Turn) -> DHCPOutcome {
        let isOwn = turn.hasRecord || reservation(turn) != nil
        guard isOwn || turn.link.subnets.contains(where: \.subnet.servesBOOTP) else {
            return DHCPOutcome(note: .bootpNotAllowed, beginsBoot: true)
        }
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return withoutAddress(turn)
        }
        let lease = Lease(
            address: address, holder: turn.holder,
            expiresAt: isOwn ? Lease.never : turn.expiry(after: subnet.subnet.leaseSeconds))
        table.put(lease)
        var outcome = reply(nil, address: address, subnet: subnet, turn, note: .bootp(address))
        outcome.lease = lease
        outcome.beginsBoot = true
        return outcome
    }

    /// A machine answers on an address. Unless the address is offered or leased to it, the address is put on hold for a while. A machine
    /// that still uses its address after the lease expired by our clock keeps it.
    ///
    /// - Returns: the lease that keeps it free, to be made durable; nil when there is no conflict.
    package mutating func found(_ mac: MACAddress, on address: IPv4Address, now: Int) -> Lease? {
        guard let link = table.linkIndex.link(of: address), links[link].hasInPool(address) else { return nil }
        // For a client without a MAC address we cannot tell which answer is its own.
        if let lease = table.lease(at: address), lease.expiresAt > now, case .clientIdentifier = lease.holder
        {
            table.heard(at: address)
            return nil
        }
        let holding = table.holding(of: .macAddress(mac), on: link, now: now)
        guard holding.offered != address, holding.leased != address else {
            table.heard(at: address)
            return holding.leased == address ? keepsLapsed(address, now: now) : nil
        }
        // An active lease stays: two machines compete for it already, and removing it would not help.
        if let lease = table.lease(at: address), lease.expiresAt > now, lease.holder != .foreign(address) {
            return nil
        }
        guard foreignAnswers.isHost(mac, on: address, now: now), table.mayRest(address, now: now) else {
            return nil
        }
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: now + LeaseTable.foreignSeconds)
        table.put(lease)
        return lease
    }

    /// Its holder, which has just answered on `address`, keeps it for a while when its lease has expired.
    private mutating func keepsLapsed(_ address: IPv4Address, now: Int) -> Lease? {
        guard var lease = table.lease(at: address), lease.expiresAt <= now else { return nil }
        lease.expiresAt = now + LeaseTable.foreignSeconds
        table.put(lease)
        return lease
    }
}

extension DHCPServer.Turn {
    /// When a lease that is granted now ends; without seconds never.
    fileprivate func expiry(after seconds: UInt32?) -> Int { seconds.map { now + Int($0) } ?? Lease.never }
}
