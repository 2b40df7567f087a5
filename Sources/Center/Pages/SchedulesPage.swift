import API
import Fleet
import Hummingbird
import Wire

/// Acts for later: what is to come, what ran, and a new one.
struct SchedulesPage: FleetPage {
    static let views: [any TemplateView.Type] = [SchedulesView.self]
    static let menu = [MenuEntry("/schedules", "Schedules", .nodes, .read)]

    let pages: Pages

    private static let path = "/schedules"

    func add(to routes: Routes) {
        routes.get("schedules", .read) { request, context, acts in
            let typed = SchedulesView.Typed(
                values: Dictionary(
                    uniqueKeysWithValues: SchedulesView.Typed.names.map { ($0, request.query($0) ?? "") }))
            let asking = try await ask(request, context, acts)
            let filled = try fill(typed, acts)
            return try await show(filled, asking: asking, request, context, acts)
        }
        routes.post("schedules", .enrol) { request, context, acts in
            try await make(request, context, acts)
        }
        routes.post("schedules/:name/:act", .enrol) { _, context, acts in
            let (name, act) = (try ScheduleName(context.parameter("name")), try context.parameter("act"))
            if act == "remove" {
                try await acts.removeSchedule(name)
            } else {
                _ = try await acts.steerSchedule(name, act)
            }
            return pages.redirect(Self.path)
        }
    }

    /// What a link brings; of one that changes a schedule, what this is now.
    private func fill(_ typed: SchedulesView.Typed, _ acts: Acts) throws -> SchedulesView.Typed {
        guard !typed["edit"].isEmpty, typed["act"].isEmpty else { return typed }
        let answer = try acts.schedule(try ScheduleName(typed["edit"])).record
        return acts.may(answer.schedule.act.permission, in: answer.schedule.group)
            ? SchedulesView.Typed(answer) : SchedulesView.Typed()
    }

    private func show(
        _ typed: SchedulesView.Typed, asking: SchedulesView.Asking? = nil, failure: String? = nil,
        question: String? = nil, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let pager = try Pager(request, path: Self.path)
        let kinds = ScheduledAct.Kind.allCases.filter { acts.maySomewhere($0.permission) }
        // A form stands alone, and knows the schedule that it changes.
        let page =
            typed.isFilled && !kinds.isEmpty
            ? Self.edited(typed, acts)
            : try acts.schedules(pager.query, offset: pager.offset, limit: Pager.rowLimit)
        let counts = try await acts.scheduledCounts(page.rows.map(\.schedule))
        let view = SchedulesView(
            page, pager, counts: counts, form: typed, kinds: kinds,
            places: acts.groupPaths().map(\.description), asking: asking, failure: failure,
            question: question,
            mayAct: { acts.may($0.schedule.act.permission, in: $0.schedule.group) },
            pages.renderer.words(context))
        return try pages.show(
            view, view.title, section: Self.path, request, context, failure: failure)
    }

    /// The schedule that a form changes. One that was removed meanwhile is not shown beside what was typed.
    private static func edited(_ typed: SchedulesView.Typed, _ acts: Acts) -> Acts.Page<ScheduleAnswer> {
        let answer = try? acts.schedule(ScheduleName(typed["edit"])).record
        let rows = answer.map { [$0] } ?? []
        return Acts.Page(rows: rows, count: rows.count, next: nil)
    }

    /// What a run at once would interrupt; nil: nothing is asked.
    private func ask(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> SchedulesView.Asking?
    {
        guard let name = request.query("run") else { return nil }
        let answer = try acts.schedule(try ScheduleName(name)).record
        let act = answer.schedule.act
        let count =
            if let nodes = act.nodes {
                try await acts.scheduledNodes(nodes, in: answer.schedule.group).count
            } else if case .admit(_, let servers, _) = act {
                servers.count
            } else {
                0
            }
        return SchedulesView.Asking(answer, count: count, pages.renderer.words(context))
    }

    private func make(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        var typed = SchedulesView.Typed(
            values: Dictionary(
                uniqueKeysWithValues: SchedulesView.Typed.names.map { ($0, form[$0]) }))
        if let kind = ScheduledAct.Kind(rawValue: typed["act"]) { try acts.requireScheduling(kind) }
        do {
            let replaced = typed["edit"].isEmpty ? nil : try ScheduleName(typed["edit"])
            var wish = try ScheduleForm(typed).request()
            // An empty field takes the zone away, and no field leaves it.
            if let replaced, !form.has("zone") {
                wish.zone = try acts.schedule(replaced).record.schedule.zone
            }
            // A condition names machines that are not on the page: how many there are is said first.
            if let nodes = wish.act.nodes, (try? NodeName(nodes)) == nil {
                let count = try await acts.scheduledNodes(nodes, in: .site).count
                if count != 1, typed["sure"] != "\(nodes) \(count)" {
                    typed.values["sure"] = "\(nodes) \(count)"
                    return try await show(
                        typed,
                        question: words("%1 nodes match now. Send it again to schedule it.", String(count)),
                        request, context, acts)
                }
            }
            let made = try await acts.makeSchedule(wish, replacing: replaced)
            return pages.redirect(Back.done(Self.path, made.revision))
        } catch let error where error.isRefusalOfForm {
            return try await show(typed, failure: words(error), request, context, acts)
        }
    }
}
