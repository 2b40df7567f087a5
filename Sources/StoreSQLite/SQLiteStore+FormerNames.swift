import Fleet
import GRDB

/// The history of nodes that had other names.
extension SQLiteStore {
    /// A key of one record, up to the revision that gave it another one.
    struct FormerName {
        var key: String
        var last: Int
    }

    /// Names that are followed back.
    private static let nameLimit = 20

    /// `key` and the names before it, newest first; for all but nodes `key` alone.
    func formerNames(of key: String, kind: String, in database: Database) throws -> [FormerName] {
        var names = [FormerName(key: key, last: .max)]
        guard kind == Node.kind else { return names }
        while names.count < Self.nameLimit, let name = names.last,
            let former = try formerName(of: name, in: database)
        {
            names.append(former)
        }
        return names
    }

    /// The name that the node had before the revision which gave it this one; nil where it came into being with it.
    private func formerName(of name: FormerName, in database: Database) throws -> FormerName? {
        guard
            let revision = try Int.fetchOne(
                database,
                sql: """
                    SELECT revision FROM revision_edit
                    WHERE kind = ? AND key = ? AND before IS NULL AND revision <= ? ORDER BY revision DESC LIMIT 1
                    """,
                arguments: [Node.kind, name.key, name.last])
        else { return nil }
        func nodes(_ side: String, _ other: String, _ more: String, _ arguments: StatementArguments) throws
            -> [Node]
        {
            try String.fetchAll(
                database,
                sql:
                    "SELECT \(side) FROM revision_edit WHERE revision = ? AND kind = ? AND \(other) IS NULL\(more)",
                arguments: [revision, Node.kind] + arguments
            ).compactMap { try? coder.value(Node.self, json: $0) }
        }
        guard let node = try nodes("after", "before", " AND key = ?", [name.key]).first else { return nil }
        return try nodes("before", "after", "", []).first { $0.isSameMachine(as: node) }
            .map { FormerName(key: $0.name.text, last: revision) }
    }
}
