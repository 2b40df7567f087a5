import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// What all pages that show the fleet have in common.
struct Pages {
    let services: CenterServices
    let renderer: PageRenderer

    func add(to routes: Routes) {
        DashboardPage(pages: self).add(to: routes)
        NodesPage(pages: self).add(to: routes)
        NodePage(pages: self).add(to: routes)
        MachinesPage(pages: self).add(to: routes)
        GroupsPage(pages: self).add(to: routes)
        RulesPage(pages: self).add(to: routes)
        ImagesPage(pages: self).add(to: routes)
        BuildsPage(pages: self).add(to: routes)
        VersionsPage(pages: self).add(to: routes)
        RolloutsPage(pages: self).add(to: routes)
        VolumesPage(pages: self).add(to: routes)
        HistoryPages(pages: self).add(to: routes)
        AccessPages(pages: self).add(to: routes)
        WizardPage(pages: self).add(to: routes)
        HooksPage(pages: self).add(to: routes)
        routes.post("changes", .enrol) { request, context, caller in
            try await self.save(request, context, caller)
        }
    }

    var fleet: LiveFleet { services.fleet }

    func views(_ request: Request, _ caller: Caller) throws -> FleetViews {
        FleetViews(services: services, caller: caller, at: try TimeTravel.second(of: request))
    }

    func show(
        _ view: some TemplateView, _ title: String, section: String, _ request: Request,
        _ context: CenterContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try renderer.page(
            view, PageRenderer.Frame(title: title, section: section), request: request, context: context,
            status: status)
    }

    func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    func form(_ context: CenterContext) throws -> Form {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is not a form") }
        return form
    }

    // MARK: What if

    /// Shows what a change would do; its form saves it.
    func plan(
        _ change: ChangeRequest, back: String, section: String, _ request: Request, _ context: CenterContext,
        _ caller: Caller
    ) throws -> Response {
        let snapshot = fleet.snapshot
        let edits = try Edits.of(change, in: snapshot)
        let plan = try FleetRoutes(services: services).plan(of: edits, in: snapshot, for: caller)
        let view = PlanView(
            plan, try saving(change, at: snapshot.revision), back: back, renderer.words(context))
        return try show(view, "What would change", section: section, request, context)
    }

    /// Shows what becomes of each row of a list of nodes; while one is refused, nothing can be saved.
    ///
    /// - Parameter revision: that of the configuration that it was compared with.
    func plan(
        of list: ImportAnswer, _ edits: [FleetEdit], at revision: Int, _ request: Request,
        _ context: CenterContext
    ) throws -> Response {
        let back = "/nodes"
        var saving: PlanView.Saving?
        if !edits.isEmpty, !list.rows.contains(where: { $0.fate == .refused }) {
            let change = ChangeRequest(
                edits: edits.compactMap(ChangeRequest.Edit.init), summary: "list of nodes: \(list.summary)")
            saving = try self.saving(change, at: revision)
        }
        let view = PlanView(of: list, saving, back: back, renderer.words(context))
        return try show(view, "What would change", section: back, request, context)
    }

    /// What the form of a plan brings along to save it.
    private func saving(_ change: ChangeRequest, at revision: Int) throws -> PlanView.Saving {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return PlanView.Saving(
            change: PlainText(json: try encoder.encode(change)).description, revision: revision)
    }

    /// Saves what a plan showed, unless one of its records has changed since.
    private func save(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let form = try form(context)
        let change = try JSONDecoder().decode(ChangeRequest.self, from: Data(form["change"].utf8))
        let planned = Int(form["revision"])
        let back = Back.path(form["back"])
        let snapshot = try await fleet.change(by: caller.name, what: change.summary, planned: planned) {
            current in
            let edits = try Edits.of(change, in: current)
            try caller.requireLeave(for: edits, in: current)
            return edits
        }
        return redirect(Back.done(back, snapshot.revision))
    }

    /// Saves at once: for acts so small that nobody needs a plan.
    func apply(_ caller: Caller, what: String? = nil, _ make: @Sendable (FleetSnapshot) throws -> [FleetEdit])
        async throws -> FleetSnapshot
    {
        try await fleet.change(by: caller.name, what: what) { current in
            let edits = try make(current)
            try caller.requireLeave(for: edits, in: current)
            return edits
        }
    }

    /// Where this caller may put nodes.
    func groups(_ caller: Caller, _ permission: Permission = .enrol) -> [String] {
        let paths = Set(fleet.snapshot.groups.keys).union([.site])
        return paths.filter { caller.allows(permission, in: $0) }.sorted().map(\.description)
    }
}
