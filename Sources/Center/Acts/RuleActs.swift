import Fleet

/// Match rules: settings for all nodes with matching hardware, on the whole site.
extension Acts {
    /// In the order of application.
    func rules() async throws -> [MatchRule] {
        try require(.read)
        return try await configuration().rules.values
            .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
    }

    /// The rules, strongest first, each with the number of matching nodes: a number that reveals no single node.
    func rulesWithNodeCounts() async throws -> [(rule: MatchRule, nodeCount: Int)] {
        let snapshot = try await configuration()
        return try await rules().reversed().map { rule in
            let condition = try? Condition(stored: rule.condition)
            let count = snapshot.nodes.values.count { condition?.holds(for: snapshot.facts(of: $0)) == true }
            return (rule, count)
        }
    }
}
