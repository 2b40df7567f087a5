package import Wire

/// The TPM that a node is bound to: its configuration goes to that one alone.
///
/// The first one that a node proves is kept without a revision, like volumes; people accept others, and forget them.
package struct BoundTPM: Equatable, Sendable, Codable {
    package var node: NodeName
    package var tpm: TPMIdentity
    /// Seconds since 1970.
    @SecondTimestamp package var boundAt: Int

    package init(node: NodeName, tpm: TPMIdentity, boundAt: Int) {
        self.node = node
        self.tpm = tpm
        self.boundAt = boundAt
    }
}

extension FleetEdit {
    /// - Parameter tpm: nil: its next boot binds it to the TPM that it shows then.
    package static func tpm(_ node: NodeName, _ tpm: BoundTPM?) -> Self { Self(node, tpm) }
}

extension BoundTPM: NodeOwnedRecord {
    package static let kind = "tpm"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [NodeName: Self]> { \.tpms }

    package static func missing(_ key: NodeName) -> Sentence { "node \(key) is bound to no TPM" }

    package static func summary(of change: RecordChange<BoundTPM>, in snapshot: FleetSnapshot) -> String {
        guard let after = change.after else { return "TPM of \(change.key) forgotten" }
        return "TPM \(after.tpm.short) of \(change.key) accepted"
    }
}

extension FleetSnapshot {
    /// The TPM that a node is bound to.
    package func tpm(of node: NodeName) -> BoundTPM? {
        observations.tpms[node] ?? configuration.contents.tpms[node]
    }

    /// All of them in their present state.
    var tpms: [NodeName: BoundTPM] {
        if observations.tpms.isEmpty { return contents.tpms }
        var tpms = contents.tpms
        for (node, tpm) in observations.tpms { tpms[node] = tpm }
        return tpms
    }

    /// What else goes when edits remove nodes: the TPMs that these are bound to.
    func losses(by edits: [FleetEdit]) -> [FleetEdit] {
        var names = edits.compactMap { $0.of(Node.self) }.filter { $0.after == nil }.map(\.key)
        // What is added again in the same change stays what it was.
        let stays = Set(edits.compactMap { $0.of(Node.self) }.filter { $0.after != nil }.map(\.key))
        let named = Set(edits.compactMap { $0.of(BoundTPM.self)?.key })
        names.removeAll { tpm(of: $0) == nil || stays.contains($0) || named.contains($0) }
        return names.map { .tpm($0, nil) }
    }
}
