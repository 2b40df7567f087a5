import Wire

/// The effect of a list of nodes on the fleet, row by row: parsing and preview for command line, API and pages.
package struct NodeImport: Equatable, Sendable {
    package enum Fate: String, Sendable, Codable {
        case added, changed, unchanged, refused
    }

    package struct Row: Equatable, Sendable, Codable {
        /// Its first line in the file, from 1.
        package var line: Int
        /// As written if it is not a valid name.
        package var node: String
        package var fate: Fate
        /// Why it is refused; nil for others.
        package var reason: Sentence?
        /// The changes to an existing node: `address 10.77.0.5 → 10.77.0.6`.
        package var changes: [String]
    }

    package private(set) var rows: [Row] = []
    /// Groups that are created for them, parents first.
    package private(set) var groups: [GroupPath] = []
    /// Column titles that were not recognised.
    package private(set) var unusedColumns: [String] = []
    /// The edits to make; refused rows have none.
    package private(set) var edits: [FleetEdit] = []
    /// The groups that each readable row is about, refused and unchanged ones too.
    package private(set) var places: [Place] = []

    package struct Place: Equatable, Sendable {
        package var line: Int
        /// Of its node before and after, and of other nodes with its cards; the site when no node has them.
        package var groups: [GroupPath]
    }

    package var refused: [Row] { rows.filter { $0.fate == .refused } }

    package func count(_ fate: Fate) -> Int { rows.count { $0.fate == fate } }

    /// - Parameters:
    ///   - plan: the addresses that nodes may have.
    ///   - makesGroups: whether missing groups are created.
    package init(
        _ table: DelimitedText, in snapshot: FleetSnapshot, within plan: AddressPlan = .unknown,
        makesGroups: Bool = false
    ) throws(UnreadableTable) {
        guard table.rows.count <= FleetEdit.countLimit else {
            throw UnreadableTable(problem: "a list has at most \(FleetEdit.countLimit) rows")
        }
        let rows = Self.withoutTitle(table.rows)
        let (columns, hasHead) = try Self.columns(of: rows)
        if hasHead, let head = rows.first {
            unusedColumns = zip(head.cells, columns).filter { $1 == nil && !$0.isEmpty }.map(\.0)
        }
        var reader = RowReader(snapshot: snapshot, plan: plan, makesGroups: makesGroups)
        // Two joined lists have two headers.
        for row in hasHead ? rows.dropFirst() : rows
        where !(hasHead && row.cells.map { NodeColumn(head: $0) } == columns) {
            reader.read(row, columns)
        }
        guard !reader.rows.isEmpty else { throw UnreadableTable(problem: "it contains no node") }
        reader.refuseDoubles()
        self.rows = reader.rows
        places = reader.places
        groups = reader.newGroups.sorted()
        edits = groups.map { .group($0, NodeGroup(path: $0)) }
        edits += reader.nodes.sorted { $0.key < $1.key }.compactMap { index, node in
            [.added, .changed].contains(reader.rows[index].fate) ? .node(node.name, node) : nil
        }
    }

    /// Rows above a header are skipped: titles and dates of an export.
    private static func withoutTitle(_ rows: [DelimitedText.Row]) -> ArraySlice<DelimitedText.Row> {
        func headCount(_ row: DelimitedText.Row) -> Int { row.cells.count { NodeColumn(head: $0) != nil } }
        guard let title = rows.first, headCount(title) == 0,
            let head = rows.prefix(titleRowLimit).firstIndex(where: { hasData($0) || headCount($0) > 1 }),
            !hasData(rows[head])
        else { return rows[...] }
        return rows[head...]
    }

    private static let titleRowLimit = 10

    private static func hasData(_ row: DelimitedText.Row) -> Bool {
        row.cells.contains { MACAddress($0) != nil || IPv4Address($0) != nil }
    }

    /// From the header, if there is one; otherwise in the standard order.
    private static func columns(of rows: ArraySlice<DelimitedText.Row>) throws(UnreadableTable)
        -> ([NodeColumn?], Bool)
    {
        guard let first = rows.first else { throw UnreadableTable(problem: "it contains no node") }
        let found = first.cells.map { NodeColumn(head: $0) }
        guard !hasData(first), found.contains(where: { $0 != nil }) else {
            if let cell = first.cells.first, MACAddress(cell) != nil || IPv4Address(cell) != nil {
                throw UnreadableTable(
                    line: first.line,
                    problem:
                        "the list has no titles, and begins with an address: put a first row above it that names its columns, such as "
                        + "mac,address,name")
            }
            return (NodeColumn.standard, false)
        }
        var seen: [NodeColumn] = []
        for case let column? in found {
            // Each card may have a column.
            guard column == .macAddresses || !seen.contains(column) else {
                throw UnreadableTable(line: first.line, problem: "two columns hold the node's \(column.name)")
            }
            seen.append(column)
        }
        guard seen.contains(where: { [.name, .macAddresses, .uuid].contains($0) }) else {
            throw UnreadableTable(
                line: first.line, problem: "no column identifies the node: name, mac or uuid is required")
        }
        return (found, true)
    }
}

