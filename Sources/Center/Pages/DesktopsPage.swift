import API
import Fleet
import Hummingbird

/// Terminal servers and their pools, and where log-ins go.
struct DesktopsPage: FleetPage {
    static let views: [any TemplateView.Type] = [
        DesktopPoolsView.self, DesktopServersView.self, DesktopServerView.self, DesktopFormView.self,
        DesktopPlaceView.self, DesktopLogInsView.self,
    ]
    static let menu = [
        MenuEntry("/desktops", "Server pools", .desktops, .read),
        MenuEntry("/desktops/servers", "Servers", .desktops, .read),
    ]

    let pages: Pages

    private static let section = "/desktops"
    private static let servers = "/desktops/servers"
    private static let placement = "/desktops/place"

    func add(to routes: Routes) {
        routes.get("desktops", .read) { request, context, acts in
            let view = DesktopPoolsView(
                try acts.pools("", offset: 0, limit: Acts.pageLimit).rows, try acts.unservedPools(),
                mayAdd: acts.maySomewhere(.configure), mayChange: { acts.may(.configure, in: $0) },
                pages.renderer.words(context))
            return try pages.show(view, "Server pools", section: Self.section, request, context)
        }
        routes.get("desktops/servers", .read) { request, context, acts in
            let pager = try Pager(request, path: Self.servers)
            let page = try acts.terminals(
                pager.query, offset: pager.offset, limit: Pager.rowLimit, troubledFirst: true)
            let view = DesktopServersView(
                page, pager, states: try acts.terminalStates(), mayAdd: acts.maySomewhere(.configure),
                mayChange: { acts.may(.configure, in: $0) }, pages.renderer.words(context))
            return try pages.show(view, "Servers", section: Self.servers, request, context)
        }
        routes.get("desktops/servers/:name", .read) { request, context, acts in
            let answer = try acts.terminal(TerminalName(context.parameter("name"))).record
            let sessions = try await acts.terminalSessions(on: answer.server.name)
            let view = DesktopServerView(
                answer, sessions, mayChange: acts.may(.configure, in: answer.server.group),
                mayHelp: acts.may(.enrol, in: answer.server.group), isSent: request.query("sent") == "yes",
                now: Clock.second, pages.renderer.words(context))
            return try pages.show(view, answer.server.name.text, section: Self.servers, request, context)
        }
        routes.post("desktops/servers/:name/admit", .configure) { request, context, acts in
            try admit(request, context, acts)
        }
        routes.get("desktops/place", .read) { request, context, acts in try place(request, context, acts) }
        routes.get("desktops/log-ins", .read) { request, context, acts in
            let pager = try Pager(request, path: "/desktops/log-ins")
            let page = try acts.placements(pager.query, offset: pager.offset, limit: Pager.rowLimit)
            let view = DesktopLogInsView(
                page, pager, outcomes: try acts.placementOutcomes(), pages.renderer.words(context))
            return try pages.show(view, "Log-ins", section: "/desktops/log-ins", request, context)
        }
        addForms(to: routes)
    }

    // MARK: What a server takes

    /// Shows what would change; its form saves it.
    private func admit(_ request: Request, _ context: CenterContext, _ acts: Acts) throws -> Response {
        let (name, form) = (try TerminalName(context.parameter("name")), try pages.form(context))
        _ = try acts.requireState(of: TerminalServer.self, at: name, isNew: false, tag: "*")
        let wish: (TerminalServer.Admission, restarts: Bool) =
            switch form["act"] {
            case "drain": (.draining, false)
            case "restart": (.draining, true)
            case "maintenance": (.maintenance, false)
            case "resume": (.open, false)
            case let text: throw Problem(422, "Invalid act", "there is no action ‘\(text)’ here")
            }
        var planned = try acts.planAdmission(wish.0, of: name, restarts: wish.restarts)
        let answer = try acts.terminal(name).record
        let count = (answer.sessionCount ?? 0) + answer.underwayCount
        if wish.0 != .open, count > 0 {
            let words = pages.renderer.words(context)
            planned.plan.notes =
                (planned.plan.notes ?? [])
                + [
                    words(
                        "%1 sessions are there: they stay, and their people can come back to them.",
                        "\(count)"
                    )
                ]
        }
        return try pages.plan(
            planned, back: form["back"] == "list" ? Self.servers : "\(Self.servers)/\(name)",
            section: Self.servers, request, context)
    }

    // MARK: Placement

