/// A noun with a record for each node that has one, which goes with its node.
package protocol NodeOwnedRecord: TableRecord where Key == NodeName {}

extension NodeOwnedRecord {
    package static func check(_ key: NodeName, in contents: FleetSnapshot.Contents) throws {
        guard record(at: key, in: contents) != nil, contents.nodes[key] == nil else { return }
        throw StoreError.notFound(Node.missing(key))
    }

    package static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath] {
        // With a node that comes back by undo, the node's own edit names the place.
        snapshot.nodes[change.key].map { [$0.group] } ?? []
    }

    package static func reach(of change: RecordChange<Self>) -> EditReach { .node(change.key) }
}
