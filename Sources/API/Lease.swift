package import Fleet
package import Wire

/// An address that a machine has leased.
package struct LeaseAnswer: Codable, Sendable {
    package var address: IPv4Address
    package var holder: String
    package var node: NodeName?
    package var hostName: String
    /// Seconds since 1970; nil: never.
    @SecondTimestamp package var expiresAt: Int?

    package init(_ lease: Lease, snapshot: FleetSnapshot) {
        address = lease.address
        hostName = lease.hostName
        expiresAt = lease.expiresAt == Lease.never ? nil : lease.expiresAt
        switch lease.holder {
        case .macAddress(let mac):
            holder = mac.description
            node = snapshot.node(at: mac)?.name
        case .clientIdentifier(let bytes):
            holder = "id " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        case .foreign: holder = "another machine"
        }
    }
}
