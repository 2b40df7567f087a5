package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func bind(_ tpms: [BoundTPM]) async throws(StoreError) -> [BoundTPM] {
        guard !tpms.isEmpty else { return [] }
        return try await write(.tpms) { database in
            try tpms.filter { tpm in
                // What people have decided meanwhile counts, and a node that is gone is bound to nothing.
                guard try Self.record(Node.kind, tpm.node.text, in: database) != nil,
                    try Self.record(BoundTPM.kind, tpm.node.text, in: database) == nil
                else { return false }
                return try make(.tpm(tpm.node, tpm), in: database) != nil
            }
        }
    }
}
