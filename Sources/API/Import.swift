package import Fleet

/// The result, or the preview, of importing a list of nodes.
package struct ImportAnswer: Codable, Sendable {
    package var rows: [NodeImport.Row]
    /// Groups that are created for them.
    package var groups: [GroupPath]
    /// Column titles that were not recognised.
    package var unusedColumns: [String]
    /// How the bytes were read as text.
    package var encoding: TextEncoding
    /// The changes of all accepted rows, with inherited settings; nil when nothing would change.
    package var plan: ChangePlan?
    /// Nil while nothing is saved.
    package var revision: Int?

    package init(
        rows: [NodeImport.Row], groups: [GroupPath], unusedColumns: [String], encoding: TextEncoding,
        plan: ChangePlan? = nil, revision: Int? = nil
    ) {
        self.rows = rows
        self.groups = groups
        self.unusedColumns = unusedColumns
        self.encoding = encoding
        self.plan = plan
        self.revision = revision
    }

    /// `2 nodes added, 1 changed, 3 as they were`.
    package var summary: String {
        func count(_ fate: NodeImport.Fate) -> Int { rows.count { $0.fate == fate } }
        return [
            count(.added) > 0 ? "\(counted(count(.added), "node")) added" : nil,
            count(.changed) > 0 ? "\(counted(count(.changed), "node")) changed" : nil,
            count(.unchanged) > 0 ? "\(count(.unchanged)) as before" : nil,
            count(.refused) > 0 ? "\(counted(count(.refused), "row")) refused" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
