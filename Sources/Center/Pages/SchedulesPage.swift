import API
import Fleet
import Hummingbird
import Wire

/// Acts for later: what is to come, what ran, and a new one.
struct SchedulesPage {
    let pages: Pages

    private static let path = "/schedules"

    func add(to routes: Routes) {
        routes.get("schedules", .read) { request, context, acts in
            let typed = SchedulesView.Typed(
                values: Dictionary(
                    uniqueKeysWithValues: SchedulesView.Typed.names.map { ($0, request.query($0) ?? "") }))
            return try show(typed, request, context, acts)
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

    private func show(
        _ typed: SchedulesView.Typed, failure: String? = nil, question: String? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) throws -> Response {
        let pager = try Pager(request, path: Self.path)
        let page = try acts.schedules(pager.query, offset: pager.offset, limit: Pager.rowLimit)
        let view = SchedulesView(
            page, pager, form: acts.maySomewhere(.enrol) ? typed : nil, failure: failure,
            question: question,
            mayAct: { acts.may($0.schedule.act.permission, in: $0.schedule.group) },
            pages.renderer.words(context))
        return try pages.show(
            view, "Schedules", section: Self.path, request, context,
            status: failure == nil ? .ok : .unprocessableContent)
    }

    private func make(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        var typed = SchedulesView.Typed(
            values: Dictionary(
                uniqueKeysWithValues: SchedulesView.Typed.names.map { ($0, form[$0]) }))
        do {
            let wish = try Self.wish(typed)
            // A condition names machines that are not on the page: how many there are is said first.
            if case .restart(let nodes, _) = wish.act, (try? NodeName(nodes)) == nil {
                let count = try await acts.scheduledNodes(nodes, in: .site).count
                if count > 1, typed["sure"] != "\(nodes) \(count)" {
                    typed.values["sure"] = "\(nodes) \(count)"
                    return try show(
                        typed,
                        question: words("%1 nodes match now. Send it again to schedule it.", String(count)),
                        request, context, acts)
                }
            }
            let made = try await acts.makeSchedule(wish)
            return pages.redirect(Back.done(Self.path, made.revision))
        } catch let error as any CustomStringConvertible & Error
            where error is StoreError || error is InvalidSetting || error is InvalidName
            || error is InvalidCondition
        {
            return try show(typed, failure: words(error.description), request, context, acts)
        } catch let problem as Problem where problem.status == 422 {
            return try show(typed, failure: words(problem), request, context, acts)
        }
    }

    private static func wish(_ typed: SchedulesView.Typed) throws -> ScheduleRequest {
        let act = try act(typed)
        var window: Int?
        if !typed["window"].isEmpty {
            guard let seconds = Duration.seconds(written: typed["window"]), seconds >= 60 else {
                throw InvalidSetting("window: ‘\(typed["window"])’ is not a length of time such as 30m or 2h")
            }
            window = seconds / 60
        }
        if let every = WeekTime(typed["when"]) {
            return ScheduleRequest(act: act, every: every, windowMinutes: window)
        }
        return ScheduleRequest(act: act, at: typed["when"], windowMinutes: window)
    }

    private static func act(_ typed: SchedulesView.Typed) throws -> ScheduledAct {
        func servers() throws -> [TerminalName] {
            try typed["on"].split { $0 == "," || $0.isWhitespace }.map { try TerminalName($0) }
        }
        switch ScheduledAct.Kind(rawValue: typed["act"]) {
        case .restart: return .restart(nodes: typed["on"], unlessInUse: !typed["unless"].isEmpty)
        case .apply: return .apply(nodes: typed["on"])
        case .drain: return .admit(.draining, servers: try servers(), restarts: false)
        case .restartServer: return .admit(.draining, servers: try servers(), restarts: true)
        case .maintenance: return .admit(.maintenance, servers: try servers(), restarts: false)
        case .resume: return .admit(.open, servers: try servers(), restarts: false)
        case .promote:
            let parts = typed["on"].split { $0 == "@" || $0 == "→" || $0.isWhitespace }.map(String.init)
            guard (2...3).contains(parts.count),
                let channel = parts.count == 3 ? ChannelName(parts[2]) : .stable
            else { throw InvalidSetting("‘\(typed["on"])’ is not image@version → channel") }
            return .promote(try ImageName(parts[0]), version: parts[1], to: channel)
        case .set, .pool, .trial, nil:
            throw InvalidSetting("‘\(typed["act"])’ is not an act of this form")
        }
    }
}
