import Fleet
import Foundation
import Logging

/// Networks, reservations and loader rules of a configuration file from before they were records: they are taken over once.
///
/// The history tells whether that has happened: a fleet that ever had such a record, or has taken the import back, is not asked again.
struct NetworkImport {
    /// Who makes the revision.
    static let author = "roost.yaml"
    private static let kinds = [Network.kind, DHCPReservation.kind, LoaderRule.kind]

    let former: FormerNetworks
    let store: any FleetStore
    let host: ServingHost

    /// Takes them over where that has not happened, and says in the log what counts from now on.
    func run() async throws {
        guard !former.keys.isEmpty else { return }
        if let number = try await lastRevision(by: nil) {
            try await warn(knowing: number)
        } else {
            try await take()
        }
    }

    /// Says what a running server does with such keys: nothing.
    func warn() async throws {
        guard !former.keys.isEmpty else { return }
        if let number = try await lastRevision(by: nil) { return try await warn(knowing: number) }
        ServerLog.logger.warning(
            "import: \(keys) of the configuration file have no effect while the server runs: they are imported at its next start, unless networks are added before (page Networks, or roost network)"
        )
    }

    private var keys: String { former.keys.joined(separator: ", ") }

    /// What a person has to do before the keys can go.
    private var advice: String {
        former.interfaces.isEmpty
            ? "they can be removed from the file"
            : "they can be removed from the file once it has ‘interfaces: [\(former.interfaces.joined(separator: ", "))]’"
    }

    private func take() async throws {
        let snapshot = try await store.snapshot()
        for line in former.leftOut { ServerLog.logger.warning("import: \(line)") }
        let edits = self.edits(in: snapshot)
        guard !edits.isEmpty else { return }
        let change: CheckedChange
        do {
            change = try snapshot.checking(
                edits, within: AddressPlan(of: snapshot.contents.network, on: host))
        } catch { throw InvalidSetting("dhcp: \(error)") }
        let parts = Self.kinds.compactMap { kind -> String? in
            let count = edits.count { $0.type.kind == kind }
            let noun = kind.replacing("-", with: " ")
            return count == 0 ? nil : "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        let what = "\(parts.joined(separator: ", ")) imported from the configuration file"
        guard let number = try await store.apply(change, by: Self.author, what: what) else {
            throw StoreError.conflict("another program changed the store during the import of networks")
        }
        ServerLog.logger.notice(
            "import: \(keys) of the configuration file: \(parts.joined(separator: ", ")) imported as revision \(number). These keys have no effect any more: change networks on the page Networks, or with roost network and roost loader-rule; \(advice)"
        )
    }

    /// Without reservations that were never in effect: a node has the address.
    private func edits(in snapshot: FleetSnapshot) -> [FleetEdit] {
        let records = former.records
        let owners = Dictionary(
            snapshot.nodes.values.compactMap { node in node.address.map { ($0, node) } }
        ) { first, _ in first }
        let reservations = records.orderedReservations.filter { reservation in
            guard let node = owners[reservation.address], !reservation.identity.isMachine(of: node) else {
                return true
            }
            ServerLog.logger.warning(
                "import: \(reservation.address) is not reserved for \(reservation.identity): it is the address of node \(node.name)"
            )
            return false
        }
        var edits = records.networks.sorted { $0.key < $1.key }.map { FleetEdit.network($0.key, $0.value) }
        edits += reservations.map { FleetEdit.reservation($0.identity, $0) }
        edits += records.orderedLoaderRules.map { FleetEdit.loaderRule($0.name, $0) }
        return edits
    }

    // MARK: Afterwards

    private func lastRevision(by who: String?) async throws -> Int? {
        var last: Int?
        for kind in Self.kinds {
            let filter = RevisionFilter(kind: kind, who: who, limit: 1)
            last = max(last ?? 0, try await store.revisions(filter).first?.number ?? 0)
        }
        return last.flatMap { $0 > 0 ? $0 : nil }
    }

    private func warn(knowing number: Int) async throws {
        var text =
            "\(keys) of the configuration file have no effect any more: networks are records of the fleet"
        if let imported = try await lastRevision(by: Self.author) {
            text += ", imported as revision \(imported)"
            let others = try differences(from: try await store.revision(imported))
            if !others.isEmpty {
                text += ". The file differs from what was imported: \(others.joined(separator: ", "))"
            }
        } else {
            text += " since revision \(number), and the file was not imported"
        }
        ServerLog.logger.warning(
            "import: \(text). Change networks on the page Networks, or with roost network and roost loader-rule; \(advice)"
        )
    }

    /// The records that the file has otherwise, as `network eth1`.
    private func differences(from revision: Revision) throws -> [String] {
        // More are not shown.
        guard revision.edits.count < Revision.editLimit else { return [] }
        let (decoder, records) = (JSONDecoder(), former.records)
        var taken = NetworkRecords()
        for edit in revision.edits {
            guard let json = edit.after.map({ Data($0.utf8) }) else { continue }
            switch edit.kind {
            case Network.kind:
                let network = try decoder.decode(Network.self, from: json)
                taken.networks[network.name] = network
            case DHCPReservation.kind:
                let reservation = try decoder.decode(DHCPReservation.self, from: json)
                taken.reservations[reservation.identity] = reservation
            default:
                let rule = try decoder.decode(LoaderRule.self, from: json)
                taken.loaderRules[rule.name] = rule
            }
        }
        func others<Key: Hashable & CustomStringConvertible, Value: Equatable>(
            _ kind: String, _ one: [Key: Value], _ other: [Key: Value]
        ) -> [String] {
            Swift.Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }
                .map { "\(kind) \($0)" }.sorted()
        }
        return others(Network.kind, records.networks, taken.networks)
            + others(DHCPReservation.kind, records.reservations, taken.reservations)
            + others("loader rule", records.loaderRules, taken.loaderRules)
    }
}
