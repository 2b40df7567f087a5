/// What the configuration says of networks: which are served, which addresses are kept for machines, who gets which loader first.
package struct NetworkRecords: Equatable, Sendable {
    package var networks: [NetworkName: Network] = [:]
    package var reservations: [DHCPReservation.Identity: DHCPReservation] = [:]
    package var loaderRules: [RuleName: LoaderRule] = [:]

    package init() {}

    /// In the order in which they are tried: the highest priority first.
    package var orderedLoaderRules: [LoaderRule] {
        loaderRules.values.sorted { ($1.priority, $0.name) < ($0.priority, $1.name) }
    }

    /// In the order of their addresses.
    package var orderedReservations: [DHCPReservation] {
        reservations.values.sorted { $0.address < $1.address }
    }

    /// Throws where they contradict each other or the host, and `before` did not do so.
    ///
    /// - Parameter plan: that of these records.
    static func check(_ records: Self, since before: Self, within plan: AddressPlan) throws {
        let host = plan.host ?? .unknown
        let fatal = (plan.served ?? ServedNetworks(records, on: host)).problems.filter(\.isFatal)
        guard !fatal.isEmpty else { return }
        let known = Set(ServedNetworks(before, on: host).problems)
        if let problem = fatal.first(where: { !known.contains($0) }) {
            throw InvalidSetting(problem.sentence)
        }
    }
}
