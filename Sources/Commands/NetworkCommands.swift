import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost network …`
struct NetworkCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Networks in which this server gives machines their addresses.",
        discussion: """
            roost network add school --interface eth1 --pool 10.77.0.100-10.77.0.200 --router 10.77.0.254
            roost network add annex --subnet 10.78.0.0/22 --router 10.78.0.1
            Without any network each interface is served as it is, with the upper half of its addresses as pool. \
            A change takes effect at once; leased addresses stay leased.
            """,
        subcommands: [
            NetworkList.self, NetworkShow.self, NetworkAdd.self, NetworkSet.self, NetworkRemove.self,
            ReservationList.self, ReservationAdd.self, ReservationRemove.self,
        ])
}

struct NetworkList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List networks with what is leased of their pools.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            let all = try await server.client.all("networks", "", of: NetworkAnswer.self)
            try output.write(all) { networks in
                var table = TextTable(["NETWORK", "INTERFACE", "SUBNET", "POOLS", "ROUTER", "LEASED"])
                for network in networks {
                    table.add([
                        network.name?.text ?? "(as the interface is)",
                        network.interface.isEmpty ? "(relay)" : network.interface, network.network,
                        network.pools.isEmpty ? "-" : network.pools.joined(separator: " "),
                        network.router?.description ?? "-",
                        network.problem.map { "not served: \($0)" }
                            ?? (network.isProxy
                                ? "(another server's addresses)" : "\(network.leased) of \(network.size)"),
                    ])
                }
                return table.text
            }
        }
    }
}

struct NetworkShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the fields of a network.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The network's name.", completion: .networks) var name: String

    func run() async throws {
        try await reportingFailure {
            let network = try await server.client.network(name)
            try output.write(network) { FieldList.text($0.lines) }
        }
    }
}

extension Network {
    /// Each field with its value, for people.
    fileprivate var lines: [(String, String)] {
        func list(_ values: [some CustomStringConvertible], otherwise: String = "-") -> String {
            values.isEmpty ? otherwise : values.map(\.description).joined(separator: ", ")
        }
        let options = options.texts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            ("network", name.text), ("interface", interface ?? "- (behind relays)"),
            ("subnet", subnet?.description ?? "(the interface's)"),
            ("server", server?.description ?? "(the interface's)"),
            ("pools", pools.map { list($0) } ?? "(the upper half)"), ("router", router?.description ?? "-"),
            ("name servers", list(nameServers)), ("time servers", list(timeServers)),
            ("domain", domain.map { $0.isEmpty ? "(none)" : $0 } ?? "(the server's)"),
            ("mtu", mtu?.description ?? "-"),
            ("routes", list(routes)), ("lease", lease.description), ("bootp", servesBOOTP ? "yes" : "no"),
            ("proxy", isProxy ? "yes" : "no"),
            ("options", list(options)),
        ]
    }
}

extension APIClient {
    fileprivate func network(_ name: String) async throws -> Network {
        try await get("networks/\(Self.escaped(name))")
    }
}

/// What a network may say.
struct NetworkFields: ParsableArguments {
    @Option(help: "The interface that it is on; without one, it is reached through relays.") var interface:
        String?
    @Option(help: "The subnet, such as 10.77.0.0/24 (default: the interface's).") var subnet: String?
    @Option(
        name: .customLong("own-address"),
        help: "This server's address as machines reach it (default: the interface's).") var ownAddress:
        String?
    @Option(
        name: .customLong("pool"),
        help:
            "Addresses to give: 10.77.0.100-10.77.0.200 (default: the upper half); may be given several times, or ‘none’."
    )
    var pools: [String] = []
    @Option(help: "The default router that machines are told.") var router: String?
    @Option(name: .customLong("name-server"), help: "A name server; may be given several times.")
    var nameServers: [String] =
        []
    @Option(name: .customLong("time-server"), help: "A time server; may be given several times.")
    var timeServers: [String] =
        []
    @Option(help: "The domain of its machines (default: the server's).") var domain: String?
    @Option(help: "The largest packet, 576 to 9216.") var mtu: UInt16?
    @Option(name: .customLong("route"), help: "'192.168.0.0/16 via 10.77.0.253'; may be given several times.")
    var routes: [String] = []
    @Option(help: "How long an address is leased: 90s, 30m, 12h, 7d or infinite.") var lease: String?
    @Option(
        name: .customLong("option"),
        help: "A further DHCP option, NUMBER=VALUE (bytes as 0x…); may be given several times.")
    var options: [String] = []
    @Flag(inversion: .prefixedNo, help: "Whether BOOTP machines that are not nodes get addresses.") var bootp:
        Bool?
    @Flag(
        inversion: .prefixedNo,
        help: "Whether another server gives the addresses, and this one only boot files (ProxyDHCP).")
    var proxy: Bool?
    @Option(
        help: ArgumentHelp(
            "Clear a field, such as router or pool; may be given several times.", valueName: "field"))
    var clear: [String] = []

    /// The network with what was said here.
    func applied(to network: Network) throws -> Network {
        var network = network
        for field in clear { try Self.clear(field, of: &network) }
        network.interface = interface ?? network.interface
        network.subnet =
            try parsed("subnet", subnet, "a network such as 10.77.0.0/24") { IPv4Network($0) }
            ?? network.subnet
        network.server = try address("own-address", ownAddress) ?? network.server
        if pools == ["none"] {
            network.pools = []
        } else if !pools.isEmpty {
            network.pools = try pools.compactMap {
                try parsed("pool", $0, AddressRange.form) { AddressRange($0) }
            }
        }
        network.router = try address("router", router) ?? network.router
        if !nameServers.isEmpty {
            network.nameServers = try nameServers.compactMap { try address("name-server", $0) }
        }
        if !timeServers.isEmpty {
            network.timeServers = try timeServers.compactMap { try address("time-server", $0) }
        }
        network.domain = domain ?? network.domain
        network.mtu = mtu ?? network.mtu
        if !routes.isEmpty {
            network.routes = try routes.compactMap {
                try parsed("route", $0, "NETWORK via ROUTER") { ClasslessRoute($0) }
            }
        }
        network.lease = try parsed("lease", lease, LeaseTime.form) { LeaseTime($0) } ?? network.lease
        if !options.isEmpty {
            var texts = Dictionary(
                uniqueKeysWithValues: network.options.texts.map { ("\($0.key)", $0.value) })
            for option in options {
                let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw ValidationError("--option: ‘\(option)’ is not NUMBER=VALUE")
                }
                texts[parts[0]] = parts[1]
            }
            network.options = try NetworkOptions(texts)
        }
        network.servesBOOTP = bootp ?? network.servesBOOTP
        network.isProxy = proxy ?? network.isProxy
        return network
    }

    private func address(_ name: String, _ text: String?) throws -> IPv4Address? {
        try parsed(name, text, "an IPv4 address") { IPv4Address($0) }
    }

    private func parsed<Value>(
        _ name: String, _ text: String?, _ expected: String, _ parse: (String) -> Value?
    ) throws -> Value? {
        try text.map { text in
            guard let value = parse(text) else {
                throw ValidationError("--\(name): ‘\(text)’ is not \(expected)")
            }
            return value
        }
    }

    private static func clear(_ field: String, of network: inout Network) throws {
        switch field {
        case "interface": network.interface = nil
        case "subnet": network.subnet = nil
        case "own-address", "server": network.server = nil
        case "pool", "pools": network.pools = nil
        case "router": network.router = nil
        case "name-server", "name-servers": network.nameServers = []
        case "time-server", "time-servers": network.timeServers = []
        case "domain": network.domain = nil
        case "mtu": network.mtu = nil
        case "route", "routes": network.routes = []
        case "lease": network.lease = .standard
        case "option", "options": network.options = NetworkOptions()
        default:
            throw ValidationError(
                "--clear: ‘\(field)’ is not one of interface, subnet, own-address, pool, router, name-server, time-server, domain, mtu, route, lease, option"
            )
        }
    }
}

struct NetworkAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a network.",
        discussion: "What is left out is taken from the interface.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its name.") var name: String
    @OptionGroup var fields: NetworkFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let network = try fields.applied(to: Network(name: NetworkName(name)))
            try await server.client.make(.init(.network(network.name, network), isNew: true), asPlan: plan)
        }
    }
}

struct NetworkSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a network.",
        discussion: """
            roost network set school --pool 10.77.0.100-10.77.0.250 --lease 2h
            Lists are replaced as a whole; --clear empties a field.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "The network's name.", completion: .networks) var name: String
    @OptionGroup var fields: NetworkFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let before = try await client.network(name)
            let network = try fields.applied(to: before)
            guard !plan else {
                return try await client.make(.init(.network(network.name, network)), asPlan: true)
            }
            try await client.send(
                .PATCH, "networks/\(APIClient.escaped(name))", body: try network.patch(since: before))
        }
    }
}

struct NetworkRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a network.",
        discussion: "When the last one is gone, each interface is served as it is.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The network's name.", completion: .networks) var name: String
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(.init(.network(try NetworkName(name), nil)), asPlan: plan)
        }
    }
}

// MARK: Reservations

struct ReservationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reservations", abstract: "List reserved addresses.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            let all = try await server.client.all("reservations", "", of: DHCPReservation.self)
            try output.write(all) {
                var table = TextTable(["ADDRESS", "MACHINE"])
                for reservation in $0 {
                    table.add([reservation.address.description, reservation.identity.description])
                }
                return table.text
            }
        }
    }
}

struct ReservationAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Reserve an address for a machine that is not a node.",
        discussion: "A node has its own address: roost node set NODE --address …")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Hardware address, UUID, or client:BYTES in hexadecimal.") var machine: String
    @Argument(help: "The address.") var address: String
    @Flag(help: "Replace the machine's reservation.") var replace = false
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            guard let address = IPv4Address(address) else {
                throw ValidationError("‘\(address)’ is not an IPv4 address")
            }
            let reservation = DHCPReservation(try DHCPReservation.Identity(recordKey: machine), address)
            try await server.client.make(
                .init(.reservation(reservation.identity, reservation), isNew: !replace), asPlan: plan)
        }
    }
}

struct ReservationRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unreserve", abstract: "Remove a reservation.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Hardware address, UUID, or client:BYTES in hexadecimal.") var machine: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(
                .init(.reservation(try DHCPReservation.Identity(recordKey: machine), nil)))
        }
    }
}
