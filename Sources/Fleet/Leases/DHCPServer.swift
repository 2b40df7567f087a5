package import Wire

/// What is done about one message.
package struct DHCPOutcome: Equatable, Sendable {
    package struct Reply: Equatable, Sendable {
        package var message: DHCPMessage
        package var destination: ReplyDestination
        /// The port that the client listens on: 68, or that of a relay, 67.
        package var port: UInt16
    }

    /// Nil: nothing is answered.
    package var reply: Reply?
    /// Must be durable before the reply leaves.
    package var lease: Lease?
    /// What the client was told to load, for the timeline; nil for systems.
    package var decision: BootDecision?
    /// An address that this client never had before: somebody else may sit on it.
    package var probe: IPv4Address?
    /// For the log.
    package var note: String
    /// Whether the message was the first step of a boot program (DISCOVER, or a BOOTP request).
    package var beginsBoot = false
}

/// The DHCP server without its socket, clock and journal (RFC 2131 §4.3).
///
/// The table is the only state. An answer that grants a lease is returned together with the lease, which the caller
/// makes durable before it sends the answer.
package struct DHCPServer: Sendable {
    private let links: [DHCPLink]
    private let reservations: [DHCPReservation.Identity: IPv4Address]
    private let reservedAddresses: Set<IPv4Address>
    package private(set) var table: LeaseTable

    package init(links: [DHCPLink], reservations: [DHCPReservation], leases: [Lease]) {
        self.links = links
        self.reservations = Dictionary(reservations.map { ($0.identity, $0.address) }) { first, _ in first }
        reservedAddresses = Set(reservations.map(\.address))
        table = LeaseTable(pools: links.flatMap(\.subnets).flatMap(\.pools), reserved: reservedAddresses)
        for lease in leases { table.put(lease) }
    }

    /// The subnets of the wire that the message came from: by relay address, else by interface.
    private func link(for message: DHCPMessage, interface: String?) -> DHCPLink? {
        guard message.relay != .any else {
            return links.first { $0.interface == interface && interface != nil }
        }
        return links.first { $0.subnets.contains { $0.network.contains(message.relay) } }
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
        guard message.operation == .request else { return DHCPOutcome(note: "not a request") }
        guard let link = link(for: message, interface: interface) else {
            return DHCPOutcome(
                note:
                    "no subnet is served for \(message.relay == .any ? interface ?? "?" : message.relay.description)"
            )
        }
        guard let holder = Self.holder(of: message) else {
            return DHCPOutcome(note: "client without identity")
        }
        let turn = Turn(
            message: message, link: link, holder: holder, now: now, snapshot: snapshot, policy: policy)
        guard let type = try? message.options.value(of: .messageType) else {
            if message.options.has(53) { return DHCPOutcome(note: "malformed message type") }
            return answerBOOTP(turn)
        }
        switch type {
        case .discover: return offer(turn)
        case .request: return answerRequest(turn)
        case .decline: return decline(turn)
        case .release: return release(turn)
        case .inform: return inform(turn)
        default: return DHCPOutcome(note: "message type \(type.rawValue) is not for servers")
        }
    }

    /// One message with what it is answered from.
    private struct Turn {
        let message: DHCPMessage
        let link: DHCPLink
        let holder: LeaseHolder
        let now: Int
        let snapshot: FleetSnapshot
        let policy: BootPolicy
        let client: BootClient
        let node: Node?

        init(
            message: DHCPMessage, link: DHCPLink, holder: LeaseHolder, now: Int, snapshot: FleetSnapshot,
            policy: BootPolicy
        ) {
            self.message = message
            self.link = link
            self.holder = holder
            self.now = now
            self.snapshot = snapshot
            self.policy = policy
            client = BootClient(message)
            node = snapshot.node(at: client.macAddress, uuid: client.uuid)
        }

        func subnet(of address: IPv4Address) -> DHCPSubnet? {
            link.subnets.first { $0.network.contains(address) }
        }

        var requestedAddress: IPv4Address? { (try? message.options.value(of: .requestedAddress)) ?? nil }
    }

    private static func holder(of message: DHCPMessage) -> LeaseHolder? {
        if let mac = message.macAddress, mac.rawValue != 0 { return .macAddress(mac) }
        if let identifier = message.options[DHCPOption<[UInt8]>.clientIdentifier.code], identifier.count >= 2
        {
            return .clientIdentifier(identifier)
        }
        return nil
    }

    // MARK: Choosing an address

    /// The reserved address of a client on this link: by node record, client identifier or UUID.
    private func reservation(_ turn: Turn) -> IPv4Address? {
        if let address = turn.node?.address, turn.subnet(of: address) != nil { return address }
        guard !reservations.isEmpty else { return nil }
        var identities: [DHCPReservation.Identity] = []
        if let identifier = turn.message.options[DHCPOption<[UInt8]>.clientIdentifier.code] {
            identities.append(.clientIdentifier(identifier))
        }
        if let mac = turn.client.macAddress { identities.append(.macAddress(mac)) }
        if let uuid = turn.client.uuid { identities.append(.uuid(uuid)) }
        return identities.lazy.compactMap { reservations[$0] }.first { turn.subnet(of: $0) != nil }
    }

    /// Reserved, then held, then offered, then wished for, then any (RFC 2131 §4.3.1).
    private mutating func chooseAddress(_ turn: Turn) -> IPv4Address? {
        if let reserved = reservation(turn) {
            return table.isFree(reserved, for: turn.holder, now: turn.now) ? reserved : nil
        }
        for candidate in [
            table.lease(of: turn.holder)?.address, table.offer(to: turn.holder, now: turn.now),
            turn.requestedAddress,
        ] {
            if let candidate, let subnet = turn.subnet(of: candidate), subnet.hasInPool(candidate),
                !isReservedForOthers(candidate, turn),
                table.isFree(candidate, for: turn.holder, now: turn.now)
            {
                return candidate
            }
        }
        return table.takeFree(in: turn.link.subnets.flatMap(\.pools), now: turn.now)
    }

    private func isReservedForOthers(_ address: IPv4Address, _ turn: Turn) -> Bool {
        reservedAddresses.contains(address) && reservation(turn) != address
    }

    /// Whether `address` is right for the client: reserved for it, or from a pool and free.
    private func mayHave(_ address: IPv4Address, _ turn: Turn) -> Bool {
        guard table.isFree(address, for: turn.holder, now: turn.now), let subnet = turn.subnet(of: address)
        else {
            return false
        }
        if let reserved = reservation(turn) { return reserved == address }
        return subnet.hasInPool(address) && !isReservedForOthers(address, turn)
    }

    // MARK: Messages

    private mutating func offer(_ turn: Turn) -> DHCPOutcome {
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return DHCPOutcome(note: "no free address", beginsBoot: true)
        }
        let isNew = table.lease(of: turn.holder)?.address != address
        table.makeOffer(address, to: turn.holder, now: turn.now)
        var outcome = reply(.offer, address: address, subnet: subnet, turn)
        outcome.note = "offer \(address)"
        outcome.probe = isNew ? address : nil
        outcome.beginsBoot = true
        return outcome
    }

    private mutating func answerRequest(_ turn: Turn) -> DHCPOutcome {
        let message = turn.message
        if let server = (try? message.options.value(of: .serverIdentifier)) ?? nil,
            !turn.link.subnets.contains(where: { $0.server == server })
        {
            return DHCPOutcome(note: "the client chose the server \(server)")
        }
        let isRenewal = message.clientAddress != .any
        guard let address = isRenewal ? message.clientAddress : turn.requestedAddress else {
            return DHCPOutcome(note: "request without an address")
        }
        guard mayHave(address, turn), let subnet = turn.subnet(of: address) else {
            return refuse(address, turn)
        }
        let known =
            table.lease(of: turn.holder)?.address == address
            || table.offer(to: turn.holder, now: turn.now) == address || reservation(turn) == address
        // A client that we have never heard of may hold a lease of a server before us; it may keep it (RFC 2131 §4.3.2
        // would be silent, and an authoritative server would refuse: either costs the client its address).
        var outcome = grant(address, subnet: subnet, turn)
        outcome.note = "ack \(address)" + (known ? "" : " (not known before)")
        return outcome
    }

    private mutating func grant(_ address: IPv4Address, subnet: DHCPSubnet, _ turn: Turn) -> DHCPOutcome {
        let hostName = ((try? turn.message.options.value(of: .hostName)) ?? nil) ?? ""
        let lease = Lease(
            address: address, holder: turn.holder,
            expiresAt: subnet.leaseSeconds.map { turn.now + Int($0) } ?? Lease.never,
            hostName: String(hostName.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 }.prefix(63)))
        table.put(lease)
        var outcome = reply(.ack, address: address, subnet: subnet, turn)
        outcome.lease = lease
        return outcome
    }

    private func refuse(_ address: IPv4Address, _ turn: Turn) -> DHCPOutcome {
        var nak = DHCPMessage(replyTo: turn.message)
        nak.options.set(.messageType, to: .nak)
        if let server = turn.link.subnets.first?.server { nak.options.set(.serverIdentifier, to: server) }
        nak.options.set(.message, to: "\(address) is not for this client here")
        copyIdentity(turn.message, to: &nak)
        // Through a relay the client may not hear anything but a broadcast (RFC 2131 §4.3.2).
        if nak.relay != .any { nak.flags |= 0x8000 }
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: nak, destination: ReplyDestination(of: nak, to: turn.message, isNegative: true),
                port: nak.relay == .any ? 68 : 67),
            note: "nak \(address)")
    }

    private mutating func decline(_ turn: Turn) -> DHCPOutcome {
        guard let address = turn.requestedAddress, table.lease(of: turn.holder)?.address == address else {
            return DHCPOutcome(note: "decline of an address that the client does not hold")
        }
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: turn.now + LeaseTable.foreignSeconds)
        table.put(lease)
        return DHCPOutcome(lease: lease, note: "declined \(address): somebody else answers on it")
    }

    /// The lease ends now, but the client gets the same address again while it is free.
    private mutating func release(_ turn: Turn) -> DHCPOutcome {
        guard var lease = table.lease(of: turn.holder), lease.address == turn.message.clientAddress else {
            return DHCPOutcome(note: "release of an address that the client does not hold")
        }
        lease.expiresAt = turn.now
        table.put(lease)
        return DHCPOutcome(lease: lease, note: "released \(lease.address)")
    }

    /// The client has an address and wants to know the rest: no lease, no address, no times (RFC 2131 §4.3.5).
    private func inform(_ turn: Turn) -> DHCPOutcome {
        guard let subnet = turn.subnet(of: turn.message.clientAddress) else {
            return DHCPOutcome(
                note: "inform from \(turn.message.clientAddress), which is not in a served subnet")
        }
        var outcome = reply(.ack, address: nil, subnet: subnet, turn)
        outcome.note = "inform \(turn.message.clientAddress)"
        return outcome
    }

    /// A BOOTP client has no notion of time: its address is for ever (RFC 1534 §2).
    private mutating func answerBOOTP(_ turn: Turn) -> DHCPOutcome {
        guard let address = chooseAddress(turn), let subnet = turn.subnet(of: address) else {
            return DHCPOutcome(note: "no free address", beginsBoot: true)
        }
        let lease = Lease(address: address, holder: turn.holder, expiresAt: Lease.never)
        table.put(lease)
        var outcome = reply(nil, address: address, subnet: subnet, turn)
        outcome.lease = lease
        outcome.note = "bootp \(address)"
        outcome.beginsBoot = true
        return outcome
    }

    /// Somebody answers on an address. Unless it is the client that it is offered to or leased by, nobody gets it for a while.
    ///
    /// - Returns: the lease that keeps it free, to be made durable; nil when all is well.
    package mutating func found(_ mac: MACAddress, on address: IPv4Address, now: Int) -> Lease? {
        guard links.contains(where: { $0.subnets.contains { $0.hasInPool(address) } }) else { return nil }
        let holder = LeaseHolder.macAddress(mac)
        guard table.offer(to: holder, now: now) != address, table.lease(of: holder)?.address != address else {
            return nil
        }
        // A lease that is held stands: two machines fight over it already, and taking it away mends nothing.
        if let lease = table.lease(at: address), lease.expiresAt > now { return nil }
        let lease = Lease(
            address: address, holder: .foreign(address), expiresAt: now + LeaseTable.foreignSeconds)
        table.put(lease)
        return lease
    }

    // MARK: Replies

    private func reply(
        _ type: DHCPMessageType?, address: IPv4Address?, subnet: DHCPSubnet, _ turn: Turn
    ) -> DHCPOutcome {
        var message = DHCPMessage(replyTo: turn.message)
        message.yourAddress = address ?? .any
        if type == .ack { message.clientAddress = turn.message.clientAddress }
        if let type { message.options.set(.messageType, to: type) }
        message.options.set(.serverIdentifier, to: subnet.server)
        if type != nil, address != nil { setTimes(subnet.leaseSeconds, in: &message) }
        setNetwork(subnet, in: &message)
        if let node = turn.node { message.options.set(.hostName, to: node.name.text) }
        let policy = turn.policy.on(server: subnet.server)
        let decision = bootDecision(for: turn.client, in: turn.snapshot, under: policy)
        setBoot(decision, client: turn.client, policy: policy, in: &message)
        for (code, value) in subnet.options { message.options[code] = value }
        copyIdentity(turn.message, to: &message)
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: message,
                destination: ReplyDestination(of: message, to: turn.message, isNegative: false),
                port: message.relay == .any ? 68 : 67),
            decision: turn.client.program == .system ? nil : decision, note: "")
    }

    private func setTimes(_ seconds: UInt32?, in message: inout DHCPMessage) {
        let seconds = seconds ?? .max
        message.options.set(.leaseTime, to: seconds)
        guard seconds != .max else { return }
        message.options.set(.renewalTime, to: seconds / 2)
        message.options.set(.rebindingTime, to: UInt32(UInt64(seconds) * 7 / 8))
    }

    private func setNetwork(_ subnet: DHCPSubnet, in message: inout DHCPMessage) {
        message.options.set(.subnetMask, to: subnet.network.mask)
        message.options.set(.broadcastAddress, to: subnet.network.broadcast)
        if let router = subnet.router { message.options.set(.routers, to: [router]) }
        if !subnet.nameServers.isEmpty { message.options.set(.domainNameServers, to: subnet.nameServers) }
        if !subnet.timeServers.isEmpty { message.options.set(.timeServers, to: subnet.timeServers) }
        if !subnet.domain.isEmpty { message.options.set(.domainName, to: subnet.domain) }
        if let mtu = subnet.mtu { message.options.set(.interfaceMTU, to: mtu) }
        if !subnet.routes.isEmpty {
            // A client that reads option 121 ignores option 3 (RFC 3442), so the default route stands in both.
            var routes = subnet.routes
            if let router = subnet.router, let everything = IPv4Network("0.0.0.0/0") {
                routes.append(ClasslessRoute(network: everything, router: router))
            }
            message.options.set(.classlessRoutes, to: routes)
        }
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
            if let value = request.options[code] { reply.options[code] = value }
        }
    }
}
