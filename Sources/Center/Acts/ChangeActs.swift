import API
import Fleet
import Wire

/// Changes to records of any kind: what-if and saving.
extension Acts {
    /// A change with its effects, as far as the caller may see them.
    struct PlannedChange: Sendable {
        var change: ChangeRequest
        var plan: ChangePlan
        /// The configuration that it was compared with.
        var revision: Int
    }

    /// - Parameter revision: the one in which the change was found to fit (``requireState(of:isNew:tag:)``); nil: this moment's. What has
    ///   changed since is not overwritten.
    func plan(_ change: ChangeRequest, since revision: Int? = nil) throws -> PlannedChange {
        var planned = try plan(change, in: fleet.snapshot)
        if let revision { planned.revision = min(revision, planned.revision) }
        return planned
    }

    /// - Parameter snapshot: what the change was made of, too.
    func plan(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws -> PlannedChange {
        try requireComparing(change, in: snapshot)
        let plan = try plan(of: Edits.of(change, in: snapshot), in: snapshot)
        try Self.check(change, in: snapshot)
        return PlannedChange(change: change, plan: plan, revision: snapshot.revision)
    }

    /// Checks permission for the records behind the edits before reading them: which groups exist and what is set is hidden from callers
    /// who may not change it.
    private func requireComparing(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws {
        for edit in change.edits {
            switch edit.act {
            case .record(let edit):
                if edit.record == nil { try caller.requireKnowing(edit, in: snapshot) }
            case .moveGroup(let move):
                for path in [move.from, move.to] { try require(.configure, in: path) }
            case .settings(let settings):
                let target = SettingsTarget(settings.target)
                let needed = target.permission
                try require(needed, in: place(of: target, needed, in: snapshot))
            }
        }
    }

    /// The group in which settings are. A node that is not there is refused like one elsewhere.
    func place(
        of target: SettingsTarget, _ needed: Permission, in snapshot: FleetSnapshot
    ) throws -> GroupPath {
        switch target {
        case .group(let path): return try GroupPath(path)
        case .node(let name):
            let node = try? Self.find(name, in: snapshot)
            return try caller.permitted(node, named: name, needed, in: snapshot).group
        case .rule, .image: return .site
        }
    }

    func plan(
        of edits: [FleetEdit], in snapshot: FleetSnapshot, naming: Naming = .seen
    ) throws -> ChangePlan {
        try caller.requireLeave(for: edits, in: snapshot)
        try snapshot.requireKnownNames(in: edits, in: sight(naming))
        return try ChangePlan(of: edits, in: snapshot, within: fleet.addressPlan, seeing: { caller.sees($0) })
    }

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - wanted: the tag of the expected revision; nil: any.
    ///   - planned: the revision of the plan that was viewed; if a record of the change has changed since, the change is refused.
    /// - Returns: the new revision.
    func make(_ change: ChangeRequest, ifMatch wanted: String? = nil, planned: Int? = nil) async throws -> Int
    {
        try await saved(change, ifMatch: wanted, planned: planned).revision
    }

    /// The configuration as ``make(_:ifMatch:planned:)`` leaves it.
    func saved(_ change: ChangeRequest, ifMatch wanted: String? = nil, planned: Int? = nil) async throws
        -> FleetSnapshot
    {
        try await self.change(what: change.summary, planned: planned) { current in
            if let wanted, wanted != "\"\(current.revision)\"" {
                throw Problem(
                    412, "Precondition failed",
                    "the configuration has revision \(current.revision) now; look at the plan again")
            }
            try requireComparing(change, in: current)
            return try Edits.of(change, in: current)
        } check: { current in
            try Self.check(change, in: current)
        }
    }

    /// Checks that only callers with permission may learn from: that records marked as new do not exist, and the length of the summary.
    private static func check(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws {
        try Edits.requireNew(change, in: snapshot)
        guard change.summary?.hasLength(in: 0...ChangeRequest.summaryLength) ?? true else {
            throw Problem(
                422, "Invalid summary", "a summary has at most \(ChangeRequest.summaryLength) characters")
        }
    }

    // MARK: Of nodes and groups

    /// The effects of an edit to a node; with another name it is a rename, and the old record goes.
    ///
    /// - Parameter edit: makes the new record from the present one.
    func planNode(_ name: NodeName, ifMatch wanted: String, _ edit: (Node) throws -> Node) throws
        -> PlannedChange
    {
        let snapshot = fleet.snapshot
        let stored = try caller.permitted(snapshot.nodes[name], named: name.text, .configure, in: snapshot)
        try Precondition.matching(wanted).check(stored, at: name)
        var node = try edit(stored)
        node.uuid = stored.uuid
        // Another node is not replaced.
        var edits = [ChangeRequest.Edit(.node(node.name, node), isNew: node.name == name ? nil : true)]
        if node.name != name { edits.insert(ChangeRequest.Edit(.node(name, nil)), at: 0) }
        return try plan(ChangeRequest(edits: edits), in: snapshot)
    }

    /// An act on several nodes at once.
    enum BulkAct: String, Sendable {
        case remove, move, tag, untag, set, unset
    }

    /// Characters of a value in a summary.
    private static let shownLength = 200

    /// The value of a bulk act for history, which has no secrets.
    private static func shown(_ act: BulkAct, _ value: String) throws -> String {
        let setting = act == .set ? try SettingAssignment(value).definition : nil
        if let setting, setting.isSealed { return setting.name }
        return value.beginning(length: shownLength)
    }

    /// The effects on each of the nodes.
    ///
    /// - Parameter value: a group's path, a tag, `NAME=VALUE` or a setting's name.
    func planNodes(_ names: [NodeName], _ act: BulkAct, _ value: String) throws -> PlannedChange {
        guard !names.isEmpty else { throw Problem(422, "Nothing to do", "no node is selected") }
        let snapshot = fleet.snapshot
        let edits = try names.map { name in
            var node = try caller.permitted(snapshot.nodes[name], named: name.text, .configure, in: snapshot)
            switch act {
            case .remove: return ChangeRequest.Edit(.node(name, nil))
            case .move: node.group = try GroupPath(value)
            case .tag: node.tags.append(value)
            case .untag: node.tags.removeAll { $0 == value }
            case .set:
                return ChangeRequest.Edit(
                    settings: try SettingsChange(target: name.text, [SettingAssignment(value)]))
            case .unset:
                return ChangeRequest.Edit(settings: SettingsChange(target: name.text, unset: [value]))
            }
            return ChangeRequest.Edit(.node(name, node))
        }
        let summary = "\(act.rawValue) \(try Self.shown(act, value)) on \(counted(names.count, "node"))"
        return try plan(ChangeRequest(edits: edits, summary: summary), in: snapshot)
    }

    /// The effects of an edit to a group's settings; nil when nothing changes.
    ///
    /// - Parameter edit: makes the change from the group's own settings.
    func planSettings(of path: GroupPath, _ edit: ([String: SettingValue]) throws -> SettingsChange) throws
        -> PlannedChange?
    {
        try require(.configure, in: path)
        let snapshot = fleet.snapshot
        let change = try edit(snapshot.groups[path]?.settings ?? [:])
        guard !change.set.isEmpty || !change.unset.isEmpty else { return nil }
        return try plan(ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]), in: snapshot)
    }

    // MARK: Lists of nodes

    /// The effects of importing a list of nodes.
    struct ImportPreview: Sendable {
        var answer: ImportAnswer
        /// The change to save; nil when nothing changes or a row is refused.
        var change: ChangeRequest?
        /// The configuration that it was compared with.
        var revision: Int
    }

    /// What the list would change now; saves nothing.
    func previewImport(_ bytes: [UInt8], makesGroups: Bool) throws -> ImportPreview {
        try require(.enrol)
        let snapshot = fleet.snapshot
        let table = try DelimitedText(bytes)
        let list = try NodeImport(table, in: snapshot, within: fleet.addressPlan, makesGroups: makesGroups)
        // Before anything else: refused and unchanged rows must not tell which nodes and groups there are.
        for place in list.places where !place.groups.allSatisfy({ may(.enrol, in: $0) }) {
            throw Problem(
                403, "Forbidden",
                "line \(place.line) is about a node or group for which \(caller.name) does not have the permission to enrol"
            )
        }
        var answer = ImportAnswer(
            rows: list.rows, groups: list.groups, unusedColumns: list.unusedColumns, encoding: table.encoding)
        if !list.edits.isEmpty { answer.plan = try plan(of: list.edits, in: snapshot) }
        let isWhole = !list.edits.isEmpty && list.refused.isEmpty
        return ImportPreview(
            answer: answer,
            change: isWhole
                ? ChangeRequest(
                    edits: list.edits.map { ChangeRequest.Edit($0) },
                    summary: "list of nodes: \(answer.summary)") : nil, revision: snapshot.revision)
    }

    /// Imports all rows or none.
    func importNodes(_ bytes: [UInt8], makesGroups: Bool) async throws -> ImportAnswer {
        let table = try DelimitedText(bytes)
        let plan = fleet.addressPlan
        let preview = try previewImport(bytes, makesGroups: makesGroups)
        var answer = preview.answer
        // The answer tells what the preview found: where one of these records has changed since, nothing is saved.
        answer.revision = try await change(
            what: "list of nodes: \(answer.summary)", planned: preview.revision
        ) {
            let list = try NodeImport(table, in: $0, within: plan, makesGroups: makesGroups)
            try Self.requireWhole(list)
            return list.edits
        }.revision
        return answer
    }

    /// Refused rows that an error lists.
    private static let refusalLimit = 20

    private static func requireWhole(_ list: NodeImport) throws {
        let refused = list.refused
        guard !refused.isEmpty else { return }
        var text: Sentence = "nothing is saved: \(refused.count) of \(list.rows.count) rows are refused"
        for row in refused.prefix(refusalLimit) {
            let line: Sentence = "line \(row.line)\(row.node.isEmpty ? "" : " (\(row.node))")"
            text = "\(text)\n\(line): \(row.reason ?? "")"
        }
        let more = refused.count - refusalLimit
        if more > 0 { text = text.followed(by: "\n\("and \(more) more" as Sentence)") }
        throw Problem(422, "Unreadable CSV", text)
    }
}

extension SettingsTarget {
    /// The permission that changing its settings takes.
    fileprivate var permission: Permission {
        switch self {
        case .group, .node: .configure
        case .rule, .image: .publish
        }
    }
}
