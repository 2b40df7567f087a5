import Fleet

/// Match rules: settings for all nodes whose hardware fits, of the whole site.
extension Acts {
    /// In the order in which they are laid over each other.
    func rules() async throws -> [MatchRule] {
        try require(.read)
        return try await configuration().rules.values
            .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
    }

    /// The rules, the strongest first, with how many nodes fit each: a number that tells nothing of any of them.
    func rulesWithNodeCounts() async throws -> [(rule: MatchRule, nodeCount: Int)] {
        let snapshot = try await configuration()
        return try await rules().reversed().map { rule in
            let condition = try? Condition(stored: rule.condition)
            let count = snapshot.nodes.values.count { condition?.holds(for: snapshot.facts(of: $0)) == true }
            return (rule, count)
        }
    }
}
