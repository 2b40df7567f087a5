package import Wire

/// Things that belong to one machine: no other machine gets them or speaks for it.
package enum MachineProperty: String, Equatable, Sendable, Codable {
    case script, configuration, report, registration, orders, volume, swap
    /// What opens a session on a terminal server.
    case ticket
    /// The configuration of a boot in which another key has received it.
    case secondConfiguration = "second-configuration"
    /// The configuration of a node that is bound to a TPM, asked for with another one.
    case otherTPM = "other-tpm"
    /// The same without one.
    case noTPM = "no-tpm"
    /// The configuration of a node that needs a TPM, asked for with one whose certificate is not trusted.
    case untrustedTPM = "untrusted-tpm"
    /// A ticket of a log-in at the node came to a terminal server a second time, too late, or from elsewhere.
    case logInTicket = "log-in-ticket"
    /// The node itself: another machine boots with its card.
    case machine

    /// Whether it was refused because of a TPM.
    package var isOfTPM: Bool {
        switch self {
        case .otherTPM, .noTPM, .untrustedTPM: true
        default: false
        }
    }

    /// What another machine did, as a predicate.
    package var attempt: String {
        switch self {
        case .script: "asked for its boot script"
        case .configuration: "asked for its configuration"
        case .report: "reported in its name"
        case .registration: "named it"
        case .orders: "asked for its orders"
        case .volume: "asked for its volume"
        case .swap: "asked for its swap"
        case .ticket: "asked for a session in its name"
        case .secondConfiguration: "asked for its configuration a second time in one boot, with another key"
        case .otherTPM: "asked for its configuration with another TPM than the one it is bound to"
        case .noTPM: "asked for its configuration without a TPM"
        case .untrustedTPM: "asked for its configuration with a TPM whose certificate is not trusted"
        case .machine: "boots with its card"
        case .logInTicket: "came with a log-in ticket of it that was used or too old"
        }
    }
}

/// Another machine asked for something that belongs to a node, or spoke for it, and was refused.
package struct NodeAlarm: Equatable, Sendable, Codable {
    /// Seconds since 1970 of the last attempt.
    @SecondTimestamp package var at: Int
    /// The address that it came from.
    package var address: IPv4Address
    /// The machine with that address, if the server knows it.
    package var holder: MACAddress?
    /// The interface that it came in on, if that address is on another one.
    package var interface: String?
    package var property: MachineProperty
    /// The number of attempts, counting at most one per minute.
    package var count: Int
    /// The TPM that was shown, if that was the reason.
    package var tpm: TPMIdentity?
    /// By what another machine with the node's card was recognised.
    package var differences: [MachineDifference]?

    package init(
        at: Int, address: IPv4Address, holder: MACAddress?, interface: String? = nil,
        property: MachineProperty, count: Int = 1, tpm: TPMIdentity? = nil,
        differences: [MachineDifference]? = nil
    ) {
        self.at = at
        self.address = address
        self.holder = holder
        self.interface = interface
        self.property = property
        self.count = count
        self.tpm = tpm
        self.differences = differences
    }

    /// What differs, for people.
    package var differenceText: String { (differences ?? []).map(\.summary).joined(separator: "; ") }

    /// `another machine (10.77.0.66, not an address from this server) asked for its volume, and was refused`
    package var summary: String {
        if property == .secondConfiguration {
            return
                "\(address) \(property.attempt), and was refused: another machine may have received the first one"
        }
        if property == .logInTicket {
            return
                "a ticket of a log-in at \(address) came to a terminal server again, too late or from elsewhere, and was refused"
        }
        if property == .machine {
            return
                "another machine (\(address)) boots with its card, or this one was changed: \(differenceText)"
        }
        if property.isOfTPM {
            let shown = tpm.map { " (\($0.short))" } ?? ""
            return
                "\(address) \(property.attempt)\(shown), and got none: a moved card, a copied machine, or a new board"
        }
        let place = interface.map { "on \($0), where that address is not" }
        let who = place ?? holder.map(\.description) ?? "not an address from this server"
        return "another machine (\(address), \(who)) \(property.attempt), and was refused"
    }
}
