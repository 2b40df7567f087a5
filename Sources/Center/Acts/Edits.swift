import API
import Fleet

/// What a request for changes means in the configuration that it meets.
enum Edits {
    static func of(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws -> [FleetEdit] {
        guard !change.edits.isEmpty else { throw Problem(422, "Nothing to do", "the change has no edits") }
        guard change.edits.count <= FleetEdit.countLimit else {
            throw Problem(422, "Too much", "one change holds at most \(FleetEdit.countLimit) edits")
        }
        // Several edits of one record build on each other.
        var pending = Pending(change, in: snapshot)
        for edit in change.edits { try pending.add(edit) }
        return pending.edits
    }

    /// Throws where an edit is to add a record that is there. Asked once the caller may make all edits, so that a refusal reveals nothing.
    static func requireNew(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws {
        let added = change.edits.filter { $0.isNew == true }
        guard !added.isEmpty else { return }
        let isOfRecords = added.allSatisfy { if case .record = $0.act { true } else { false } }
        guard isOfRecords else {
            throw Problem(422, "Unreadable request", "isNew goes with a record that is added")
        }
        for edit in try of(ChangeRequest(edits: added), in: snapshot) { try edit.requireNew(in: snapshot) }
    }

    private struct Pending {
        let snapshot: FleetSnapshot
        var edits: [FleetEdit] = []
        /// The configuration after the edits so far, unchecked.
        private var draft: FleetSnapshot.Contents
        /// Nodes as they were, by the names that the change gives them: secrets of theirs that come back as they were shown stay.
        private let renamed: [NodeName: Node]

        init(_ change: ChangeRequest, in snapshot: FleetSnapshot) {
            self.snapshot = snapshot
            draft = snapshot.contents
            let records = change.edits.compactMap { edit -> FleetEdit? in
                guard case .record(let record) = edit.act else { return nil }
                return record
            }
            let former = snapshot.renames(by: records).compactMap { rename in
                snapshot.nodes[rename.from].map { (rename.to, $0) }
            }
            renamed = Dictionary(former) { first, _ in first }
        }

        /// The record after the edits so far; one that they have removed as it was.
        private func stored<Record: FleetRecord>(at key: Record.Key) -> Record? {
            Record.record(at: key, in: draft) ?? Record.record(at: key, in: snapshot.contents)
        }

        /// A node that gets another name, under that name.
        private func former(of edit: FleetEdit) -> FleetSnapshot.Contents {
            var former = FleetSnapshot.Contents()
            if let name = edit.of(Node.self)?.key, let node = renamed[name] { former.nodes[name] = node }
            return former
        }

        private mutating func put(_ edit: FleetEdit) {
            edit.put(in: &draft)
            edits.append(edit)
        }

        mutating func add(_ edit: ChangeRequest.Edit) throws {
            switch edit.act {
            case .record(let edit):
                try edit.requireRemovable()
                put(edit.revealed(by: draft, snapshot.contents, former(of: edit)))
            case .settings(let change): try add(change)
            case .moveGroup(let move):
                guard edits.isEmpty else {
                    throw Problem(422, "Unreadable request", "moveGroup has to be the only edit of a change")
                }
                edits = try snapshot.edits(moving: move.from, to: move.to)
            }
        }

        private mutating func add(_ change: SettingsChange) throws {
            switch SettingsTarget(change.target) {
            case .group(let text):
                let path = try GroupPath(text)
                guard var group = stored(at: path) ?? (path == .site ? NodeGroup(path: .site) : nil) else {
                    throw StoreError.notFound(snapshot.contents.missing(.group(path)))
                }
                group.settings = try change.applied(
                    to: group.settings, inheriting: snapshot.settings(of: path))
                put(.group(path, group))
            case .rule(let text):
                let name = try RuleName(text)
                guard var rule: MatchRule = stored(at: name) else {
                    throw StoreError.notFound(MatchRule.missing(name))
                }
                rule.settings = try change.applied(to: rule.settings)
                put(.rule(name, rule))
            case .image(let text):
                let scope = try ImageScope(typed: text, in: snapshot)
                let stored: ImageSettings? = stored(at: scope)
                let settings = try change.applied(
                    to: stored?.settings ?? [:], inheriting: snapshot.settings(ofImagesAt: scope))
                put(
                    .imageSettings(scope, ImageSettings(scope.image, version: scope.version, settings)))
            case .node(let text):
                let stored = try Acts.find(text, in: snapshot)
                var node: Node = self.stored(at: stored.name) ?? stored
                node.settings = try change.applied(
                    to: node.settings, inheriting: snapshot.settings(of: stored))
                put(.node(node.name, node))
            }
        }
    }
}
