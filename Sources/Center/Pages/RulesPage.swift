import API
import Fleet
import Foundation
import Hummingbird

/// Settings for all nodes whose hardware fits a condition.
struct RulesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("rules", .read) { request, context, acts in
            let rules = try await acts.at(request).rulesWithNodeCounts()
            let fields: [String: Any] = [
                "rules": rules.map(row), "mayEdit": acts.may(.publish, in: .site),
                "attributes": NodeAttribute.allCases.filter(\.isLasting).map(\.rawValue).joined(
                    separator: ", "),
            ]
            return try pages.show("rules", "Match rules", section: "/rules", fields, request, context)
        }
        routes.post("rules/edit", .publish) { request, context, acts in
            let form = try pages.form(context)
            let name = try RuleName(form["name"])
            let edit =
                form.has("remove")
                ? ChangeRequest.Edit(removeRule: name) : ChangeRequest.Edit(rule: try rule(name, form))
            return try pages.plan(
                acts.plan(ChangeRequest(edits: [edit])), back: "/rules", section: "/rules", request, context)
        }
    }

    private func row(_ rule: MatchRule, _ fitting: Int) -> [String: Any] {
        [
            "name": rule.name.text, "condition": rule.condition, "priority": rule.priority,
            "fitting": fitting,
            "settings": RecordSettings.redacted(rule.settings).sorted { $0.key < $1.key }.map { name, value in
                "\(name)=\(SettingDefinition.named(name)?.typed(value) ?? value.description)"
            }.joined(separator: "\n"),
        ]
    }

    private func rule(_ name: RuleName, _ form: Form) throws -> MatchRule {
        guard let priority = Int(form["priority"]), (-1_000...1_000).contains(priority) else {
            throw Problem(422, "Invalid number", "the priority is a whole number, -1000 to 1000")
        }
        let assignments = try form["settings"].split(whereSeparator: \.isNewline)
            .filter { !$0.allSatisfy(\.isWhitespace) }.map { try SettingAssignment(String($0)) }
        let settings = try SettingsChange(target: "rule:\(name)", assignments).applied(to: [:])
        return MatchRule(name: name, priority: priority, condition: form["condition"], settings: settings)
    }
}
