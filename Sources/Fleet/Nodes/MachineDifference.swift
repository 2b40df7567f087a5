package import Wire

/// What shows that another machine has come with a node's card: cards can be given any address.
package struct MachineDifference: Equatable, Sendable, Codable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case uuid
        case processor
        /// The network, while the node still runs on another one.
        case network
        /// A boot of the node that still runs, while another one has begun.
        case boot
    }

    package var kind: Kind
    /// Of the node.
    package var known: String
    /// Of what has come.
    package var shown: String

    package init(_ kind: Kind, known: String, shown: String) {
        (self.kind, self.known, self.shown) = (kind, known, shown)
    }

    package var summary: String {
        switch kind {
        case .uuid: "UUID \(shown) instead of \(known)"
        case .processor: "processor \(shown) instead of \(known)"
        case .network: "it boots on \(shown) while the node runs on \(known)"
        case .boot: "boot \(shown) has begun while boot \(known) goes on"
        }
    }
}

extension BootClient {
    /// The family of the processor; nil where it does not say: what names no type counts as a BIOS.
    package var processor: String? {
        if program == .raspberryPi { return "ARM" }
        return switch architecture?.rawValue {
        case 6, 7, 9, 15, 16: "x86"
        case 10, 11, 18, 19, 21, 22, 23, 24, 41: "ARM"
        case 12, 13, 14: "PowerPC"
        case 25, 26, 27, 28: "RISC-V"
        case 37, 38, 39, 40: "LoongArch"
        default: nil
        }
    }
}

/// What machines have shown of themselves when they booted, by card, to see when another one comes with a card. No socket, no clock.
package struct MachineMarks: Sendable {
    package struct Mark: Equatable, Sendable {
        package var uuid: MachineUUID?
        package var processor: String?
        /// The name of the link that it is on.
        package var network: String
        /// Whether it has a boot ROM that makes a UUID of its own, another one than what it loads then reads from SMBIOS.
        package var hasBoardROM: Bool

        package init(uuid: MachineUUID?, processor: String?, network: String, hasBoardROM: Bool = false) {
            (self.uuid, self.processor, self.network) = (uuid, processor, network)
            self.hasBoardROM = hasBoardROM
        }

        package init(_ client: BootClient, on network: String) {
            let isBoard = [.raspberryPi, .uBoot].contains(client.program)
            self.init(
                uuid: client.uuid, processor: client.processor, network: network, hasBoardROM: isBoard)
        }
    }

    private let machineLimit: Int
    private var marks: [MACAddress: Mark] = [:]

    package init(machineLimit: Int) { self.machineLimit = machineLimit }

    /// Keeps what a card's machine shows, and tells in what it differs from the one before.
    ///
    /// A machine may be moved, and its board exchanged: such a difference shows once, or until its record has the new UUID.
    ///
    /// - Parameters:
    ///   - record: the UUID in the node's record.
    ///   - isRunning: whether the node was heard within the last minute.
    package mutating func differences(
        of card: MACAddress, _ shown: Mark, record: MachineUUID?, isRunning: Bool
    ) -> [MachineDifference] {
        let before = marks[card]
        if before == nil, marks.count >= machineLimit { marks.removeAll() }
        let hasBoardROM = shown.hasBoardROM || before?.hasBoardROM == true
        marks[card] = Mark(
            uuid: shown.uuid ?? before?.uuid, processor: shown.processor ?? before?.processor,
            network: shown.network, hasBoardROM: hasBoardROM)
        var differences: [MachineDifference] = []
        if !hasBoardROM, let uuid = shown.uuid, let known = record ?? before?.uuid, known != uuid,
            known != uuid.otherOrder
        {
            differences.append(
                MachineDifference(.uuid, known: known.description, shown: uuid.description))
        }
        if let processor = shown.processor, let known = before?.processor, known != processor {
            differences.append(MachineDifference(.processor, known: known, shown: processor))
        }
        if let known = before?.network, known != shown.network, isRunning || !differences.isEmpty {
            differences.append(MachineDifference(.network, known: known, shown: shown.network))
        }
        return differences
    }
}
