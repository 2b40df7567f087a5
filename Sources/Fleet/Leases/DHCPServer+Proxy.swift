package import Wire

/// Boot files beside another server's addresses (PXE 2.1 §2.2.1, ProxyDHCP).
///
/// The client merges two offers: ours without an address, and the other server's without a boot file. Nothing is leased, refused or
/// probed here.
extension DHCPServer {
    /// Whether `message` is for the other server of its network alone: no client that boots sent it.
    package func leavesToOther(_ message: DHCPMessage, on interface: String?) -> Bool {
        guard let link = link(of: message, interface: interface), links[link].isProxy else { return false }
        return [.system, .bootp].contains(BootClient(message).program)
    }

    /// Answers a message in a network where another server gives the addresses.
    func answerAsProxy(_ turn: Turn, on interface: String?, from source: IPv4Address?) -> DHCPOutcome {
        switch turn.client.program {
        case .system, .bootp: return DHCPOutcome(note: .otherGivesAddresses)
        // U-Boot takes the first offer, and would request no address.
        case .uBoot: return DHCPOutcome(note: .notForProxy)
        case .firmware, .httpFirmware, .ipxe, .raspberryPi: break
        }
        switch (try? turn.message.options.value(of: .messageType)) ?? nil {
        case .discover: return offerAsProxy(turn)
        // A search for boot servers is broadcast (PXE 2.1 §2.2.3): the client has its address already.
        case .request, .inform:
            guard let source, source != .any, turn.message.clientAddress == source, turn.otherServer == nil
            else { return DHCPOutcome(note: .otherGivesAddresses) }
            return bootServer(
                turn.message, on: interface, from: source, port: 68, now: turn.now, snapshot: turn.snapshot,
                policy: turn.policy)
        default: return DHCPOutcome(note: .otherGivesAddresses)
        }
    }

    private func offerAsProxy(_ turn: Turn) -> DHCPOutcome {
        guard
            let subnet = turn.link.subnets.first(where: { $0.subnet.network.contains(turn.message.relay) })
                ?? turn.link.subnets.first
        else { return DHCPOutcome(note: .otherGivesAddresses) }
        var outcome = reply(.offer, address: nil, subnet: subnet, turn, note: .offeredFile)
        outcome.beginsBoot = true
        if case .nothing = outcome.decision?.answer {
            // An offer without a boot file would make the firmware wait for one on port 4011.
            outcome.reply = nil
            outcome.note = .nothingToOffer
        }
        return outcome
    }
}
