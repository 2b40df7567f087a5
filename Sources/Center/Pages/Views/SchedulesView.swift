import API
import Fleet
import Wire

/// What is to come and what ran, and the form for an act at a time.
struct SchedulesView: TemplateView {
    static let template = PageTemplate("schedules", Embedded.schedules_mustache)

    var failure: String?
    /// To be confirmed by sending the form again.
    var question: String?
    /// Nil when there are none, and beside a form.
    var table: TableView<Row>?
    var pages: PagerView
    /// Nil while nothing is in it, and for callers who may schedule nothing.
    var added: FormView?
    /// Whether there is a form in place of the list.
    var isForm: Bool
    /// The schedule that the form changes, as it is.
    var edited: Row?
    /// Whether a button leads to the form.
    var mayAdd: Bool
    /// Conditions that the form offers.
    var places: [String]
    /// What is asked before a schedule runs at once.
    var asking: Asking?

    struct Asking: View {
        var text: String
        var confirm: ConfirmView
    }

    struct Row: View {
        var name: String
        /// Where it is changed; nil for callers who may not.
        var edit: String?
        var act: String
        /// Nil: its group, and nothing else.
        var object: String?
        var group: LinkView
        /// The nodes that it means now; nil: there are none, or it acts on something else.
        var targets: LinkView?
        /// That a condition fits no node now.
        var lack: StateView?
        var state: StateView
        var next: String?
        /// The same as the clocks of its zone show it.
        var local: String?
        /// The same in UTC, where the zone is another one.
        var utc: String?
        /// Its weekly time; nil: it runs once.
        var every: String?
        /// The zone of its time.
        var zone: String?
        /// Where it is not done.
        var condition: String?
        var window: String?
        var last: Run?
        var runs: Runs?
        /// In whose name it runs; nil: the server's.
        var owner: String?
        /// Where its run is confirmed first.
        var ask: LinkView?
        var menu: ActionMenuView
    }

    struct Run: View {
        var at: String
        var state: StateView
        var detail: String
    }

    /// Those before the last one.
    struct Runs: View {
        var rows: [Run]
    }

    /// Of the page, in English.
    var title: String { isForm ? edited?.name ?? "New schedule" : "Schedules" }

    /// - Parameters:
    ///   - counts: the nodes that schedules mean now.
    ///   - kinds: what the caller may schedule; where that is nothing, there is no form.
    ///   - mayAct: whether the caller may schedule something there.
    init(
        _ schedules: Acts.Page<ScheduleAnswer>, _ pager: Pager, counts: [ScheduleName: Int] = [:],
        form: Typed, kinds: [ScheduledAct.Kind],
        places: [String] = [], asking: Asking? = nil, failure: String? = nil, question: String? = nil,
        mayAct: (ScheduleAnswer) -> Bool, _ words: Words
    ) {
        (self.failure, self.question, self.asking) = (failure, question, asking)
        self.places = places.prefix(FormView.suggestionLimit).map { "group=\($0)" }
        isForm = !kinds.isEmpty && form.isFilled
        mayAdd = !kinds.isEmpty && !isForm
        pages = pager.links(count: schedules.count)
        let rows = schedules.rows.map { Row($0, count: counts[$0.name], mayAct: mayAct($0), words) }
        if isForm {
            added = Self.form(form, kinds, words)
            edited = rows.first { $0.name == form["edit"] }
        } else if !rows.isEmpty {
            table = TableView(
                words("Schedules"), live: "schedules",
                columns: words.all("Name", "Action", "Schedule", "Next run", "Last run", "Actions"),
                rows: rows)
        }
    }

    private static func object(_ typed: Typed, _ object: Object, _ words: Words) -> FieldView {
        let kind = ScheduledAct.Kind(rawValue: typed["act"])
        let isMeant = kind.map { Object($0) == object } ?? (object == .nodes)
        let value = isMeant && !typed["on"].isEmpty ? typed["on"] : typed[object.rawValue]
        func field(_ label: String, _ hint: String, list: String? = nil) -> FieldView {
            FieldView(
                object.rawValue, words(label), hint: words(hint), InputView(value: value, list: list))
        }
        return switch object {
        case .nodes: field("Nodes", "A name, or a condition such as group=/school/room-12", list: "places")
        case .servers: field("Servers", "Names of terminal servers, with spaces between them")
        case .pool: field("Pool", "The name of a pool")
        case .target: field("Settings of", "A group (/school), a node, rule:NAME or image:NAME")
        case .version: field("Version", "image@version → channel")
        }
    }