    private func place(_ request: Request, _ context: CenterContext, _ acts: Acts) throws -> Response {
        let words = pages.renderer.words(context)
        let question = DesktopPlaceView.Question(
            user: request.query("user") ?? "", node: request.query("node") ?? "",
            pool: request.query("pool") ?? "")
        let pools = try acts.pools("", offset: 0, limit: Acts.pageLimit).rows.map(\.pool.name)
        guard request.query("node") != nil || request.query("pool") != nil else {
            let view = DesktopPlaceView(question, pools: pools, nil, words)
            return try pages.show(view, "Who lands where?", section: Self.placement, request, context)
        }
        func shown(_ view: DesktopPlaceView, _ status: HTTPResponse.Status) throws -> Response {
            try pages.show(
                view, "Who lands where?", section: Self.placement, request, context, status: status)
        }
        do {
            let placed = try acts.placement(
                of: question.user, at: request.query("node"), pool: request.query("pool"), protocols: [])
            return try shown(DesktopPlaceView(question, pools: pools, placed, words), .ok)
        } catch StoreError.conflict(let text) {
            return try shown(DesktopPlaceView(question, pools: pools, problem: words(text), words), .conflict)
        } catch StoreError.notFound(let text) {
            return try shown(DesktopPlaceView(question, pools: pools, problem: words(text), words), .notFound)
        }
    }

    // MARK: Forms

    private func addForms(to routes: Routes) {
        addForm(of: TerminalServer.self, at: "desktops/server", to: routes) { name in
            name.map { "\(Self.servers)/\($0)" } ?? Self.servers
        }
        addForm(of: TerminalPool.self, at: "desktops/pool", to: routes) { _ in Self.section }
    }

    /// - Parameter back: where a change leads back to; nil: the record is removed.
    private func addForm<Record: DesktopRecord>(
        of _: Record.Type, at path: RouterPath, to routes: Routes,
        back: @escaping @Sendable (Record.Key?) -> String
    ) {
        routes.get(path, .configure) { request, context, acts in
            let form: DesktopForm<Record>
            if let name = request.query("name") {
                let saved = try Record.saved(Record.Key(name), by: acts)
                form = DesktopForm(saved.record, in: saved.record.group, tag: saved.tag)
            } else {
                try acts.requireChangingTerminals(in: nil)
                form = DesktopForm(nil, in: acts.groupPaths(.configure).first ?? .site)
            }
            return try show(form, request, context, acts)
        }
        routes.post(path, .configure) { request, context, acts in
            let form = try pages.form(context)
            let typed = DesktopForm<Record>(form)
            do {
                if form.has("remove") {
                    let name = try Record.Key(form["name"])
                    return try plan(.init(name, nil as Record?), back: back(nil), request, context, acts)
                }
                try acts.requireChangingTerminals(in: (try? GroupPath(typed["group"])) ?? .site)
                let stored = try typed.isNew ? nil : Record.saved(Record.Key(form["name"]), by: acts).record
                let record = try typed.record(over: stored)
                let revision = try acts.requireState(
                    of: Record.self, at: record.name, isNew: typed.isNew, tag: typed.tag)
                return try plan(
                    .init(record.name, record, isNew: typed.isNew), since: revision, back: back(record.name),
                    request, context, acts)
            } catch {
                guard let errors = Self.errors(error, Record.fieldNames) else { throw error }
                return try show(typed, errors: errors, request, context, acts)
            }
        }
    }

    /// What is wrong with a form, by its fields; nil: something else is.
    private static func errors(_ error: any Error, _ names: [String]) -> [String: Sentence]? {
        switch error {
        case let problem as FormProblem: problem.errors
        case let refusal as InvalidSetting: FormProblem(refusal, fields: Set(names)).errors
        case StoreError.notFound(let text), StoreError.conflict(let text): ["": text]
        default: nil
        }
    }

    private func show(
        _ form: DesktopForm<some DesktopRecord>, errors: [String: Sentence] = [:], _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) throws -> Response {
        let view = DesktopFormView(
            form, errors: errors, groups: acts.groupPaths(.configure), pages.renderer.words(context))
        return try pages.show(
            view, "Desktops", section: Self.section, request, context,
            status: errors.isEmpty ? .ok : .unprocessableContent)
    }

    private func plan(
        _ edit: ChangeRequest.Edit, since revision: Int? = nil, back: String, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) throws -> Response {
        try pages.plan(
            acts.plan(ChangeRequest(edits: [edit]), since: revision), back: back, section: Self.section,
            request,
            context)
    }
}
