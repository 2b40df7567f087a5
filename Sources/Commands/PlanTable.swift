package import Fleet

/// What a change would do, for people.
package enum PlanTable {
    package static func text(_ plan: ChangePlan) -> String {
        var text = plan.edits.map { "\($0)\n" }.joined()
        text += (plan.notes ?? []).map { "  \($0)\n" }.joined()
        text +=
            plan.nodeCount == 0
            ? "no node would change\n" : "\(counted(plan.nodeCount, "node")) would change:\n"
        guard plan.nodeCount > 0 else { return text }
        var table = TextTable(["NODE", "SETTING", "BEFORE", "AFTER", "FROM"])
        for node in plan.nodes {
            if node.settings.isEmpty { table.add([node.node.text, "(\(node.kind.rawValue))", "", "", ""]) }
            for setting in node.settings {
                table.add([
                    node.node.text, setting.name, setting.before?.description ?? "-",
                    setting.after?.description ?? "-", setting.origin,
                ])
            }
        }
        text += table.text
        let more = plan.nodeCount - plan.nodes.count
        return text + (more > 0 ? "and \(more) more\n" : "")
    }
}