    private static func form(_ typed: Typed, _ kinds: [ScheduledAct.Kind], _ words: Words) -> FormView {
        let hidden = ["sure", "edit"].filter { !typed[$0].isEmpty }.map { HiddenView($0, typed[$0]) }
        return FormView(
            path: "/schedules", style: "card settings", hidden: hidden,
            fields: [
                FieldView(
                    "act", words("Action"),
                    options: kinds.map {
                        OptionView(
                            text: words($0.phrase), value: $0.rawValue,
                            isChosen: $0.rawValue == typed["act"])
                    })
            ] + Object.allCases.map { object(typed, $0, words) } + [
                FieldView(
                    "changes", words("Changes"),
                    hint: words(
                        "One a line: loader=ipxe for settings, and -loader removes one; idleMinutes=30 for a pool; share=5%, ready=5m, for=30m, failures=0 for a roll-out"
                    ), LinesView(rows: 3, text: typed["changes"]))
            ] + time(typed, words) + [
                .window(typed["window"], words),
                FieldView(
                    "unless", words("Skip nodes where people are logged in"),
                    isTicked: !typed["unless"].isEmpty),
            ], submit: words(typed["edit"].isEmpty ? "Add schedule" : "Save"), cancel: "/schedules")
    }

    /// The text counts where it says more than the fields can.
    private static func time(_ typed: Typed, _ words: Words) -> [FieldView] {
        let when = typed.fieldsOfTime
        return [
            FieldView(
                "repeats", words("Repeats"),
                options: Repeats.allCases.map {
                    OptionView(text: words($0.phrase), value: $0.rawValue, isChosen: $0 == when.repeats)
                }),
            FieldView(
                "date", words("Date"), hint: words("Empty: today, or tomorrow where that time is past"),
                InputView(type: "date", value: when.date)),
            FieldView(
                "time", words("Time of day"),
                InputView(value: when.time, isFocused: !typed.object.isEmpty, placeholder: "22:00")),
            FieldView(
                "when", words("When"),
                hint: words("22:00, 2026-12-01 22:00, +2h; each week: mon-fri 22:00, daily 06:30"),
                InputView(value: typed["when"])),
            FieldView(
                "zone", words("Time zone"),
                hint: words("Such as Europe/Athens; empty: that of the group, or of the server"),
                InputView(value: typed["zone"])),
        ]
    }
}

extension SchedulesView.Row {
    /// - Parameter count: the nodes that it means now.
    fileprivate init(_ answer: ScheduleAnswer, count: Int?, mayAct: Bool, _ words: Words) {
        let schedule = answer.schedule
        name = answer.name.text
        edit = mayAct ? "/schedules?edit=\(answer.name)" : nil
        act = words(schedule.act.kind.phrase)
        let place = schedule.group.description
        object = schedule.act.nodes == "group=\(place)" ? nil : schedule.act.object
        group = LinkView(
            path: "/groups?path=\(Escape.component(place))",
            label: schedule.group == .site ? words("Site") : place)
        if let node = schedule.act.nodes.flatMap({ try? NodeName($0) }) {
            object = nil
            targets = LinkView(path: "/nodes/\(node)", label: node.text)
        } else if count == 0 {
            lack = StateView(kind: "booting", text: words("matches no node now"))
        } else if let count, let nodes = schedule.act.nodes {
            targets = LinkView(
                path: "/nodes?q=\(Escape.component(Self.search(nodes, in: schedule.group)))",
                label: "\(Format.number(count, words.language)) \(words("nodes"))")
        }
        state = StateView(
            kind: answer.state == .running ? "booting" : answer.state == .waiting ? "waiting" : "off",
            text: words(answer.state == .waiting ? "scheduled" : answer.state.rawValue))
        next = answer.nextAt.map { Format.time(second: $0) }
        let minute = answer.nextAt.map { String(Format.time(second: $0).prefix(Self.minuteLength)) }
        local = answer.nextLocal ?? minute
        let ownZone = answer.nextLocal == nil && minute != nil ? "UTC" : Self.zone(of: answer)
        zone = ownZone.isEmpty ? nil : ownZone
        // The day goes without saying where it is the same one.
        if let minute, let local, ownZone != "UTC" {
            utc = "\(minute.prefix(10) == local.prefix(10) ? String(minute.suffix(5)) : minute) UTC"
        }
        if case .weekly(let time) = schedule.time { every = "\(time)" }
        switch schedule.act {
        case .restart(_, true), .powerOff(_, true): condition = words("skips nodes in use")
        default: break
        }
        window = schedule.windowMinutes.map { "\(words("Window")): \($0) min" }
        let runs = answer.past.map { SchedulesView.Run($0, words) }
        last = answer.current.map { SchedulesView.Run($0, words) } ?? runs.first
        let earlier = answer.current == nil ? Array(runs.dropFirst()) : runs
        self.runs = earlier.isEmpty ? nil : SchedulesView.Runs(rows: earlier)
        owner = schedule.owner.map { "\(words("Runs for")): \($0)" }
        menu = ActionMenuView(actions: mayAct ? Self.actions(answer, words) : [])
        if mayAct, answer.state == .waiting, schedule.act.kind.interrupts {
            ask = LinkView(path: "/schedules?run=\(answer.name)", label: words("Run now"))
        }
    }

