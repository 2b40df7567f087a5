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
        private var nodes: [NodeName: Node] = [:]
        private var groups: [GroupPath: NodeGroup] = [:]
        private var rules: [RuleName: MatchRule] = [:]

        init(snapshot: FleetSnapshot) { self.snapshot = snapshot }

        mutating func add(_ edit: ChangeRequest.Edit) throws {
            let before = edits.count
            if var node = edit.node {
                node.settings = RecordSettings.merged(
                    node.settings, into: (nodes[node.name] ?? snapshot.nodes[node.name])?.settings)
                put(node)
            }
            if let name = edit.removeNode { edits.append(.node(name, nil)) }
            if var group = edit.group {
                group.settings = RecordSettings.merged(
                    group.settings, into: (groups[group.path] ?? snapshot.groups[group.path])?.settings)
                put(group)
            }
            if let path = edit.removeGroup { edits.append(.group(path, nil)) }
            if let move = edit.moveGroup {
                guard edits.isEmpty else {
                    throw Problem(422, "Unreadable request", "moveGroup has to be the only edit of a change")
                }
                edits = try snapshot.edits(moving: move.from, to: move.to)
                return
            }
            if var rule = edit.rule {
                rule.settings = RecordSettings.merged(
                    rule.settings, into: (rules[rule.name] ?? snapshot.rules[rule.name])?.settings)
                put(rule)
            }
            if let name = edit.removeRule { edits.append(.rule(name, nil)) }
            if let settings = edit.settings { try add(settings) }
            if let network = edit.network { edits.append(.network(network.name, network)) }
            if let name = edit.removeNetwork { edits.append(.network(name, nil)) }
            if let kept = edit.reservation { edits.append(.reservation(kept.identity, kept)) }
            if let machine = edit.removeReservation { edits.append(.reservation(machine, nil)) }
            if let rule = edit.loaderRule { edits.append(.loaderRule(rule.name, rule)) }
            if let name = edit.removeLoaderRule { edits.append(.loaderRule(name, nil)) }
            guard edits.count == before + 1 else {
                throw Problem(
                    422, "Unreadable request",
                    "each edit is exactly one of node, removeNode, group, removeGroup, moveGroup, rule, removeRule, settings, network, removeNetwork, reservation, removeReservation, loaderRule, removeLoaderRule"
                )
            }
        }

        private mutating func put(_ node: Node) {
            nodes[node.name] = node
            edits.append(.node(node.name, node))
        }

        private mutating func put(_ group: NodeGroup) {
            groups[group.path] = group
            edits.append(.group(group.path, group))
        }

        private mutating func put(_ rule: MatchRule) {
            rules[rule.name] = rule
            edits.append(.rule(rule.name, rule))
        }

        private mutating func add(_ change: SettingsChange) throws {
            try Edits.checkVersions(change, in: snapshot)
            switch SettingsTarget(change.target) {
            case .group(let text):
                let path = try GroupPath(text)
                let stored =
                    groups[path] ?? snapshot.groups[path] ?? (path == .site ? NodeGroup(path: .site) : nil)
                guard var group = stored else {
                    throw StoreError.notFound("there is no group \(path) (roost group add \(path))")
                }
                group.settings = try change.applied(
                    to: group.settings, inheriting: snapshot.settings(of: path))
                put(group)
            case .rule(let text):
                let name = try RuleName(text)
                guard var rule = rules[name] ?? snapshot.rules[name] else {
                    throw StoreError.notFound(MatchRule.missing(name))
                }
                rule.settings = try change.applied(to: rule.settings)
                put(rule)
            case .node(let text):
                let stored = try Acts.find(text, in: snapshot)
                var node = nodes[stored.name] ?? stored
                node.settings = try change.applied(
                    to: node.settings, inheriting: snapshot.settings(of: stored))
                put(node)
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
