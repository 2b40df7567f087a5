package import Fleet
import Linux
package import Wire

/// Which machine a request is from, and what belongs to it.
extension BootContext {
    /// The machine that speaks from `address`: the one that holds its lease now. On a network where another server gives the addresses, the
    /// one whose hardware address this host saw there (ARP). Nil when this server knows of none, or when the request came in elsewhere.
    ///
    /// - Parameter interface: the number of the interface that the request came in on; nil: not known.
    package func machine(at address: IPv4Address, on interface: UInt32? = nil) -> MACAddress? {
        if isElsewhere(address, on: interface) { return nil }
        if let (machine, _) = addresses.holder(of: address) { return machine }
        return addresses.givesAddresses(like: address) ? nil : neighbour(at: address)?.machine
    }

    private func neighbour(at address: IPv4Address) -> NeighbourTable.Neighbour? {
        neighbours.neighbour(at: address, now: EventLoop.now())
    }

    /// Whether a request from `address` came in on another interface than the one where that address is: its sender only claims it. Behind
    /// a router or a relay, any interface may lead to an address.
    func isElsewhere(_ address: IPv4Address, on interface: UInt32?) -> Bool {
        guard let interface,
            let expected = addresses.givesAddresses(like: address)
                ? addresses.interface(serving: address) : neighbour(at: address)?.interface
        else { return false }
        // What comes in by loopback was sent by this host itself.
        return ![expected, "lo"].contains(name(of: interface))
    }

    private func name(of interface: UInt32) -> String? {
        if let known = interfaceNames[interface] { return known }
        let name = interfaceName(interface)
        interfaceNames[interface] = name
        return name
    }

    /// The node that a machine is: by its card, or by the UUID that it sent in DHCP with it.
    package func node(of machine: MACAddress) -> Node? {
        snapshot.node(at: machine, uuid: heardMachines[machine])
    }

    /// A card named its machine in DHCP. That is kept for requests that name only the card, if no record has it and the machine is a node.
    /// If the card was in another node before, it no longer belongs to that one.
    func note(_ uuid: MachineUUID, of card: MACAddress) {
        guard uuid.isMeaningful, snapshot.node(withRecordOf: card) == nil else { return }
        let (learned, heard) = (snapshot.observations.cards, heardMachines[card])
        let before = heard ?? learned.machine(of: card)
        if snapshot.node(at: nil, uuid: uuid) != nil,
            learned.cards(of: uuid).first != card || heard.map({ $0 != uuid }) == true,
            limits.takes(\.newCards, .dhcp, .newCards, .uuid(uuid), amount: PeerLimits.newCard)
        {
            send(.card(card, uuid))
        } else {
            guard let before, before != uuid else { return }
            if snapshot.node(at: nil, uuid: before) != nil { send(.card(card, nil)) }
        }
        if heardMachines.count >= Self.machineLimit { heardMachines.removeAll() }
        heardMachines[card] = uuid
        orders.settingsChanged(of: card)
        knownNodeLists.settingsChanged(of: card)
    }

    /// A machine named its boot program in DHCP. A loader knows less about that than the firmware that loaded it.
    func note(_ client: BootClient, of machine: MACAddress) {
        if case .ipxe = client.program, let firmware = clients[machine],
            bootDecision(for: firmware, in: snapshot, under: settings.policy).answer != .nothing
        {
            return
        }
        if clients.count >= Self.machineLimit { clients.removeAll() }
        clients[machine] = client
    }

    /// Whether a request from `peer` comes from the machine itself, so that its own data may go there.
    ///
    /// - Parameters:
    ///   - server: our address that was contacted; nil where machines of boot tests do not connect.
    ///   - interface: the number of the interface that the request came in on; nil: not known.
    func isOwn(
        _ machine: MACAddress, _ peer: IPv4Address, server: IPv4Address? = nil, on interface: UInt32? = nil
    ) -> Bool {
        if isElsewhere(peer, on: interface) { return false }
        if let holder = self.machine(at: peer) { return holder == machine }
        // Behind a router, where another server gives the addresses, no card can be seen. The only thing that identifies a node is the
        // address that it was given here.
        if !addresses.givesAddresses(like: peer), node(of: machine)?.address == peer { return true }
        // The emulator of a boot test has no address of its own.
        return peer == server && bootTestMachines.contains(machine)
    }

    /// Another machine asked for a machine's own data, or reported in its name.
    func refuse(
        _ property: MachineProperty, of machine: MACAddress, to peer: IPv4Address, on interface: UInt32? = nil
    ) {
        let isNode = node(of: machine) != nil
        guard refusals.isNew(machine, isNode: isNode, peer, now: EventLoop.now()) else { return }
        let alarm = NodeAlarm(
            at: now() / 1_000, address: peer, holder: self.machine(at: peer, on: interface),
            interface: isElsewhere(peer, on: interface) ? interface.flatMap(name) : nil, property: property)
        send(.refusal(machine, alarm))
    }
}
