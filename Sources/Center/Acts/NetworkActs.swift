import API
import Fleet
import Wire

/// Networks, reservations and loader rules: of the whole site.
extension Acts {
    /// The networks that are served with what is leased, then those that this server cannot serve.
    func networks() async throws -> [NetworkAnswer] {
        try require(.read)
        let records = fleet.snapshot.contents.network
        let idle = (fleet.addressPlan.served?.idle ?? [:]).sorted { $0.key < $1.key }
        let server = await services.policy().server
        return await services.networks()
            + idle.compactMap { name, reason in
                guard let network = records.networks[name] else { return nil }
                return NetworkAnswer(
                    name: name, interface: network.interface ?? "", server: network.server ?? server,
                    network: network.subnet?.description ?? "",
                    pools: network.pools?.map(\.description) ?? [], router: network.router, size: 0,
                    leased: 0, problem: reason)
            }
    }

    /// One page of them: those with each word of `query` in name, interface or subnet.
    func networks(fitting query: String, offset: Int, limit: Int) async throws -> Page<NetworkAnswer> {
        let words = try SearchWords(query)
        let fitting = try await networks().filter { network in
            let text = "\(network.name?.text ?? "") \(network.interface) \(network.network)".lowercased()
            return words.areIn(text)
        }
        return Page(fitting, offset: offset, limit: limit)
    }

    /// What a record of the interface as it is served now would say; nil where the interface has one.
    func network(of interface: String, named name: NetworkName) throws -> Network? {
        try require(.configure, in: .site)
        guard fleet.snapshot.contents.network.networks.isEmpty,
            let served = fleet.host?.interfaces.first(where: { $0.name == interface })
        else { return nil }
        return ServedNetworks.network(of: served, named: name)
    }

    /// Throws unless the caller may change networks: asked before a form is read.
    func requireChangingNetworks() throws { try require(.configure, in: .site) }

    /// Throws where a form is for another state of a network than there is now.
    ///
    /// - Returns: the revision that this is true of.
    func requireState(of name: NetworkName, isNew: Bool, tag: String) throws -> Int {
        try require(.configure, in: .site)
        return try requireState(of: Network.self, at: name, isNew: isNew, tag: tag)
    }

    /// The plan with a note of the machines that would lose their addresses at their next renewal, where it changes networks.
    func notingLeases(_ planned: PlannedChange) async throws -> PlannedChange {
        try require(.read)
        guard planned.plan.notes != nil, let host = fleet.host else { return planned }
        let snapshot = fleet.snapshot
        let after = try snapshot.applying(
            Edits.of(planned.change, in: snapshot), revision: snapshot.revision, within: fleet.addressPlan)
        let (was, willBe) = (
            ServedNetworks(snapshot.contents.network, on: host),
            ServedNetworks(after.contents.network, on: host)
        )
        let count = await services.leases().count { lease in
            lease.expiresAt > Clock.second && was.gives(lease.address)
                && !willBe.gives(lease.address) && !after.hasReserved(lease.address)
        }
        guard count > 0 else { return planned }
        var planned = planned
        planned.plan.notes?.append(
            "\(counted(count, "lease")) would be in no pool: these machines get other addresses when they renew, and nodes that run lose their roots"
        )
        return planned
    }

    /// The reservations that fit `query`, in the order of their addresses.
    func reservations(_ query: String, offset: Int, limit: Int) async throws -> Page<DHCPReservation> {
        try require(.read, in: .site)
        let search = try ReservationSearch(query)
        let fitting = try await configuration().contents.network.orderedReservations.filter(search.fits)
        return Page(fitting, offset: offset, limit: limit)
    }

    /// In the order in which they are tried.
    func loaderRules() async throws -> [LoaderRule] {
        try require(.read)
        return try await configuration().contents.network.orderedLoaderRules
    }

    /// Makes a change, and says what is wrong with the networks since then, and what does not follow nodes that it renames: for callers
    /// who have not looked at a plan.
    func makeNoting(_ change: ChangeRequest, ifMatch wanted: String? = nil) async throws -> RevisionAnswer {
        let (before, plan) = (fleet.snapshot, fleet.addressPlan)
        let after = try await saved(change, ifMatch: wanted)
        var warnings = before.leavings(of: (try? Edits.of(change, in: before)) ?? [], to: after)
        if before.contents.network != after.contents.network {
            let next = plan.following(after.contents)
            warnings +=
                plan.endedDefaults(from: before, to: after, by: next)
                + next.problems(in: after, since: before, plan)
        }
        return RevisionAnswer(revision: after.revision, warnings: warnings.isEmpty ? nil : warnings)
    }

    // MARK: One record

    /// A record that is in no group, with its state for `If-Match`.
    ///
    /// - Parameter place: where it has to be readable; nil: somewhere.
    func siteRecord<Record: FleetRecord>(
        _: Record.Type = Record.self, at key: Record.Key, readableIn place: GroupPath? = nil
    ) async throws -> Saved<Record> {
        if let place { try require(.read, in: place) } else { try require(.read) }
        let snapshot = try await configuration()
        return try Saved(Self.stored(Record.self, key, in: snapshot), in: snapshot)
    }

    /// Saves a record as it is given, whether it is new or not.
    func save<Record: ListedRecord>(_ record: Record, at key: Record.Key, if expected: Precondition)
        async throws
        -> Saved<Record>
    {
        let snapshot = try await change { _ in
            [FleetEdit(key, record)]
        } check: { current in
            try record.requireName(key)
            try expected.check(Record.record(at: key, in: current.contents), at: key)
        }
        return try Saved(Self.stored(Record.self, key, in: snapshot), in: snapshot)
    }

    /// Changes of a record what `patch` names.
    func patch<Record: ListedRecord>(
        _: Record.Type, at key: Record.Key, _ patch: MergePatch, if expected: Precondition
    ) async throws -> Saved<Record> {
        // Before anything else: what is there to be changed is not for those who may not change it.
        try require(.configure, in: .site)
        let snapshot = try await change { current in
            let stored = try Self.stored(Record.self, key, in: current)
            try expected.check(stored, at: key)
            return [FleetEdit(key, try patch.applied(to: stored, named: key))]
        }
        return try Saved(Self.stored(Record.self, key, in: snapshot), in: snapshot)
    }

    func remove<Record: FleetRecord>(_: Record.Type, at key: Record.Key, if expected: Precondition)
        async throws
    {
        _ = try await change { _ in
            [FleetEdit(key, nil as Record?)]
        } check: { current in
            try expected.check(Record.record(at: key, in: current.contents), at: key)
        }
    }

    private static func stored<Record: FleetRecord>(
        _: Record.Type, _ key: Record.Key, in snapshot: FleetSnapshot
    ) throws -> Record {
        guard let record = Record.record(at: key, in: snapshot.contents) else {
            throw StoreError.notFound(
                Record.missing(key, among: Record.keys(in: snapshot.contents)))
        }
        return record
    }
}
