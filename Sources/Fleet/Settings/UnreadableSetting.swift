import Wire

/// A level's value is unreadable: an older or newer program wrote it, or it bypassed the checks.
package struct UnreadableSetting: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let origin: SettingOrigin
    /// Characters of the problem that are shown.
    private static let problemLimit = 200
    /// The problem; for sealed settings only that there is one.
    package let problem: Sentence

    init(_ definition: SettingDefinition, _ value: SettingValue, at origin: SettingOrigin) {
        name = definition.name
        self.origin = origin
        let problem = definition.unreadability(value) ?? "it is not \(definition.kindDescription)"
        self.problem =
            definition.isSealed
            ? "its value is not valid"
            : problem.english.count > Self.problemLimit
                ? Sentence(plain: problem.english.beginning(length: Self.problemLimit)) : problem
    }

    package var description: String { sentence.english }

    package var sentence: Sentence {
        "setting \(name) of \(origin.place) cannot be read: \(problem); set it again"
    }
}

extension SettingOrigin {
    /// For use in a sentence.
    fileprivate var place: Sentence { self == .group(.site) ? "the site" : sentence }
}

extension [String: SettingValue] {
    /// Whether a level has an unreadable setting that is used in booting.
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
    /// The first unreadable setting used in booting `node` or an unknown machine.
    func bootProblem(of node: Node?) -> UnreadableSetting? {
        // Groups and rules are not parsed again for each of ten thousand nodes.
        guard hasUnreadableLevels || node?.settings.hasUnreadableBootSettings == true else { return nil }
        return settings(of: node).firstBootProblem
    }

    /// Settings that are unreadable, or sealed with a key that this server does not have: at most `limit`, those of groups first.
    package func settingProblems(limit: Int) -> [String] {
        var problems: [String] = []
        func look(at settings: [String: SettingValue], _ origin: @autoclosure () -> SettingOrigin) {
            for (name, value) in settings {
                guard problems.count < limit, let definition = SettingDefinition.named(name) else { continue }
                if definition.isClosed(value) {
                    problems.append(
                        "setting \(name) of \(origin().place) is sealed with another key than keys/nodes of this server: it has no effect until it is set again"
                    )
                } else if definition.unreadability(value) != nil {
                    problems.append(UnreadableSetting(definition, value, at: origin()).description)
                }
            }
        }
        for group in groups.values { look(at: group.settings, .group(group.path)) }
        for record in images.values.flatMap(\.allSettings) { look(at: record.settings, record.origin) }
        for rule in rules.values { look(at: rule.settings, .rule(rule.name)) }
        for node in nodes.values { look(at: node.settings, .node(node.name)) }
        return problems.sorted()
    }
}
