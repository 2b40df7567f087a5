import API
import Fleet
import Foundation
import Hummingbird

/// Settings for all nodes whose hardware matches a condition.
struct RulesPage: FleetPage {
    static let views: [any TemplateView.Type] = [RulesView.self]
    static let menu = [MenuEntry("/rules", "Match rules", .configuration, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("rules", .read) { request, context, acts in
            try await show(
                isNew: request.query("new") != nil, open: request.query("name"), request, context, acts)
        }
        routes.post("rules/edit", .publish) { request, context, acts in
            let form = try pages.form(context)
            do {
                let name = try RuleName(form["name"])
                let edit =
                    form.has("remove")
                    ? ChangeRequest.Edit(.rule(name, nil))
                    : ChangeRequest.Edit(.rule(name, try rule(name, form)), isNew: form.has("new"))
                let planned = try acts.plan(ChangeRequest(edits: [edit]))
                return try pages.plan(planned, back: "/rules", section: "/rules", request, context)
            } catch let error where error.isRefusalOfForm {
                return try await show(
                    isNew: form.has("new"), open: form["name"], typed: form,
                    failure: pages.renderer.words(context)(error), request, context, acts)
            }
        }
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new rule is open.
    ///   - open: the name of the rule whose form is open.
    ///   - typed: what was refused.
    private func show(
        isNew: Bool, open: String?, typed: Form? = nil, failure: String? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let view = RulesView(
            try await acts.at(request).rulesWithNodeCounts(), mayEdit: acts.may(.publish, in: .site),
            isNew: isNew, open: open, typed: typed, failure: failure, pages.renderer.words(context))
        return try pages.show(view, "Match rules", section: "/rules", request, context, failure: failure)
    }

    private func rule(_ name: RuleName, _ form: Form) throws -> MatchRule {
        guard let priority = Int(form["priority"]) else {
            throw Problem(422, "Invalid number", RulePriority.problem)
        }
        let assignments = try form["settings"].split(whereSeparator: \.isNewline)
            .filter { !$0.allSatisfy(\.isWhitespace) }.map { try SettingAssignment(String($0)) }
        let settings = try SettingsChange(target: "\(SettingsTarget.rule(name.text))", assignments).applied(
            to: [:]
        )
        return MatchRule(name: name, priority: priority, condition: form["condition"], settings: settings)
    }
}
