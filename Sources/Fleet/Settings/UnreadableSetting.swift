/// What a level has of a setting cannot be read: an older or a newer program wrote it, or it came in at another door.
package struct UnreadableSetting: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let origin: SettingOrigin
    /// What is wrong with it; of a secret only that there is something.
    package let problem: String

    init(_ definition: SettingDefinition, _ value: SettingValue, at origin: SettingOrigin) {
        name = definition.name
        self.origin = origin
        let problem = definition.unreadability(value) ?? "it is not \(definition.kindDescription)"
        self.problem = definition.isSecret ? "it is not what it should be" : problem
    }

    package var description: String {
        "setting \(name) of \(origin.place) cannot be read: \(problem); set it again"
    }
}

extension SettingOrigin {
    /// As it stands in a sentence.
    fileprivate var place: String { self == .group(.site) ? "the site" : description }
}

extension FleetSnapshot {
    /// Settings that cannot be read, or are sealed with a key that this server does not have: at most `limit`, those of groups first.
    package func settingProblems(limit: Int) -> [String] {
        var problems: [String] = []
        func look(at settings: [String: SettingValue], _ origin: @autoclosure () -> SettingOrigin) {
            for (name, value) in settings {
                guard problems.count < limit, let definition = SettingDefinition.named(name) else { continue }
                if definition.isClosed(value) {
                    problems.append(
                        "setting \(name) of \(origin().place) is sealed with another key than keys/nodes of this server: it does nothing until it is set again"
                    )
                } else if definition.unreadability(value) != nil {
                    problems.append(UnreadableSetting(definition, value, at: origin()).description)
                }
            }
        }
        for group in groups.values { look(at: group.settings, .group(group.path)) }
        for rule in rules.values { look(at: rule.settings, .rule(rule.name)) }
        for node in nodes.values { look(at: node.settings, .node(node.name)) }
        return problems.sorted()
    }
}
