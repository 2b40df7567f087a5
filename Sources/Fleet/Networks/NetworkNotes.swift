import Wire

/// What another configuration of networks would change for machines: lines of a plan.
enum NetworkNotes {
    /// Nodes that are told one by one.
    private static let nodeLimit = 10

    static func lines(from before: FleetSnapshot, to after: FleetSnapshot, on host: ServingHost) -> [String] {
        let (old, new) = (before.contents.network, after.contents.network)
        guard old != new else { return [] }
        let plans = (was: AddressPlan(of: old, on: host), willBe: AddressPlan(of: new, on: host))
        guard let was = plans.was.served, let willBe = plans.willBe.served else { return [] }
        var lines: [String] = []
        if !old.networks.isEmpty, new.networks.isEmpty {
            lines.append("no network is left: each interface is served with its own addresses")
        }
        lines += ended(was, willBe)
        for entry in willBe.entries {
            if let former = was.entries.first(where: { isSame($0, entry) }) {
                lines += differences(from: former.subnet, to: entry.subnet)
            } else {
                let what =
                    entry.subnet.isProxy
                    ? "boot files beside another server's addresses" : "pools \(pools(of: entry.subnet))"
                lines.append("\(place(of: entry)) is served: \(what)")
            }
        }
        lines += plans.willBe.problems(in: after, since: before, plans.was)
        return lines + nodes(of: after, plans.was, plans.willBe)
    }

    /// What was served, and is no longer.
    fileprivate static func ended(_ was: ServedNetworks, _ willBe: ServedNetworks) -> [String] {
        was.entries.filter { entry in !willBe.entries.contains { isSame($0, entry) } }.map {
            "\(place(of: $0)) is no longer served: its machines get no addresses"
        }
    }

    private static func isSame(_ one: ServedNetworks.Entry, _ other: ServedNetworks.Entry) -> Bool {
        one.interface == other.interface && one.subnet.network == other.subnet.network
    }

    private static func place(of entry: ServedNetworks.Entry) -> String {
        "\(entry.subnet.network) \(entry.interface.map { "on \($0)" } ?? "behind relays")"
    }

    private static func pools(of subnet: DHCPSubnet) -> String {
        subnet.pools.isEmpty ? "-" : subnet.pools.map { "\(AddressRange($0))" }.joined(separator: ", ")
    }

    private static func differences(from old: DHCPSubnet, to new: DHCPSubnet) -> [String] {
        zip(fields(of: old), fields(of: new)).filter { $0.1 != $1.1 }.map { former, field in
            "\(new.network): \(field.0) \(former.1) → \(field.1)"
        }
    }

    private static func fields(of subnet: DHCPSubnet) -> [(String, String)] {
        func list(_ values: [some CustomStringConvertible]) -> String {
            values.isEmpty ? "-" : values.map(\.description).joined(separator: ", ")
        }
        let options = subnet.options.sorted { $0.key < $1.key }.map {
            "\($0.key)=0x\(HexadecimalText.text($0.value))"
        }
        return [
            ("server", "\(subnet.server)"), ("pools", pools(of: subnet)),
            ("router", subnet.router.map { "\($0)" } ?? "-"), ("name servers", list(subnet.nameServers)),
            ("time servers", list(subnet.timeServers)),
            ("domain", subnet.domain.isEmpty ? "-" : subnet.domain),
            ("mtu", subnet.mtu.map { "\($0)" } ?? "-"), ("routes", list(subnet.routes)),
            ("lease", subnet.leaseSeconds.map { "\($0) s" } ?? "infinite"), ("options", list(options)),
            ("bootp", subnet.servesBOOTP ? "yes" : "no"), ("proxy", subnet.isProxy ? "yes" : "no"),
        ]
    }

    /// Nodes whose addresses would be good no longer.
    private static func nodes(of snapshot: FleetSnapshot, _ was: AddressPlan, _ willBe: AddressPlan)
        -> [String]
    {
        let lines = snapshot.nodeOrder.compactMap { name -> String? in
            guard let address = snapshot.nodes[name]?.address, let problem = willBe.problem(of: address),
                was.problem(of: address) != problem
            else { return nil }
            return "node \(name): its address \(address) \(problem.text)"
        }
        return lines.count > nodeLimit
            ? lines.prefix(nodeLimit) + ["and \(lines.count - nodeLimit) more nodes"] : lines
    }
}

extension AddressPlan {
    /// What the first record of a network ends: without any, each interface was served with its own addresses.
    ///
    /// - Parameter next: the plan of the networks of `after`.
    package func endedDefaults(
        from before: FleetSnapshot, to after: FleetSnapshot, by next: AddressPlan
    ) -> [String] {
        guard before.contents.network.networks.isEmpty, !after.contents.network.networks.isEmpty,
            let was = served, let willBe = next.served
        else { return [] }
        return NetworkNotes.ended(was, willBe).map { "\($0) (roost network add NAME --interface INTERFACE)" }
    }
}
