/// Patterns of the old files, as rules.
extension LTSPImportWork {
    /// What patterns are compared with: in the file, each machine has the first of each kind that matches, and later kinds are stronger.
    enum RuleKind: CaseIterable {
        case mac, name, initMAC, initName

        enum Attribute: String, CustomStringConvertible {
            case mac, name

            /// Nil where a rule cannot say it.
            init?(of patterns: [String]) {
                if patterns.contains(where: { $0.contains { "[]\\\"/".contains($0) } }) { return nil }
                if patterns.allSatisfy({ $0.contains(":") }) {
                    self = .mac
                    return
                }
                let isOfAddress = patterns.contains {
                    $0.contains(":")
                        || $0.contains(".") && $0.allSatisfy { $0.isNumber || ".*?".contains($0) }
                }
                if isOfAddress { return nil }
                self = .name
            }

            var description: String { rawValue }
        }

        init(_ attribute: Attribute, isOfInit: Bool) {
            self =
                switch attribute {
                case .mac: isOfInit ? .initMAC : .mac
                case .name: isOfInit ? .initName : .name
                }
        }

        var priority: Int {
            switch self {
            case .mac: 10_000
            case .name: 20_000
            case .initMAC: 30_000
            case .initName: 40_000
            }
        }
    }

    /// The first pattern that matches counts, for the MAC and, stronger, for the host name.
    mutating func addRules() {
        var earlier: [RuleKind: [String]] = [:]
        var names: Set<String> = []
        for (index, section) in sections.enumerated() {
            guard case .pattern(let written) = section.subject, !section.isHidden else { continue }
            guard let patterns = Self.withoutSets(written) else {
                target[index] = .nowhere(
                    "no rule can say its sets of characters; nodes that are there get it")
                continue
            }
            guard let attribute = RuleKind.Attribute(of: patterns) else {
                target[index] = .nowhere(
                    "no rule can say it, as rules do not depend on addresses; nodes with fixed addresses get it"
                )
                continue
            }
            let kind = RuleKind(attribute, isOfInit: section.isOfInit)
            let own = patterns.map {
                "\(attribute) \(GlobPattern($0).hasWildcard ? "~" : "=") \"\($0)\""
            }
            let others = earlier[kind, default: []]
            let condition =
                own.joined(separator: " or ").inParentheses(own.count > 1)
                + others.map { " and not \($0)" }.joined()
            earlier[kind, default: []] += own
            guard own.count + others.count <= Condition.comparisonLimit, (try? Condition(condition)) != nil,
                let name = Self.ruleName(section.name, &names)
            else {
                target[index] = .nowhere("as a rule, its condition would be too long")
                continue
            }
            let settings = settings(of: ruleVariables(index))
            target[index] = .place("rule \(name)")
            // In the file, what comes first is stronger.
            let priority = kind.priority - rules.count
            let globs = patterns.map { GlobPattern($0.lowercased()) }
            rules.append(
                Rule(
                    rule: MatchRule(name: name, priority: priority, condition: condition, settings: settings),
                    kind: kind
                ) {
                    let text = Array((attribute == .name ? $0.hostName : $0.macAddress).lowercased().utf8)
                    return !text.isEmpty && globs.contains { $0.matches(text) }
                })
        }
    }

    /// Rules know `*` and `?`: `pc[12]` is two of their patterns.
    private static func withoutSets(_ patterns: [String]) -> [String]? {
        guard patterns.contains(where: { $0.contains("[") || $0.contains("\\") }) else { return patterns }
        var plain: [String] = []
        for pattern in patterns {
            guard let more = GlobPattern(pattern.lowercased()).withoutSets(limit: Condition.comparisonLimit)
            else { return nil }
            plain += more
        }
        return plain
    }

    private static func ruleName(_ text: String, _ names: inout Set<String>) -> RuleName? {
        let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        // Short enough for the number of a second one.
        let base = "lts" + words.map { "-\($0)" }.joined().prefix(50)
        for number in 1...1_000 {
            let name = number == 1 ? base : "\(base)-\(number)"
            if names.insert(name).inserted { return try? RuleName(name) }
        }
        return nil
    }

    /// Variables of a rule. What `[init/]` sets for all machines is stronger than what a section without init does.
    private func ruleVariables(_ index: Int) -> [LTSPVariable] {
        let variables = sectionVariables(index)
        guard !sections[index].isOfInit, file.dialect == .ltsp,
            let all = sections.firstIndex(where: { $0.subject == .all && $0.isOfInit })
        else { return variables }
        let stronger = Set(sectionVariables(all).map(\.name))
        return variables.filter { !stronger.contains($0.name) }
    }

    /// A section's variables with those that it takes over, each stronger than the next.
    private func sectionVariables(_ index: Int) -> [LTSPVariable] {
        var order = [index]
        var next = 0
        while next < order.count {
            order += sections[order[next]].takesOver.filter { !order.contains($0) }
            next += 1
        }
        var variables: [String: LTSPVariable] = [:]
        for index in order.reversed() {
            for variable in sections[index].variables { variables[variable.name] = variable }
        }
        return variables.values.filter { file.dialect == .ltsp || !$0.value.isNone }
            .sorted { $0.name < $1.name }
    }
}

extension String {
    fileprivate func inParentheses(_ isNeeded: Bool) -> String { isNeeded ? "(\(self))" : self }
}
