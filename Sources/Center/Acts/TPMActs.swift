import API
import Fleet

/// The TPMs that nodes are bound to.
extension Acts {
    /// What a node is bound to, and what was refused.
    func tpm(of text: String) async throws -> NodeTPMAnswer {
        let answer = try await node(text, bootLimit: 1)
        return answer.tpm ?? NodeTPMAnswer(bound: nil, refused: nil, use: TPMUse.ignore.rawValue)
    }

    /// Binds a node to the TPM that was refused last, if that is the one that is meant.
    func acceptTPM(of text: String, _ wish: AcceptTPMRequest) async throws -> NodeTPMAnswer {
        let node = try caller.permitted(
            try? Self.find(text, in: fleet.snapshot), named: text, .configure, in: fleet.snapshot)
        guard let shown = fleet.refusedTPM(of: node)?.tpm else {
            throw StoreError.conflict(
                "node \(node.name) has shown no TPM that was refused; to bind it to the one that it shows next: roost node tpm \(node.name) --forget"
            )
        }
        guard [shown.short, shown.attestation].contains(wish.tpm) else {
            throw StoreError.conflict(
                "the TPM that was refused last is \(shown.short): look at the node again")
        }
        _ = try await change { _ in
            [.tpm(node.name, BoundTPM(node: node.name, tpm: shown, boundAt: Clock.second))]
        }
        try await fleet.forgetRefusedTPM(of: node)
        return try await tpm(of: node.name.text)
    }

    /// Its next boot binds it to the TPM that it shows then; without one it is bound to none.
    func forgetTPM(of text: String) async throws {
        let node = try caller.permitted(
            try? Self.find(text, in: fleet.snapshot), named: text, .configure, in: fleet.snapshot)
        _ = try await change { _ in [.tpm(node.name, nil)] }
        try await fleet.forgetRefusedTPM(of: node)
    }

    /// - Parameter stored: nil: a machine that is no node, which is bound to nothing.
    func answer(ofTPM stored: Node?, in snapshot: FleetSnapshot) -> NodeTPMAnswer? {
        stored.map { node in
            NodeTPMAnswer(
                bound: snapshot.tpm(of: node.name), refused: at == nil ? fleet.refusedTPM(of: node) : nil,
                use: (snapshot.settings(of: node)[Settings.tpm] ?? .use).rawValue)
        }
    }
}
