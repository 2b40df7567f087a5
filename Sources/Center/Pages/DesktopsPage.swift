import API
import Fleet
import Hummingbird

/// Terminal servers and their pools, and where log-ins go.
struct DesktopsPage {
    let pages: Pages

    private static let section = "/desktops"
    private static let servers = "/desktops/servers"

    func add(to routes: Routes) {
        routes.get("desktops", .read) { request, context, acts in
            let view = DesktopPoolsView(
                try acts.pools("", offset: 0, limit: Acts.pageLimit).rows,
                mayAdd: acts.maySomewhere(.configure), mayChange: { acts.may(.configure, in: $0) },
                pages.renderer.words(context))
            return try pages.show(view, "Desktops", section: Self.section, request, context)
        }
        routes.get("desktops/servers", .read) { request, context, acts in
            let pager = try Pager(request, path: Self.servers)
            let page = try acts.terminals(pager.query, offset: pager.offset, limit: Pager.rowLimit)
            let view = DesktopServersView(
                page, pager, mayAdd: acts.maySomewhere(.configure), pages.renderer.words(context))
            return try pages.show(view, "Desktops", section: Self.section, request, context)
        }
        routes.get("desktops/servers/:name", .read) { request, context, acts in
            let answer = try acts.terminal(TerminalName(context.parameter("name"))).record
            let view = DesktopServerView(
                answer, mayChange: acts.may(.configure, in: answer.server.group),
                pages.renderer.words(context))
            return try pages.show(view, answer.server.name.text, section: Self.section, request, context)
        }
        routes.post("desktops/servers/:name/admit", .configure) { request, context, acts in
            try admit(request, context, acts)
        }
        routes.get("desktops/place", .read) { request, context, acts in try place(request, context, acts) }
        routes.get("desktops/log-ins", .read) { request, context, acts in
            let pager = try Pager(request, path: "/desktops/log-ins")
            let page = try acts.placements(pager.query, offset: pager.offset, limit: Pager.rowLimit)
            let view = DesktopLogInsView(page, pager, pages.renderer.words(context))
            return try pages.show(view, "Log-ins", section: Self.section, request, context)
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
            case let text: throw Problem(422, "Invalid act", "‘\(text)’ is nothing that a server does")
            }
        var planned = try acts.planAdmission(wish.0, of: name, restarts: wish.restarts)
        let answer = try acts.terminal(name).record
        let count = answer.sessionCount + answer.underwayCount
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
            planned, back: "\(Self.servers)/\(name)", section: Self.section, request, context)
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
            return try pages.show(view, "Who lands where?", section: Self.section, request, context)
        }
        func shown(_ view: DesktopPlaceView, _ status: HTTPResponse.Status) throws -> Response {
            try pages.show(view, "Who lands where?", section: Self.section, request, context, status: status)
        }
        do {
            let placed = try acts.placement(
                of: question.user, at: request.query("node"), pool: request.query("pool"), protocols: [])
            return try shown(DesktopPlaceView(question, pools: pools, placed, words), .ok)
        } catch StoreError.conflict(let text) {
            return try shown(DesktopPlaceView(question, pools: pools, problem: text, words), .conflict)
        } catch StoreError.notFound(let text) {
            return try shown(DesktopPlaceView(question, pools: pools, problem: text, words), .notFound)
        }
    }

    // MARK: Forms

    private func addForms(to routes: Routes) {
        routes.get("desktops/server", .configure) { request, context, acts in
            let form: TerminalForm
            if let name = request.query("name") {
                let saved = try acts.terminal(TerminalName(name))
                form = TerminalForm(saved.record.server, in: saved.record.server.group, tag: saved.tag)
            } else {
                try acts.requireChangingTerminals(in: nil)
                form = TerminalForm(nil, in: acts.groupPaths(.configure).first ?? .site)
            }
            return try show(form, request, context, acts)
        }
        routes.post("desktops/server", .configure) { request, context, acts in
            let form = try pages.form(context)
            let typed = TerminalForm(form)
            do {
                if form.has("remove") {
                    let name = try TerminalName(form["name"])
                    return try plan(.init(.terminal(name, nil)), back: Self.servers, request, context, acts)
                }
                try acts.requireChangingTerminals(in: (try? GroupPath(typed["group"])) ?? .site)
                let stored = try typed.isNew ? nil : acts.terminal(TerminalName(form["name"])).record.server
                let server = try typed.server(over: stored)
                let revision = try acts.requireState(
                    of: TerminalServer.self, at: server.name, isNew: typed.isNew, tag: typed.tag)
                return try plan(
                    .init(.terminal(server.name, server), isNew: typed.isNew), since: revision,
                    back: "\(Self.servers)/\(server.name)", request, context, acts)
            } catch {
                guard let errors = Self.errors(error, TerminalForm.names) else { throw error }
                return try show(typed, errors: errors, request, context, acts)
            }
        }
        routes.get("desktops/pool", .configure) { request, context, acts in
            let form: PoolForm
            if let name = request.query("name") {
                let saved = try acts.pool(PoolName(name))
                form = PoolForm(saved.record.pool, in: saved.record.pool.group, tag: saved.tag)
            } else {
                try acts.requireChangingTerminals(in: nil)
                form = PoolForm(nil, in: acts.groupPaths(.configure).first ?? .site)
            }
            return try show(form, request, context, acts)
        }
        routes.post("desktops/pool", .configure) { request, context, acts in
            let form = try pages.form(context)
            let typed = PoolForm(form)
            do {
                if form.has("remove") {
                    let name = try PoolName(form["name"])
                    return try plan(.init(.pool(name, nil)), back: Self.section, request, context, acts)
                }
                try acts.requireChangingTerminals(in: (try? GroupPath(typed["group"])) ?? .site)
                let stored = try typed.isNew ? nil : acts.pool(PoolName(form["name"])).record.pool
                let pool = try typed.pool(over: stored)
                let revision = try acts.requireState(
                    of: TerminalPool.self, at: pool.name, isNew: typed.isNew, tag: typed.tag)
                return try plan(
                    .init(.pool(pool.name, pool), isNew: typed.isNew), since: revision, back: Self.section,
                    request, context, acts)
            } catch {
                guard let errors = Self.errors(error, PoolForm.names) else { throw error }
                return try show(typed, errors: errors, request, context, acts)
            }
        }
    }

    /// What is wrong with a form, by its fields; nil: something else is.
    private static func errors(_ error: any Error, _ names: [String]) -> [String: String]? {
        switch error {
        case let problem as FormProblem: problem.errors
        case let refusal as InvalidSetting: FormProblem(refusal, fields: Set(names)).errors
        case StoreError.notFound(let text), StoreError.conflict(let text): ["": text]
        default: nil
        }
    }

    private func show(
        _ form: TerminalForm, errors: [String: String] = [:], _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) throws -> Response {
        let view = DesktopFormView(
            form, errors: errors, groups: acts.groupPaths(.configure), pages.renderer.words(context))
        return try pages.show(
            view, "Desktops", section: Self.section, request, context,
            status: errors.isEmpty ? .ok : .unprocessableContent)
    }

    private func show(
        _ form: PoolForm, errors: [String: String] = [:], _ request: Request, _ context: CenterContext,
        _ acts: Acts
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