    /// Letters of a time to the minute: `2026-12-01 22:00`.
    private static let minuteLength = 16

    /// What finds the nodes that it means: they are in its group, too.
    private static func search(_ nodes: String, in group: GroupPath) -> String {
        group == .site || nodes == "group=\(group)" ? nodes : "(\(nodes)) group=\(group)"
    }

    /// The zone of its times. That of the server may have no name: it is how far its clocks are from UTC then.
    private static func zone(of answer: ScheduleAnswer) -> String {
        if let zone = answer.zone { return zone }
        guard let text = answer.nextLocal, let next = answer.nextAt, let written = try? WrittenTime(text)
        else { return "" }
        // The text has no seconds.
        let minutes = written.second(in: .utc, now: next) / 60 - next / 60
        guard minutes != 0 else { return "UTC" }
        let (hour, minute) = minutes.magnitude.quotientAndRemainder(dividingBy: 60)
        let digits = [hour, minute].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "UTC\(minutes < 0 ? "-" : "+")\(digits)"
    }

    private static func actions(_ answer: ScheduleAnswer, _ words: Words) -> [ActionView] {
        func action(_ act: String, _ label: String, _ style: String = "quiet") -> ActionView {
            ActionView(
                path: "/schedules/\(answer.name)/\(act)", label: words(label), style: style,
                spoken: "\(words(label)): \(answer.name)")
        }
        var actions: [ActionView] = []
        switch answer.state {
        case .paused: actions.append(action("resume", "Resume"))
        case .waiting:
            // What interrupts people is confirmed first.
            if !answer.schedule.act.kind.interrupts { actions.append(action("run", "Run now")) }
            actions.append(action("pause", "Pause"))
        case .running: actions.append(action("pause", "Pause"))
        case .over: break
        }
        return actions + [action("remove", "Remove", "quiet danger")]
    }
}

extension SchedulesView.Run {
    fileprivate init(_ run: ScheduleRun, _ words: Words) {
        at = Format.time(second: run.dueAt)
        let kind: String
        switch run.state {
        case .running: kind = "booting"
        case .done: kind = "ready"
        case .failed, .missed, .refused: kind = "failed"
        }
        state = StateView(kind: kind, text: words(run.state.rawValue))
        detail = Self.detail(of: run, words)
    }

    /// The run's summary: how many of its targets are in each state, and what the first one tells that went wrong.
    private static func detail(of run: ScheduleRun, _ words: Words) -> String {
        if !run.detail.isEmpty { return words.told(run.detail) }
        let counts = ScheduleRun.Outcome.allCases.compactMap { outcome in
            run.counts[outcome.rawValue].map { "\($0) \(words(outcome.words))" }
        }.joined(separator: ", ")
        guard let telling = run.telling else { return counts }
        return words("%1: %2", counts, "\(telling.name): \(words.told(telling.detail))")
    }
}

extension SchedulesView.Asking {
    /// - Parameter count: machines that it would act on now.
    init(_ answer: ScheduleAnswer, count: Int, _ words: Words) {
        let act = answer.schedule.act
        text = "\(words(act.kind.phrase)): \(act.object) · " + words("Machines: %1", String(count))
        confirm = ConfirmView(
            path: "/schedules/\(answer.name)/run", label: words("Run now"), isDanger: true, isFocused: true,
            back: LinkView(path: "/schedules", label: words("Back")))
    }
}

extension ScheduledAct.Kind {
    /// Whether it ends what people do on machines, or keeps them out.
    var interrupts: Bool {
        switch self {
        case .restart, .powerOff, .drain, .maintenance, .restartServer: true
        case .wake, .apply, .resume, .set, .pool, .promote, .trial: false
        }
    }

    /// The act for people, to be translated.
    var phrase: String {
        switch self {
        case .restart: "restart nodes"
        case .powerOff: "switch nodes off"
        case .wake: "switch nodes on"
        case .apply: "carry out changed steps on nodes"
        case .drain: "drain terminal servers"
        case .maintenance: "terminal servers into maintenance"
        case .resume: "terminal servers take log-ins again"
        case .restartServer: "restart terminal servers when they are empty"
        case .set: "change settings"
        case .pool: "change a pool"
        case .promote: "move a channel"
        case .trial: "begin a roll-out"
        }
    }
}