/// Takes the rows one by one, considering the rows before.
private struct RowReader {
    let snapshot: FleetSnapshot
    let plan: AddressPlan
    let makesGroups: Bool
    var rows: [NodeImport.Row] = []
    /// The resulting nodes, by the index of their row.
    var nodes: [Int: Node] = [:]
    var newGroups: Set<GroupPath> = []
    var places: [NodeImport.Place] = []
    private var lineOfNode: [NodeName: Int] = [:]

    init(snapshot: FleetSnapshot, plan: AddressPlan, makesGroups: Bool) {
        self.snapshot = snapshot
        self.plan = plan
        self.makesGroups = makesGroups
    }

    mutating func read(_ row: DelimitedText.Row, _ columns: [NodeColumn?]) {
        let place = columns.firstIndex(of: .name) ?? columns.firstIndex(of: .macAddresses) ?? 0
        var result = NodeImport.Row(
            line: row.line, node: row.cells.indices.contains(place) ? row.cells[place] : "", fate: .refused,
            changes: [])
        do {
            if let overhang = row.cells.dropFirst(columns.count).first(where: { !$0.isEmpty }) {
                throw InvalidSetting(
                    "‘\(overhang)’ is beyond the last column: a cell that contains a separator needs quotation marks"
                )
            }
            let (node, before) = try node(of: NodeRow(row.cells, columns: columns), line: row.line)
            result.node = node.name.text
            if let line = lineOfNode.updateValue(row.line, forKey: node.name) {
                throw InvalidSetting("\(node.name) is already in line \(line)")
            }
            let groups = try missingGroups(of: node)
            newGroups.formUnion(groups)
            result.changes = before.map { ChangePlan.recordChanges(from: $0, to: node) } ?? []
            result.fate = before == nil ? .added : node == before ? .unchanged : .changed
            nodes[rows.count] = node
        } catch {
            result.reason = Sentence(of: error)
        }
        rows.append(result)
    }

    /// The row's node, after and before.
    private mutating func node(of row: NodeRow, line: Int) throws -> (Node, before: Node?) {
        let before = row.name.map { snapshot.nodes[$0] } ?? known(row)
        guard let name = before?.name ?? row.name else {
            places.append(NodeImport.Place(line: line, groups: [.site]))
            throw InvalidSetting("no node has this hardware address, and the row has no name for a new one")
        }
        let wanted = row.applied(to: before ?? Node(name: name, macAddresses: []))
        places.append(
            NodeImport.Place(line: line, groups: FleetEdit.node(name, wanted).places(in: snapshot)))
        guard before != nil || !wanted.macAddresses.isEmpty || wanted.uuid != nil else {
            throw InvalidSetting("a new node needs a hardware address or a UUID")
        }
        let node = try wanted.checked(as: name, since: before, within: plan)
        return (node, before)
    }

    private func known(_ row: NodeRow) -> Node? {
        if case .value(let macs) = row.macAddresses {
            for mac in macs { if let node = snapshot.node(withRecordOf: mac) { return node } }
        }
        if case .value(let uuid) = row.uuid { return snapshot.node(at: nil, uuid: uuid) }
        return nil
    }

    private func missingGroups(of node: Node) throws -> [GroupPath] {
        let missing = node.group.lineage.filter { $0 != .site && snapshot.groups[$0] == nil }
        guard missing.isEmpty || makesGroups else {
            throw InvalidSetting(
                "\(snapshot.contents.missing(.group(node.group))) (--make-groups creates missing ones)")
        }
        return missing
    }

    /// Refuses rows with a card, UUID or address of another node in the result: the first one keeps it.
    mutating func refuseDoubles() {
        let replaced = Set(nodes.values.map(\.name))
        var owners: [String: String] = [:]
        func claims(of node: Node) -> [String] {
            node.macAddresses.map { "hardware address \($0)" } + (node.uuid.map { ["UUID \($0)"] } ?? [])
                + (node.address.map { ["address \($0)"] } ?? [])
        }
        for node in snapshot.nodes.values where !replaced.contains(node.name) {
            for claim in claims(of: node) { owners[claim] = "node \(node.name)" }
        }
        for (index, node) in nodes.sorted(by: { $0.key < $1.key }) {
            for claim in claims(of: node) {
                let owner = owners[claim]
                if let owner {
                    rows[index].fate = .refused
                    rows[index].reason = "\(claim) belongs to \(owner)"
                    rows[index].changes = []
                } else {
                    owners[claim] = "node \(node.name) (line \(rows[index].line))"
                }
            }
        }
    }
}
