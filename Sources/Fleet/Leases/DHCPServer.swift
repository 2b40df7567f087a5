package import Wire

/// The DHCP server without its socket, clock and journal (RFC 2131 §4.3).
///
/// The table is the only state. An answer that grants a lease is returned together with the lease, which the caller
/// makes durable before it sends the answer.
package struct DHCPServer: Sendable {
    private let links: [ServedLink]
    private let reservations: [DHCPReservation.Identity: IPv4Address]
    private let reservedAddresses: Set<IPv4Address>
    package private(set) var table: LeaseTable

    package init(links: [DHCPLink], reservations: [DHCPReservation], leases: [Lease]) {
        self.links = links.map(ServedLink.init)
        self.reservations = Dictionary(reservations.map { ($0.identity, $0.address) }) { first, _ in first }
        reservedAddresses = Set(reservations.map(\.address))
        table = LeaseTable(pools: links.flatMap(\.subnets).flatMap(\.pools))
        for lease in leases { table.put(lease) }
    }

    /// The subnets of the wire that the message came from: by relay address, else by interface.
    private func link(for message: DHCPMessage, interface: String?) -> ServedLink? {
        guard message.relay != .any else {
            return links.first { $0.interface == interface && interface != nil }
        }
        return links.first { $0.subnets.contains { $0.subnet.network.contains(message.relay) } }
    }

    /// Answers one message of a client.
    ///
    /// - Parameters:
    ///   - interface: where it came in.
    ///   - now: seconds since 1970.
    package mutating func handle(
        _ message: DHCPMessage, on interface: String?, now: Int, snapshot: FleetSnapshot,
        policy: BootPolicy
    ) -> DHCPOutcome {
        guard message.operation == .request else { return DHCPOutcome(note: .notRequest) }
        guard let link = link(for: message, interface: interface) else {
            return DHCPOutcome(note: .notServed(relay: message.relay, interface: interface))
        }
        guard let holder = Self.holder(of: message) else {
            return DHCPOutcome(note: .withoutIdentity)
        }
        let turn = Turn(
            message: message, link: link, holder: holder, holding: table.holding(of: holder, now: now),
            now: now,
            snapshot: snapshot, policy: policy)
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

    /// One message with what it is answered from.
    private struct Turn {
        let message: DHCPMessage
        let link: ServedLink
        let holder: LeaseHolder
        let holding: LeaseTable.Holding
        let now: Int
        let snapshot: FleetSnapshot
        let policy: BootPolicy
        let client: BootClient
        let node: Node?

        init(
            message: DHCPMessage, link: ServedLink, holder: LeaseHolder, holding: LeaseTable.Holding,
            now: Int,
            snapshot: FleetSnapshot, policy: BootPolicy
        ) {
            self.message = message
            self.link = link
            self.holder = holder
            self.holding = holding
            self.now = now
            self.snapshot = snapshot
            self.policy = policy
            client = BootClient(message)
            node = snapshot.node(at: client.macAddress, uuid: client.uuid)
        }

        func subnet(of address: IPv4Address) -> ServedSubnet? {
            link.subnets.first { $0.subnet.network.contains(address) }
        }

        var requestedAddress: IPv4Address? { (try? message.options.value(of: .requestedAddress)) ?? nil }
    }

    private static func holder(of message: DHCPMessage) -> LeaseHolder? {
        if let mac = message.macAddress, mac.rawValue != 0 { return .macAddress(mac) }
        if let identifier = message.options[DHCPOption<[UInt8]>.clientIdentifier.code], identifier.count >= 2
        {
            // Longer ones exist by RFC 3396 only; a lease is kept for as much as one option holds.
            return .clientIdentifier(Array(identifier.prefix(255)))
        }
        return nil
    }

    // MARK: Choosing an address

    /// The reserved address of a client on this link, by node record, client identifier, hardware address or UUID;
    /// nil while somebody else still holds it: the client then gets another one, and this one at its next renewal.
    private func reservation(_ turn: Turn) -> IPv4Address? {
        func isUsable(_ address: IPv4Address) -> Bool {
            turn.subnet(of: address)?.subnet.isForClients(address) == true
                && table.isFree(address, for: turn.holder, now: turn.now)
        }
        if let address = turn.node?.address, isUsable(address) { return address }
        guard !reservations.isEmpty else { return nil }
        var identities: [DHCPReservation.Identity] = []
        if let identifier = turn.message.options[DHCPOption<[UInt8]>.clientIdentifier.code] {
            identities.append(.clientIdentifier(identifier))
        }
        if let mac = turn.client.macAddress { identities.append(.macAddress(mac)) }
        if let uuid = turn.client.uuid { identities.append(.uuid(uuid)) }
        return identities.lazy.compactMap { reservations[$0] }.first(where: isUsable)
    }

    /// Reserved, then held, then offered, then wished for, then any (RFC 2131 §4.3.1).
    private mutating func chooseAddress(_ turn: Turn) -> IPv4Address? {
        if let reserved = reservation(turn) { return reserved }
        if let address = turn.holding.leased, isFromPool(address, turn) { return address }
        if let address = turn.holding.offered, isFromPool(address, turn) { return address }
        if let address = turn.requestedAddress, isFromPool(address, turn) { return address }
        return table.takeFree(in: turn.link.pools, now: turn.now) {
            [reservedAddresses] address in
            reservedAddresses.contains(address) || turn.snapshot.hasReserved(address)
        }
    }

    /// Whether `address` comes from a pool of the link and nobody else holds it or has it reserved.
    private func isFromPool(_ address: IPv4Address, _ turn: Turn) -> Bool {
        guard let subnet = turn.subnet(of: address), subnet.subnet.hasInPool(address),
            table.isFree(address, for: turn.holder, now: turn.now)
        else { return false }
        return !reservedAddresses.contains(address) && !turn.snapshot.hasReserved(address)
    }

    /// Whether `address` is right for the client: reserved for it, or from a pool and free.
    private func mayHave(_ address: IPv4Address, _ turn: Turn) -> Bool {
        guard let reserved = reservation(turn) else { return isFromPool(address, turn) }
        return reserved == address
    }

    // MARK: Messages

    private mutating func offer(_ turn: Turn) -> DHCPOutcome {
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return DHCPOutcome(note: .noFreeAddress, beginsBoot: true)
        }
        table.makeOffer(address, to: turn.holder, now: turn.now)
        var outcome = reply(.offer, address: address, subnet: subnet, turn, note: .offered(address))
        outcome.probe = turn.holding.leased != address ? address : nil
        outcome.beginsBoot = true
        return outcome
    }

    private mutating func answerRequest(_ turn: Turn) -> DHCPOutcome {
        let message = turn.message
        if let server = (try? message.options.value(of: .serverIdentifier)) ?? nil,
            !turn.link.subnets.contains(where: { $0.subnet.server == server })
        {
            return DHCPOutcome(note: .otherServerChosen(server))
        }
        let isRenewal = message.clientAddress != .any
        guard let address = isRenewal ? message.clientAddress : turn.requestedAddress else {
            return DHCPOutcome(note: .withoutAddress)
        }
        guard mayHave(address, turn), let subnet = turn.subnet(of: address) else {
            return refuse(address, turn)
        }
        let known =
            turn.holding.leased == address || turn.holding.offered == address || reservation(turn) == address
        // A client that we have never heard of may hold a lease of a server before us; it may keep it (RFC 2131 §4.3.2
        // would be silent, and an authoritative server would refuse: either costs the client its address).
        let lease = Lease(
            address: address, holder: turn.holder,
            expiresAt: subnet.subnet.leaseSeconds.map { turn.now + Int($0) } ?? Lease.never,
            hostName: Self.hostName(in: turn.message))
        table.put(lease)
        var outcome = reply(
            .ack, address: address, subnet: subnet, turn, note: .acknowledged(address, known: known))
        outcome.lease = lease
        return outcome
    }

    /// What the client calls itself, without what could hurt a terminal or a list.
    private static func hostName(in message: DHCPMessage) -> String {
        guard let name = (try? message.options.value(of: .hostName)) ?? nil else { return "" }
        return String(name.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(63))
    }

    private func refuse(_ address: IPv4Address, _ turn: Turn) -> DHCPOutcome {
        var nak = DHCPMessage(replyTo: turn.message)
        nak.options.set(.messageType, to: .nak)
        if let server = turn.link.subnets.first?.subnet.server {
            nak.options.set(.serverIdentifier, to: server)
        }
        nak.options.set(.message, to: "\(address) is not for this client here")
        copyIdentity(turn.message, to: &nak)
        // Through a relay the client may not hear anything but a broadcast (RFC 2131 §4.3.2).
        if nak.relay != .any { nak.flags |= 0x8000 }
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: nak, destination: ReplyDestination(of: nak, to: turn.message, isNegative: true),
                port: nak.relay == .any ? 68 : 67),
            note: .refused(address))
    }

    private mutating func decline(_ turn: Turn) -> DHCPOutcome {
        guard let address = turn.requestedAddress, turn.holding.leased == address else {
            return DHCPOutcome(note: .declinedUnheld)
        }
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: turn.now + LeaseTable.foreignSeconds)
        table.put(lease)
        return DHCPOutcome(lease: lease, note: .declined(address))
    }

    /// The lease ends now, but the client gets the same address again while it is free.
    private mutating func release(_ turn: Turn) -> DHCPOutcome {
        guard var lease = table.lease(of: turn.holder), lease.address == turn.message.clientAddress else {
            return DHCPOutcome(note: .releasedUnheld)
        }
        lease.expiresAt = turn.now
        table.put(lease)
        return DHCPOutcome(lease: lease, note: .released(lease.address))
    }

    /// The client has an address and wants to know the rest: no lease, no address, no times (RFC 2131 §4.3.5).
    private func inform(_ turn: Turn) -> DHCPOutcome {
        guard let subnet = turn.subnet(of: turn.message.clientAddress) else {
            return DHCPOutcome(note: .informedFromElsewhere(turn.message.clientAddress))
        }
        return reply(
            .ack, address: nil, subnet: subnet, turn, note: .informed(turn.message.clientAddress))
    }

    /// A BOOTP client has no notion of time: its address is for ever (RFC 1534 §2).
    private mutating func answerBOOTP(_ turn: Turn) -> DHCPOutcome {
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return DHCPOutcome(note: .noFreeAddress, beginsBoot: true)
        }
        let lease = Lease(address: address, holder: turn.holder, expiresAt: Lease.never)
        table.put(lease)
        var outcome = reply(nil, address: address, subnet: subnet, turn, note: .bootp(address))
        outcome.lease = lease
        outcome.beginsBoot = true
        return outcome
    }

    /// Somebody answers on an address. Unless it is the client that it is offered to or leased by, nobody gets it for a while.
    ///
    /// - Returns: the lease that keeps it free, to be made durable; nil when all is well.
    package mutating func found(_ mac: MACAddress, on address: IPv4Address, now: Int) -> Lease? {
        guard links.contains(where: { $0.subnets.contains { $0.subnet.hasInPool(address) } }) else {
            return nil
        }
        let holder = LeaseHolder.macAddress(mac)
        let holding = table.holding(of: holder, now: now)
        guard holding.offered != address, holding.leased != address else { return nil }
        // A lease that is held stands: two machines fight over it already, and taking it away mends nothing.
        if let lease = table.lease(at: address), lease.expiresAt > now { return nil }
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: now + LeaseTable.foreignSeconds)
        table.put(lease)
        return lease
    }

    // MARK: Replies

    private func reply(
        _ type: DHCPMessageType?, address: IPv4Address?, subnet served: ServedSubnet, _ turn: Turn,
        note: DHCPOutcome.Note
    ) -> DHCPOutcome {
        let subnet = served.subnet
        var message = DHCPMessage(replyTo: turn.message)
        message.yourAddress = address ?? .any
        if type == .ack { message.clientAddress = turn.message.clientAddress }
        message.options = type != nil && address != nil ? served.granting : served.informing
        if let type { message.options.set(.messageType, to: type) }
        if let node = turn.node { message.options.set(.hostName, to: node.name.text) }
        var decision: BootDecision?
        if turn.client.program != .system {
            let policy = turn.policy.on(server: subnet.server, for: address ?? subnet.network.base)
            let made = bootDecision(for: turn.client, in: turn.snapshot, under: policy)
            setBoot(made, client: turn.client, policy: policy, in: &message)
            // What the operator wrote stands above what we decide.
            for (code, value) in subnet.options { message.options[code] = value }
            decision = made
        }
        copyIdentity(turn.message, to: &message)
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: message,
                destination: ReplyDestination(of: message, to: turn.message, isNegative: false),
                port: message.relay == .any ? 68 : 67),
            decision: decision, note: note)
    }

    /// The boot file stands in the header *and* in options 66 and 67: shim takes its directory from the header, some
    /// firmware reads only the options, and an overloaded header loses both.
    private func setBoot(
        _ decision: BootDecision, client: BootClient, policy: BootPolicy, in message: inout DHCPMessage
    ) {
        let file: String
        switch decision.answer {
        case .nothing: return
        case .file(let name), .url(let name): file = name
        }
        message.nextServer = policy.server
        message.bootFile = file
        message.options.set(.tftpServerName, to: policy.server.description)
        message.options.set(.bootFileName, to: file)
        switch client.program {
        case .httpFirmware: message.options.set(.vendorClass, to: "HTTPClient")
        case .firmware:
            message.options.set(.vendorClass, to: "PXEClient")
            // Sub-option 6 = 8: take the boot file of this message, ask no boot server (PXE 2.1 §2.2.2).
            message.options[DHCPOption<[UInt8]>.vendorInformation.code] = [6, 1, 8, 255]
        case .raspberryPi:
            message.options.set(.vendorClass, to: "PXEClient")
            message.options[DHCPOption<[UInt8]>.vendorInformation.code] =
                [6, 1, 3, 10, 4, 0] + Array("PXE".utf8) + [9, 20, 0, 0, 17] + Array("Raspberry Pi Boot".utf8)
                + [255]
        case .ipxe:
            // no-pxedhcp (option 175, sub-option 176): iPXE otherwise waits two seconds for a proxy's offer.
            message.options[DHCPOption<[UInt8]>.etherboot.code] = [0xB0, 1, 1]
        case .bootp, .system: break
        }
    }

    /// What a client or a relay wants to see again: option 61 (RFC 6842), 82 (RFC 3046) and 97 (RFC 4578).
    private func copyIdentity(_ request: DHCPMessage, to reply: inout DHCPMessage) {
        for code: UInt8 in [61, 82, 97] {
            reply.options.copy(code, from: request.options)
        }
    }
}
