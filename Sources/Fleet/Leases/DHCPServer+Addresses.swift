import Wire

/// Which address a client gets.
extension DHCPServer {
    /// The reserved address of a client on this link, by node record, client identifier, MAC address or UUID; nil while another machine
    /// still holds it: the client then gets another one, and this one at its next renewal.
    func reservation(_ turn: Turn) -> IPv4Address? {
        func isUsable(_ address: IPv4Address) -> Bool {
            turn.subnet(of: address)?.subnet.isForClients(address) == true
                && table.isFree(address, for: turn.holder, now: turn.now, isChosen: turn.isChosen)
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

    /// Reserved, then held, then offered, then requested, then any (RFC 2131 §4.3.1); last, one of a machine that is gone.
    mutating func chooseAddress(_ turn: Turn) -> IPv4Address? {
        if let reserved = reservation(turn) { return reserved }
        if let address = turn.holding.leased, isFromPool(address, turn) { return address }
        if let address = turn.holding.offered, isFromPool(address, turn) { return address }
        guard turn.hasRecord || table.mayHaveMore(port: turn.port, on: turn.linkIndex, now: turn.now) else {
            return nil
        }
        if let address = turn.requestedAddress, isFromPool(address, turn) { return address }
        let free = table.takeFree(in: turn.link.pools, now: turn.now) {
            [reservedAddresses] address in
            reservedAddresses.contains(address) || turn.snapshot.hasReserved(address)
        }
        if let free { return free }
        guard turn.isDirect else { return nil }
        return table.takeSilent(in: turn.link.pools, now: turn.now, isSpared: turn.keepsAddress)
    }

    /// Whether `address` comes from a pool of the link and is not held by or reserved for another machine.
    private func isFromPool(_ address: IPv4Address, _ turn: Turn) -> Bool {
        guard let subnet = turn.subnet(of: address), subnet.subnet.hasInPool(address),
            table.isFree(address, for: turn.holder, now: turn.now, isChosen: turn.isChosen)
        else { return false }
        return !reservedAddresses.contains(address) && !turn.snapshot.hasReserved(address)
    }

    /// Seconds of a first lease behind a relay that does not tell its clients apart.
    static let trialSeconds: UInt32 = 600

    /// How long the client may have `address`; nil for ever.
    ///
    /// Behind a relay, holders that are gone cannot be found by ARP, and without option 82 one client that invents machines looks like
    /// many. So when half of the addresses are in use by others, a machine that is not known has its first lease for ten minutes: it has the usual
    /// time from its first renewal on, and an invented one is gone by then.
    mutating func leaseSeconds(of address: IPv4Address, in subnet: ServedSubnet, _ turn: Turn) -> UInt32? {
        let usual = subnet.subnet.leaseSeconds
        guard !turn.isDirect, turn.port.isEmpty, !turn.hasRecord, turn.holding.leased != address,
            reservation(turn) == nil, table.tally(now: turn.now)[turn.linkIndex].isHalfUsedByOthers
        else { return usual }
        return min(usual ?? .max, Self.trialSeconds)
    }

    /// Whether `address` is right for the client: reserved for it, or from a pool and free.
    func mayHave(_ address: IPv4Address, _ turn: Turn) -> Bool {
        guard let reserved = reservation(turn) else { return isFromPool(address, turn) }
        return reserved == address
    }
}
