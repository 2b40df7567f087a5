import Fleet
import Linux
import Wire

/// Another machine with a node's card. A lease goes by the card, which anyone can give to a machine of theirs: what the server sees of
/// the two tells people.
extension BootContext {
    /// A boot program named itself in DHCP.
    ///
    /// - Parameters:
    ///   - link: the name of the one that it is on.
    ///   - address: what it is offered.
    func compare(_ client: BootClient, of machine: MACAddress, on link: String, at address: IPv4Address) {
        // Of cards in no record the UUID decides which node they are in.
        guard let node = snapshot.node(withRecordOf: machine) else { return }
        let differences = marks.differences(
            of: machine, MachineMarks.Mark(client, on: link), record: node.uuid,
            isRunning: isRunning(machine))
        alarm(differences, of: machine, at: address)
    }

    /// A request named the boot that it is for: one that should have ended shows that two machines run with this card.
    func noteFormerBoot(_ boot: String, of machine: MACAddress, at peer: IPv4Address) {
        guard tracker.isOver(boot, of: machine, at: now()), let present = tracker.currentBoot(of: machine)
        else { return }
        alarm([MachineDifference(.boot, known: boot, shown: present)], of: machine, at: peer)
    }

    /// Whether the machine was ready, and heard of within the last minute.
    private func isRunning(_ machine: MACAddress) -> Bool {
        guard tracker.progress(of: machine)?.stage == .ready, let heard = hearing.times[machine] else {
            return false
        }
        return EventLoop.now() - heard < HeardMachines.lostAfter
    }

    private func alarm(_ differences: [MachineDifference], of machine: MACAddress, at address: IPv4Address) {
        guard !differences.isEmpty, node(of: machine) != nil,
            refusals.isNew(machine, isNode: true, address, now: EventLoop.now())
        else { return }
        send(
            .refusal(
                machine,
                NodeAlarm(
                    at: now() / 1_000, address: address, holder: machine, property: .machine,
                    differences: differences)))
    }
}
