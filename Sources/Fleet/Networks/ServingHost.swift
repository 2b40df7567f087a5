package import Wire

/// What networks meet on a host: its interfaces, and what its own configuration file says.
package struct ServingHost: Equatable, Sendable {
    /// An interface that is served.
    package struct Interface: Equatable, Sendable {
        package var name: String
        /// With the networks that they are in; at least one.
        package var addresses: [(address: IPv4Address, network: IPv4Network)]

        package init(name: String, addresses: [(address: IPv4Address, network: IPv4Network)]) {
            self.name = name
            self.addresses = addresses
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.addresses.elementsEqual(right.addresses, by: ==)
        }
    }

    /// In the order of the settings.
    package var interfaces: [Interface]
    /// Those that were removed since the server started. Its sockets stay with what was removed, also when there is one of that name again.
    package var removedInterfaces: Set<String>
    /// Every address of the host, on whatever interface.
    package var own: Set<IPv4Address>
    package var domain: String
    /// Whether this server gives addresses: then a fixed one has to lie in a network that it serves.
    package var givesAddresses: Bool
    /// Whether it forwards packets between its networks.
    package var forwards: Bool
    /// Loader files that are there; nil: it is not known.
    package var loaders: Set<String>?

    package init(
        interfaces: [Interface], own: Set<IPv4Address> = [], domain: String = "",
        givesAddresses: Bool = true, forwards: Bool = false, loaders: Set<String>? = nil,
        removedInterfaces: Set<String> = []
    ) {
        self.interfaces = interfaces
        self.removedInterfaces = removedInterfaces
        self.own = own
        self.domain = domain
        self.givesAddresses = givesAddresses
        self.forwards = forwards
        self.loaders = loaders
    }

    /// Nothing is known of it: networks are compared with each other only.
    static let unknown = ServingHost(interfaces: [], givesAddresses: false)

    func interface(_ name: String) -> Interface? { interfaces.first { $0.name == name } }

    /// Throws if the server does not serve a network's interface.
    func requireServed(_ name: String) throws {
        guard interface(name) == nil else { return }
        let served = interfaces.map(\.name).joined(separator: ", ")
        throw InvalidSetting(
            "interface: this server does not serve on ‘\(name)’ (only on \(served)): add it to ‘interfaces’ in roost.yaml and restart, or leave the interface out for a network behind a relay"
        )
    }
}
