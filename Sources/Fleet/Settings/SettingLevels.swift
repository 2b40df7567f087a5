/// What groups and rules say for all nodes, read once for each change to them.
struct SettingLevels: Sendable {
    let enrolmentRules: EnrolmentRules
    /// Whether a group or rule has an unreadable setting that is used in booting.
    let hasUnreadable: Bool
    /// The rules in the order of application.
    let rules: [(rule: MatchRule, condition: Condition)]
    /// The levels that apply in each group, from the site down.
    private let levels: [GroupPath: [EffectiveSettings.Level]]

    init(groups: [GroupPath: NodeGroup], rules: [RuleName: MatchRule]) {
        var levels: [GroupPath: [EffectiveSettings.Level]] = [:]
        for path in groups.keys { levels[path] = Self.levels(of: path, in: groups) }
        self.levels = levels
        enrolmentRules = EnrolmentRules(of: EffectiveSettings(levels: levels[.site] ?? []))
        hasUnreadable =
            groups.values.contains { $0.settings.hasUnreadableBootSettings }
            || rules.values.contains { $0.settings.hasUnreadableBootSettings }
        self.rules = rules.values
            .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
            .compactMap { rule in (try? Condition(stored: rule.condition)).map { (rule, $0) } }
    }

    /// - Parameter groups: those that it was made of.
    func levels(of group: GroupPath, in groups: [GroupPath: NodeGroup]) -> [EffectiveSettings.Level] {
        levels[group] ?? Self.levels(of: group, in: groups)
    }

    private static func levels(
        of group: GroupPath, in groups: [GroupPath: NodeGroup]
    ) -> [EffectiveSettings.Level] {
        group.lineage.compactMap { path in groups[path].map { (.group(path), $0.settings) } }
    }
}
