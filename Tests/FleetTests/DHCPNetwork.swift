import Testing
import Wire

@testable import Fleet

/// A DHCP server, machines that talk to it, and a clock.
struct DHCPNetwork {
    var server: DHCPServer
    var snapshot = FleetSnapshot.empty
    var now = 1_000

    /// One subnet, 10.77.0.0/24 on `br0`.
    init(
        pool: String = "10.77.0.100-10.77.0.101", lease: UInt32? = 3_600, servesBOOTP: Bool = false,
        reservations: [DHCPReservation] = []
    ) throws {
        let subnet = try Self.subnet(
            "10.77.0.0/24", pool: pool, lease: lease, servesBOOTP: servesBOOTP)
        self.init([DHCPLink(interface: "br0", subnets: [subnet])], reservations: reservations)
    }

    init(_ links: [DHCPLink], reservations: [DHCPReservation] = []) {
        server = DHCPServer(links: links, reservations: reservations, leases: [])
    }

    /// - Parameter pool: `FIRST-LAST`.
    static func subnet(
        _ network: String, pool: String, lease: UInt32? = 3_600, servesBOOTP: Bool = false
    ) throws -> DHCPSubnet {
        let bounds = pool.split(separator: "-").compactMap { IPv4Address($0) }
        return DHCPSubnet(
            network: try #require(IPv4Network(network)), server: Sample.server,
            pools: [bounds[0]...bounds[1]], leaseSeconds: lease, servesBOOTP: servesBOOTP)
    }

    /// - Parameter type: nil for BOOTP.
    mutating func say(
        _ type: DHCPMessageType?, mac: UInt64 = 0x5254_0012_3456, interface: String? = "br0",
        from source: IPv4Address? = nil, port: UInt16 = DHCPServer.relayPort,
        _ change: (inout DHCPMessage) -> Void = { _ in }
    ) -> DHCPOutcome {
        var message = DHCPMessage(transaction: 7, from: MACAddress(rawValue: mac))
        if let type { message.options.set(.messageType, to: type) }
        change(&message)
        return server.handle(
            message, on: interface, from: source, port: port, now: now, snapshot: snapshot,
            policy: Sample.policy())
    }

    /// DISCOVER and REQUEST; the address, if it was granted.
    mutating func take(
        mac: UInt64 = 0x5254_0012_3456, clientIdentifier: [UInt8]? = nil, interface: String? = "br0",
        relay: String? = nil, agent: [UInt8]? = nil
    ) -> IPv4Address? {
        func address(_ message: inout DHCPMessage) {
            message.options[61] = clientIdentifier
            message.options[82] = agent
            if let relay, let relay = IPv4Address(relay) { message.relay = relay }
        }
        guard let offer = say(.discover, mac: mac, interface: interface, address).reply?.message
        else { return nil }
        let ack = say(.request, mac: mac, interface: interface) {
            address(&$0)
            $0.options.set(.requestedAddress, to: offer.yourAddress)
            $0.options.copy(54, from: offer.options)
        }
        guard (try? ack.reply?.message.options.value(of: .messageType)) == .ack, ack.lease != nil else {
            return nil
        }
        return ack.reply?.message.yourAddress
    }
}
