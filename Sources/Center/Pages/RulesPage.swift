import API
import Fleet
import Foundation
import Hummingbird

/// Settings for all nodes whose hardware fits a condition.
struct RulesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("rules", .read) { request, context, caller in
            let snapshot = try await pages.views(request, caller).snapshot()
            let view = RulesView(
                snapshot.rules.values, in: snapshot, mayEdit: caller.allows(.publish, in: .site),
                pages.renderer.words(context))
            return try pages.show(view, "Match rules", section: "/rules", request, context)
        }
        routes.post("rules/edit", .publish) { request, context, caller in
            let form = try pages.form(context)
            let name = try RuleName(form["name"])
            let edit =
                form.has("remove")
                ? ChangeRequest.Edit(removeRule: name) : ChangeRequest.Edit(rule: try rule(name, form))
            return try pages.plan(
                ChangeRequest(edits: [edit]), back: "/rules", section: "/rules", request, context, caller)
        }
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
