import Wire

extension FleetSnapshot {
    /// Reservations that never count where they are served: the node of their machine has another address of its own on the same wire.
    func idleReservations(in served: ServedNetworks) -> [DHCPSettingsProblem] {
        guard !served.reservations.isEmpty else { return [] }
        let links = served.links
        return served.reservations.compactMap { reservation in
            guard let node = node(of: reservation.identity), let own = node.address,
                own != reservation.address,
                links.contains(where: { $0.holds(own) && $0.holds(reservation.address) })
            else { return nil }
            return DHCPSettingsProblem(
                "reservation for \(reservation.identity): \(reservation.address) is not given, because node \(node.name) has the address \(own)",
                isFatal: false, fix: "roost network unreserve \(reservation.identity)")
        }
    }

    private func node(of machine: DHCPReservation.Identity) -> Node? {
        switch machine {
        case .macAddress(let mac): configuration.node(withRecordOf: mac)
        case .uuid(let uuid): configuration.node(with: uuid)
        case .clientIdentifier: nil
        }
    }
}

extension DHCPLink {
    fileprivate func holds(_ address: IPv4Address) -> Bool {
        subnets.contains { $0.network.contains(address) }
    }
}

extension AddressPlan {
    /// What is wrong with the networks of `snapshot`, of which the plan is, and with reservations beside its nodes.
    package func problems(in snapshot: FleetSnapshot) -> [DHCPSettingsProblem] {
        guard let served else { return [] }
        return served.problems + snapshot.idleReservations(in: served)
    }

    /// Those that were not there before, in `before`, as lines.
    package func problems(in snapshot: FleetSnapshot, since before: FleetSnapshot, _ former: Self) -> [String]
    {
        let known = Set(former.problems(in: before))
        return problems(in: snapshot).filter { !known.contains($0) }.map(\.line)
    }
}

extension DHCPSettingsProblem {
    /// With what to do about it.
    package var line: String { description + (fix.map { " (\($0))" } ?? "") }
}
