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
        var pending = Pending(snapshot: snapshot)
        for edit in change.edits { try pending.add(edit) }
        return pending.edits
    }

    /// Throws where an edit is to add a record that is there. Asked once the caller may make all edits, so that a refusal reveals nothing.
    static func requireNew(_ change: ChangeRequest, in snapshot: FleetSnapshot) throws {
        let added = change.edits.filter { $0.isNew == true }
        guard !added.isEmpty else { return }
        guard !added.contains(where: { $0.settings != nil || $0.moveGroup != nil }) else {
            throw Problem(422, "Unreadable request", "isNew goes with a record that is added")
        }
        for edit in try of(ChangeRequest(edits: added), in: snapshot) { try edit.requireNew(in: snapshot) }
    }

    private struct Pending {
        let snapshot: FleetSnapshot
        var edits: [FleetEdit] = []
        /// The configuration after the edits so far, unchecked.
        private var draft: FleetSnapshot.Contents

        init(snapshot: FleetSnapshot) {
            self.snapshot = snapshot
            draft = snapshot.contents
        }

        /// The record after the edits so far; one that they have removed as it was.
        private func stored<Record: FleetRecord>(at key: Record.Key) -> Record? {
            Record.record(at: key, in: draft) ?? Record.record(at: key, in: snapshot.contents)
        }

        private mutating func put<Record: FleetRecord>(_ record: Record?, at key: Record.Key) {
            let edit = FleetEdit(key, record)
            edit.put(in: &draft)
            edits.append(edit)
        }

        /// Puts a record from outside, in which secrets are hidden.
        private mutating func take<Record: SettingsRecord>(_ record: Record, at key: Record.Key) {
            var record = record
            let former: Record? = stored(at: key)
            record.settings = RecordSettings.merged(record.settings, into: former?.settings)
            put(record, at: key)
        }

        mutating func add(_ edit: ChangeRequest.Edit) throws {
            let before = edits.count
            if let node = edit.node { take(node, at: node.name) }
            if let name = edit.removeNode { put(nil as Node?, at: name) }
            if let group = edit.group { take(group, at: group.path) }
            if let path = edit.removeGroup {
                try Acts.requireRemovable(path)
                put(nil as NodeGroup?, at: path)
            }
            if let move = edit.moveGroup {
                guard edits.isEmpty else {
                    throw Problem(422, "Unreadable request", "moveGroup has to be the only edit of a change")
                }
                edits = try snapshot.edits(moving: move.from, to: move.to)
                return
            }
            if let rule = edit.rule { take(rule, at: rule.name) }
            if let name = edit.removeRule { put(nil as MatchRule?, at: name) }
            if let settings = edit.settings { try add(settings) }
            if let network = edit.network { put(network, at: network.name) }
            if let name = edit.removeNetwork { put(nil as Network?, at: name) }
            if let kept = edit.reservation { put(kept, at: kept.identity) }
            if let machine = edit.removeReservation { put(nil as DHCPReservation?, at: machine) }
            if let rule = edit.loaderRule { put(rule, at: rule.name) }
            if let name = edit.removeLoaderRule { put(nil as LoaderRule?, at: name) }
            guard edits.count == before + 1 else {
                throw Problem(
                    422, "Unreadable request",
                    "each edit is exactly one of node, removeNode, group, removeGroup, moveGroup, rule, removeRule, settings, network, removeNetwork, reservation, removeReservation, loaderRule, removeLoaderRule"
                )
            }
        }

        private mutating func add(_ change: SettingsChange) throws {
            try Edits.checkVersions(change, in: snapshot)
            switch SettingsTarget(change.target) {
            case .group(let text):
                let path = try GroupPath(text)
                guard var group = stored(at: path) ?? (path == .site ? NodeGroup(path: .site) : nil) else {
                    throw StoreError.notFound("there is no group \(path) (roost group add \(path))")
                }
                group.settings = try change.applied(
                    to: group.settings, inheriting: snapshot.settings(of: path))
                put(group, at: path)
            case .rule(let text):
                let name = try RuleName(text)
                guard var rule: MatchRule = stored(at: name) else {
                    throw StoreError.notFound(MatchRule.missing(name))
                }
                rule.settings = try change.applied(to: rule.settings)
                put(rule, at: name)
            case .node(let text):
                let stored = try Acts.find(text, in: snapshot)
                var node: Node = self.stored(at: stored.name) ?? stored
                node.settings = try change.applied(
                    to: node.settings, inheriting: snapshot.settings(of: stored))
                put(node, at: node.name)
            }
        }
    }

    /// An image that is not there would leave a room dark: that is a mistake and not a wish.
    private static func checkVersions(_ change: SettingsChange, in snapshot: FleetSnapshot) throws {
        for setting in Settings.versions {
            guard let stored = change.set[setting.name], let reference = try? setting.value(of: stored),
                snapshot.version(reference) == nil
            else { continue }
            throw InvalidSetting(
                "\(setting.name): there is no version ‘\(stored)’ (roost image list shows all)")
        }
    }
}
