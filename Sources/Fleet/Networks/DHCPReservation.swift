package import Wire

/// An address kept for one machine.
package struct DHCPReservation: Equatable, Sendable, Codable {
    package enum Identity: Hashable, Sendable {
        case macAddress(MACAddress)
        case clientIdentifier([UInt8])
        case uuid(MachineUUID)
    }

    package var identity: Identity
    package var address: IPv4Address

    package init(_ identity: Identity, _ address: IPv4Address) {
        self.identity = identity
        self.address = address
    }

    private enum CodingKeys: String, CodingKey {
        case identity = "machine"
        case address
    }
}

extension DHCPReservation.Identity: WrittenAsText, RecordKey {
    package static let form = "a hardware address, a UUID, or client:BYTES in hexadecimal"

    private static let clientPrefix = "client:"

    package init?(_ text: String) {
        if let mac = MACAddress(text) {
            self = .macAddress(mac)
        } else if let uuid = MachineUUID(text) {
            self = .uuid(uuid)
        } else if text.hasPrefix(Self.clientPrefix),
            let bytes = HexadecimalText.bytes(text.dropFirst(Self.clientPrefix.count)),
            bytes.count <= SettingLengths.option
        {
            self = .clientIdentifier(bytes)
        } else {
            return nil
        }
    }

    package init(recordKey text: String) throws {
        guard let identity = Self(text) else { throw InvalidName(text, rule: Self.form) }
        self = identity
    }

    package var description: String {
        switch self {
        case .macAddress(let mac): mac.description
        case .uuid(let uuid): uuid.description
        case .clientIdentifier(let bytes): Self.clientPrefix + HexadecimalText.text(bytes)
        }
    }

    /// Whether a node's machine is the one.
    package func isMachine(of node: Node) -> Bool {
        switch self {
        case .macAddress(let mac): node.macAddresses.contains(mac)
        case .uuid(let uuid): node.uuid == uuid
        case .clientIdentifier: false
        }
    }
}

extension FleetEdit {
    /// - Parameter reservation: nil removes it.
    package static func reservation(_ machine: DHCPReservation.Identity, _ reservation: DHCPReservation?)
        -> Self
    { Self(machine, reservation) }
}

extension DHCPReservation: TableRecord, ListedRecord {
    package static let kind = "reservation"
    package static let shapesAddresses = true

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [Identity: Self]> {
        \.network.reservations
    }
    package var key: Identity { identity }

    package static func checked(
        _ change: RecordChange<DHCPReservation>, in draft: FleetSnapshot.Contents,
        since before: FleetSnapshot, within plan: AddressPlan
    ) throws -> DHCPReservation? {
        try change.requireSomething(in: draft)
        guard var reservation = change.after else { return nil }
        if case .macAddress(let mac) = change.key, let problem = mac.neverACard {
            throw InvalidSetting("machine: hardware address \(mac) \(problem)")
        }
        reservation.identity = change.key
        return reservation
    }

    /// No address is kept for two machines, and none that another node has for itself.
    package static func check(
        all changed: [Identity], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let records = snapshot.contents.network
        try NetworkRecords.check(records, since: before.contents.network, within: plan)
        let changed = changed.compactMap { records.reservations[$0] }
        let byAddress = Dictionary(changed.map { ($0.address, $0) }) { first, _ in first }
        for node in snapshot.nodes.values {
            guard let address = node.address, let reservation = byAddress[address],
                !reservation.identity.isMachine(of: node)
            else { continue }
            throw StoreError.conflict("\(address) is the address of node \(node.name)")
        }
    }

    package static func missing(_ key: Identity) -> Sentence {
        "there is no reservation for \(key) (roost network reservations shows all)"
    }

    package static func existing(_ key: Identity) -> Sentence {
        "\(key) has a reserved address already; use roost network reserve --replace to change it"
    }

    package static func summary(
        of change: RecordChange<DHCPReservation>, in snapshot: FleetSnapshot
    ) -> String {
        guard let reservation = change.after else { return "reservation for \(change.key) removed" }
        return "\(reservation.address) reserved for \(change.key)"
    }
}

extension DHCPReservation: DeclaredForm {
    package typealias Record = DHCPReservation
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("reservations", "machine")

    package static func orderedKeys(in snapshot: FleetSnapshot) -> [Identity] {
        snapshot.contents.network.orderedReservations.map(\.key)
    }
}
