import API
import Fleet
import Wire

/// Machines that become nodes, many at once.
extension Acts {
    /// Approves machines in one revision, in their order, with the names of a pattern that are free.
    ///
    /// - Returns: the new nodes, and the revision.
    func approveAll(_ approval: ApprovalsRequest) async throws -> (nodes: [Node], revision: Int) {
        let group = approval.group ?? .site
        try require(.enrol, in: group)
        let pattern = try NameSequence(approval.pattern)
        guard (1...NameSequence.countLimit).contains(approval.machines.count),
            Set(approval.machines).count == approval.machines.count
        else {
            throw Problem(
                422, "Invalid machines",
                "name 1 to \(NameSequence.countLimit) machines, each of them once")
        }
        let machines = approval.machines
        let nodes: @Sendable (FleetSnapshot) throws -> [Node] = { current in
            let names = pattern.names(machines.count) { current.nodes[$0] == nil }
            guard names.count == machines.count else {
                throw StoreError.conflict(
                    "‘\(approval.pattern)’ has \(names.count) free names for \(machines.count) machines: let it go further"
                )
            }
            return zip(names, machines).map { Node(name: $0, group: group, macAddresses: [$1]) }
        }
        let snapshot = try await change(what: "\(counted(machines.count, "machine")) approved in \(group)") {
            current in
            try nodes(current).map { node in
                try LiveFleet.requireNew(node, in: current)
                return .node(node.name, node)
            }
        }
        return (machines.compactMap { snapshot.node(withRecordOf: $0) }, snapshot.revision)
    }
}
