import API
import Fleet

/// The whole configuration at one revision.
extension Acts {
    /// - Parameter group: only its nodes and groups, and those below; rules and networks are of the whole site.
    func export(below group: GroupPath? = nil) async throws -> ConfigurationExport {
        try require(.read)
        return try await export(below: group, in: configuration())
    }

    /// - Parameter snapshot: the configuration at the chosen time.
    func export(below group: GroupPath? = nil, in snapshot: FleetSnapshot) throws -> ConfigurationExport {
        try require(.read)
        if let group { try require(.read, in: group) }
        let group = group ?? .site
        guard group == .site || snapshot.groups[group] != nil else {
            throw StoreError.notFound(snapshot.contents.missing(.group(group)) { caller.sees($0) })
        }
        func isShown<Record: FleetRecord>(_ record: Record, at key: Record.Key) -> Bool {
            group.contains(record.place) && sees(record, at: key)
        }
        var export = ConfigurationExport(revision: snapshot.revision)
        export.groups = snapshot.groups.values.filter { isShown($0, at: $0.path) }.sorted {
            $0.path < $1.path
        }
        export.nodes = snapshot.nodeOrder.compactMap { snapshot.nodes[$0] }.filter {
            group.contains($0.group) && sees($0, in: snapshot)
        }
        export.secrets = snapshot.contents.secrets.values.filter { isShown($0, at: $0.name) }
            .sorted { $0.name < $1.name }.map { DeclaredSecret($0, at: $0.name) }
        let terminals = snapshot.contents.terminals
        export.terminalServers = terminals.servers.values.filter { isShown($0, at: $0.name) }
            .sorted { $0.name < $1.name }
        export.pools = terminals.pools.values.filter { isShown($0, at: $0.name) }.sorted { $0.name < $1.name }
        export.schedules = snapshot.contents.schedules.values.filter { isShown($0, at: $0.name) }
            .sorted { $0.name < $1.name }
        guard group == .site else { return export }
        export.imageSettings = snapshot.images.values.sorted { $0.name < $1.name }.flatMap { image in
            ([image.settings] + image.settingsOfVersions.sorted { $0.key < $1.key }.map(\.value))
                .compactMap { $0.map { DeclaredImageSettings($0, at: $0.key) } }
        }
        let images = snapshot.images.values.sorted { $0.name < $1.name }
        export.channels = images.flatMap { image in
            image.channels.sorted { $0.key.text < $1.key.text }.map { name, number in
                DeclaredChannel(channel: ImageLabel(image.name, name), version: number)
            }
        }
        export.keeps = images.compactMap { image in
            image.keep.map { DeclaredKeep(image: image.name, versions: $0) }
        }
        if may(.administer, in: .site) {
            let administrators = snapshot.contents.access.administrators.values
            export.administrators = administrators.sorted { $0.name < $1.name }.map {
                DeclaredAdministrator($0, at: $0.name)
            }
            export.hooks = snapshot.contents.access.namedHooks.values.sorted { $0.name < $1.name }
        }
        export.rules = snapshot.rules.values.sorted { $0.name < $1.name }
        guard may(.read, in: .site) else { return export }
        export.accounts = terminals.accounts.values.sorted { $0.name < $1.name }.map {
            DeclaredAccount($0, at: $0.name)
        }
        let records = snapshot.contents.network
        export.networks = records.networks.values.sorted { $0.name < $1.name }
        export.reservations = records.orderedReservations
        export.loaderRules = records.loaderRules.values.sorted { $0.name < $1.name }
        return export
    }
}
