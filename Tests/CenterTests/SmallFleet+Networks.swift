import API
import Fleet
import Testing
import Wire

/// The networks of the small fleet.
extension SmallFleet {
    /// The network below, and an interface that is served as it is.
    static func served() throws -> [NetworkAnswer] {
        let server = try #require(IPv4Address("10.77.0.1"))
        return [
            NetworkAnswer(
                name: try NetworkName("school"), interface: "", server: server, network: "10.77.0.0/24",
                pools: ["10.77.0.128-10.77.0.254"], router: nil, size: 127, leased: 0),
            NetworkAnswer(
                interface: "eth1", server: server, network: "10.79.0.0/24",
                pools: ["10.79.0.128-10.79.0.254"], router: server, size: 127, leased: 1),
        ]
    }

    /// A network with a reservation, and a loader rule.
    static func networkRecords() throws -> [FleetEdit] {
        let network = Network(name: try NetworkName("school"), subnet: IPv4Network("10.77.0.0/24"))
        let machine = DHCPReservation.Identity.macAddress(try #require(MACAddress(waiting)))
        let rule = LoaderRule(name: try RuleName("old"), vendorClass: "PXEClient", loader: "snponly.efi")
        let kept = DHCPReservation(machine, try #require(IPv4Address("10.77.0.7")))
        return [
            .network(network.name, network), .reservation(machine, kept), .loaderRule(rule.name, rule),
        ]
    }
}
