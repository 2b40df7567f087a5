import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The common base of all pages that show the fleet.
struct Pages {
    let renderer: PageRenderer

    /// Every page with routes, in the order of the menu.
    static let all: [any FleetPage.Type] = [
        DashboardPage.self, FindPage.self, NodesPage.self, NodePage.self, GroupsPage.self, MachinesPage.self,
        SchedulesPage.self, DesktopsPage.self, DesktopPeoplePage.self, AgentsPage.self, ImagesPage.self,
        BuildsPage.self, VersionsPage.self, ImageSettingsPage.self, RolloutsPage.self, VolumesPage.self,
        RulesPage.self, FilesPage.self, KeptFilesPage.self, SecretsPage.self, NetworksPage.self,
        HistoryPages.self, BoardsPage.self, AccessPages.self, HooksPage.self, WizardPage.self,
    ]

    func add(to routes: Routes) {
        for page in Self.all { page.init(pages: self).add(to: routes) }
        routes.post("changes", .enrol) { _, context, acts in try await self.save(context, acts)
        }
    }

    func show(
        _ view: some TemplateView, _ title: String, section: String, _ request: Request,
        _ context: CenterContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try renderer.page(
            view, PageRenderer.Frame(title: title, section: section), request: request, context: context,
            status: status)
    }

    /// - Parameter failure: why a form was refused; nil: none was.
    func show(
        _ view: some TemplateView, _ title: String, section: String, _ request: Request,
        _ context: CenterContext, failure: String?
    ) throws -> Response {
        try show(
            view, title, section: section, request, context,
            status: failure == nil ? .ok : .unprocessableContent)
    }

    func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    /// Performs an act, and goes to `path` behind it, where undo is offered if the act made a revision.
    func redirect(_ path: String, after act: () async throws -> Void, by acts: Acts) async throws -> Response
    {
        let revision = acts.revision
        try await act()
        return redirect(try await acts.ownRevision(after: revision).map { Back.done(path, $0) } ?? path)
    }

    func form(_ context: CenterContext) throws -> Form {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is not a form") }
        return form
    }

    // MARK: What if

    /// Shows the effects of a change; its form saves it.
    func plan(
        _ planned: Acts.PlannedChange, back: String, section: String, _ request: Request,
        _ context: CenterContext
    ) throws -> Response {
        let view = PlanView(
            planned.plan, try saving(planned.change, at: planned.revision), back: back,
            renderer.words(context))
        return try show(view, "What would change", section: section, request, context)
    }

    /// Shows the effect of each row of a list of nodes; while one is refused, the list cannot be saved.
    func plan(of preview: Acts.ImportPreview, _ request: Request, _ context: CenterContext) throws -> Response
    {
        let back = "/nodes"
        let saving = try preview.change.map { try self.saving($0, at: preview.revision) }
        let view = PlanView(of: preview.answer, saving, back: back, renderer.words(context))
        return try show(view, "What would change", section: back, request, context)
    }

    /// The hidden fields with which a plan is saved.
    private func saving(_ change: ChangeRequest, at revision: Int) throws -> PlanView.Saving {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return PlanView.Saving(
            change: PlainText(json: try encoder.encode(change)).description, revision: revision)
    }

    /// Saves a plan as shown, unless one of its records has changed since.
    private func save(_ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try form(context)
        let change = try JSONDecoder().decode(ChangeRequest.self, from: Data(form["change"].utf8))
        let revision = try await acts.make(change, planned: Int(form["revision"]))
        return redirect(Back.done(Back.path(form["back"]), revision))
    }
}
