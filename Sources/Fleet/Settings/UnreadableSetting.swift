/// What a level has of a setting cannot be read: an older or a newer program wrote it, or it came in at another door.
package struct UnreadableSetting: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let origin: SettingOrigin
    /// Characters that are told of what is wrong.
    private static let problemLimit = 200
    /// What is wrong with it; of what is kept sealed only that there is something.
    package let problem: String

    init(_ definition: SettingDefinition, _ value: SettingValue, at origin: SettingOrigin) {
        name = definition.name
        self.origin = origin
        let problem = definition.unreadability(value) ?? "it is not \(definition.kindDescription)"
        self.problem =
            definition.isSealed ? "it is not what it should be" : String(problem.prefix(Self.problemLimit))
    }

    package var description: String {
        "setting \(name) of \(origin.place) cannot be read: \(problem); set it again"
    }
}

extension SettingOrigin {
    /// As it stands in a sentence.
    fileprivate var place: String { self == .group(.site) ? "the site" : description }
}

extension [String: SettingValue] {
    /// Whether a level has something that nodes boot with and that cannot be read.
    var hasUnreadableBootSettings: Bool {
        contains { name, value in
            guard let definition = SettingDefinition.named(name), definition.phase.isBoot else {
                return false
            }
            return !definition.isClosed(value) && definition.unreadability(value) != nil
        }
    }
}

extension FleetSnapshot {
    /// The first setting that `node`, or an unknown machine, boots with and that cannot be read.
    func bootProblem(of node: Node?) -> UnreadableSetting? {
        // What groups and rules have is not read again for each of ten thousand nodes.
        guard hasUnreadableLevels || node?.settings.hasUnreadableBootSettings == true else { return nil }
        return settings(of: node).firstBootProblem
    }

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
