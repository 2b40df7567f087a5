/// Settings for all nodes whose hardware matches a condition; stronger than groups, weaker than the node itself.
package struct MatchRule: Equatable, Sendable, Codable {
    package var name: RuleName
    /// Of two rules that match a node, the one with the higher number is stronger; with equal numbers, the later name.
    package var priority: Int
    /// As typed: `memory < 2 GiB`.
    package var condition: String
    @RecordSettings package var settings: [String: SettingValue]

    package init(
        name: RuleName, priority: Int = 0, condition: String, settings: [String: SettingValue] = [:]
    ) {
        self.name = name
        self.priority = priority
        self.condition = condition
        self.settings = settings
    }

    /// Missing members are empty, as those of nodes and groups are.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(RuleName.self, forKey: .name)
        priority = try fields.decodeIfPresent(Int.self, forKey: .priority) ?? 0
        condition = try fields.decode(String.self, forKey: .condition)
        _settings =
            try fields.decodeIfPresent(RecordSettings.self, forKey: .settings)
            ?? RecordSettings(wrappedValue: [:])
    }
}

extension FleetEdit {
    /// - Parameter rule: nil removes it.
    package static func rule(_ name: RuleName, _ rule: MatchRule?) -> Self { Self(name, rule) }
}

extension MatchRule: TableRecord, SettingsRecord, ListedRecord {
    package static let kind = "rule"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [RuleName: Self]> { \.rules }
    package var key: RuleName { name }

    package static func checked(
        _ change: RecordChange<MatchRule>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> MatchRule? {
        try change.requireSomething(in: draft)
        guard var rule = change.after else { return nil }
        rule.name = change.key
        if !change.isOld { try RulePriority.check(rule.priority, since: draft.rules[change.key]?.priority) }
        rule.settings = try RecordSettings.checked(
            rule.settings, since: change.isOld ? rule.settings : draft.rules[change.key]?.settings)
        let isAsBefore = draft.rules[change.key]?.condition == rule.condition
        let condition = try isAsBefore ? Condition(stored: rule.condition) : Condition(rule.condition)
        guard condition.isLasting else {
            throw InvalidCondition(
                text: rule.condition, problem: "a rule cannot depend on state, image or address")
        }
        return rule
    }

    package static func missing(_ key: RuleName) -> Sentence {
        "there is no rule \(key) (roost rule list shows all)"
    }

    package static func existing(_ key: RuleName) -> Sentence {
        "rule \(key) already exists; use roost rule add --replace to change it"
    }

    package static func permission(
        for change: RecordChange<MatchRule>, in snapshot: FleetSnapshot
    ) -> Permission { .publish }

    package static func reach(of change: RecordChange<MatchRule>) -> EditReach { .group(.site) }
}

extension Condition {
    /// A condition that is for one node alone, by its name, for the node's new name; nil where it is not.
    static func naming(_ node: NodeName, in condition: String, becoming new: NodeName) -> String? {
        guard case .comparison(.name, .equal, .text(let text))? = try? Condition(stored: condition),
            (try? NodeName(text)) == node
        else { return nil }
        return "name = \"\(new)\""
    }
}

extension Condition {
    /// Whether it depends only on hardware and place.
    var isLasting: Bool {
        switch self {
        case .always, .word, .names: true
        case .all(let parts), .any(let parts): parts.allSatisfy(\.isLasting)
        case .not(let part): part.isLasting
        case .comparison(let attribute, _, _): attribute.isLasting
        }
    }
}

extension MatchRule: DeclaredForm {
    package typealias Record = MatchRule
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("rules", "name")
    package static let audience = DeclaredAudience.readers
}
