import API
import Fleet
import Wire

/// The fleet at a glance: activity, problems, and where boot time goes.
struct DashboardView: TemplateView {
    static let template = PageTemplate("dashboard", Embedded.dashboard_mustache)

    var tiles: [Tile]
    /// Problems of the server itself.
    var warnings: [String]
    /// Nil when all machines came up.
    var troubles: TableView<Trouble>?
    /// Nil while there are no nodes.
    var map: FleetMap?
    /// Nil when no peer is limited.
    var limited: TableView<Limit>?
    /// Nil: nothing booted in the last hour.
    var chart: Chart?
    /// Nil when no boot was seen.
    var stages: Stages?
    var server: String
    var roles: String
    var leases: Int
    /// Open connections to roots.
    var connections: Int
    var revision: Int

    struct Tile: View {
        var kind: String
        var count: Int
        /// It is quiet then.
        var isNone: Bool
        var label: String
        var link: String

        init(kind: String, count: Int, label: String, link: String) {
            (self.kind, self.count, isNone, self.label, self.link) = (kind, count, count == 0, label, link)
        }
    }

    struct Trouble: View {
        var since: String?
        /// How long ago that was.
        var ago: String?
        /// Where it is: a group, or all pools that a server has to do with.
        var places: [LinkView]
        /// The first of the machines.
        var machines: [LinkView]
        var more: LinkView?
        /// Machines with it, where there are several and the text does not say it.
        var count: String?
        var text: String
        var fix: String
        /// What mends it at once.
        var action: ActionView?
    }

    struct Limit: View {
        var peer: String
        var limit: String
    }

    /// The boots of the last hour, minute by minute.
    struct Chart: View {
        var label: String
        var bars: [Bar]
        /// Boots in the fullest minute: what the highest bar stands for.
        var peak: Int
        var median: String
        var percentile95: String
        /// The first and the last minute, below the bars.
        var from: String
        var to: String
    }

    /// One minute, in a box of 600 by 120.
    struct Bar: View {
        var x: Int
        var startedY: Int
        var startedHeight: Int
        var readyY: Int
        var readyHeight: Int
    }

    struct Stages: View {
        var rows: [Stage]
    }

    struct Stage: View {
        var name: String
        var time: String
        /// Percent of the longest one.
        var share: Int
    }

    /// - Parameters:
    ///   - mayRelease: whether the caller may let a held node of a group boot again.
    init(
        _ overview: Acts.Overview, warnings: [String],
        of server: Acts.ServerState, mayRelease: (GroupPath) -> Bool = { _ in false },
        mayRestart: (GroupPath) -> Bool = { _ in false }, _ words: Words
    ) {
        let figures = overview.figures
        if !overview.rooms.isEmpty { map = FleetMap(overview.rooms, words) }
        tiles = Self.tiles(figures, words)
        self.warnings = warnings
        if !overview.troubles.isEmpty || !server.terminalTroubles.isEmpty {
            troubles = TableView(
                words("What is wrong now"), columns: words.all("Since", "Where", "Machine", "What", "Fix"),
                // Many people are at one server: those first. What keeps no one from work comes last.
                rows: server.terminalTroubles.filter { $0.trouble.stopsPeople }.map { Trouble($0, words) }
                    + overview.troubles.map {
                        Trouble(
                            $0, mayRelease: $0.trouble.group.map(mayRelease) ?? false,
                            mayRestart: $0.trouble.group.map(mayRestart) ?? false, words)
                    } + server.terminalTroubles.filter { !$0.trouble.stopsPeople }.map { Trouble($0, words) })
        }
        if !figures.limited.isEmpty {
            limited = TableView(
                words("Limited now"), columns: words.all("From where", "Limit"),
                rows: figures.limited.map { Limit(peer: $0.peer, limit: $0.limit) })
        }
        if figures.minutes.contains(where: { $0.started + $0.ready > 0 }) { chart = Chart(figures, words) }
        if figures.bootCount > 0 { stages = Stages(figures) }
        self.server = server.address.description
        roles = server.roles.text
        leases = server.leaseCount
        connections = server.connectionCount
        revision = server.revision
    }

    private static func tiles(_ figures: FiguresAnswer, _ words: Words) -> [Tile] {
        let states = MachineState.allCases.map { state in
            Tile(
                kind: state.rawValue, count: figures.states[state] ?? 0, label: words(state.word),
                link: "/nodes?q=\(Escape.component("state=\(state.rawValue)"))")
        }
        let unknown = Tile(
            kind: figures.unknownCount > 0 ? "unknown" : "unseen", count: figures.unknownCount,
            label: words("unknown"), link: "/machines")
        return states + [unknown]
    }
}

extension DashboardView.Trouble {
    /// Machines that are named.
    private static let nameLimit = 3

    init(_ line: TroubleLine, mayRelease: Bool, mayRestart: Bool = false, _ words: Words) {
        let trouble = line.trouble
        since = trouble.since.map { Format.time(millisecond: $0) }
        ago = trouble.since.map { Self.ago($0, words) }
        places =
            trouble.group.map {
                [LinkView(path: "/groups?path=\(Escape.component($0.description))", label: $0.description)]
            } ?? []
        machines = trouble.machines.prefix(Self.nameLimit).map {
            LinkView(path: "/nodes/\($0)", label: $0.text)
        }
        if trouble.count > Self.nameLimit {
            let place = trouble.group.map { "group=\($0)" } ?? ""
            let state = [.held, .failed, .stuck, .lost].contains(trouble.kind) ? trouble.kind.rawValue : nil
            let query = place + (state.map { " state=\($0)" } ?? "")
            more = LinkView(
                path: trouble.group == nil ? "/machines" : "/nodes?q=\(Escape.component(query))",
                label: words("and %1 more", String(trouble.count - Self.nameLimit)))
        }
        text =
            trouble.kind == .lost && trouble.count > 1
            ? words("%1 nodes are lost", String(trouble.count)) : words(line.what)
        if trouble.count > 1, trouble.kind != .lost { count = Format.number(trouble.count, words.language) }
        fix = words(line.fix)
        if trouble.kind == .held, trouble.count == 1, mayRelease {
            fix = words("mend the cause, then let it try again")
            action = ActionView(
                path: "/nodes/\(trouble.machine)/release", label: words("Let it try again"), style: "quiet")
        } else if mayRestart, !line.restartable.isEmpty {
            let count = line.restartable.count
            action = ActionView(
                path: "/nodes/restart",
                label: trouble.count == 1
                    ? words("Restart") : words("Restart %1", Format.number(count, words.language)),
                style: "quiet", hidden: line.restartable.map { HiddenView("node", $0.text) })
        }
    }
}

extension DashboardView.Trouble {
    /// Of a terminal server or a pool.
    init(_ placed: Acts.PlacedTrouble, _ words: Words) {
        let trouble = placed.trouble
        since = trouble.since.map { Format.time(second: $0) }
        ago = trouble.since.map { Self.ago($0 * 1_000, words) }
        if case .unserved(_, _, _, wasHeard: false) = trouble { ago = words("never heard") }
        places = placed.pools.map(LinkView.init(pool:))
        machines = trouble.server.map { [LinkView(terminal: $0)] } ?? []
        if case .unserved(_, let servers, let otherCount, _) = trouble {
            machines = servers.prefix(Self.nameLimit).map(LinkView.init(terminal:))
            let more = otherCount + servers.count - machines.count
            if more > 0 {
                self.more = LinkView(path: "/desktops/servers", label: words("and %1 more", String(more)))
            }
        }
        (text, fix) = (words.what(trouble), words(trouble.fix))
        // The page of such troubles is for those who may do that.
        if case .silent(let server, _, _) = trouble {
            // The button says the rest.
            fix = words("check the machine and its roost-agent; is it meant to be off?")
            action = ActionView(
                path: "/desktops/servers/\(server)/admit", label: words("Maintenance"), style: "quiet",
                hidden: [HiddenView("act", "maintenance")])
        }
    }

    /// - Parameter since: milliseconds since 1970.
    private static func ago(_ since: Int, _ words: Words) -> String {
        words("%1 ago", Format.age(max(0, Clock.millisecond - since)))
    }
}

extension TerminalTrouble {
    /// Whether people are cut off, or cannot log in: not so where a server was only never set up, or wants attention.
    fileprivate var stopsPeople: Bool {
        switch self {
        case .silent, .noServer, .failing: true
        case .unserved(_, _, _, let wasHeard): wasHeard
        case .reported, .otherCertificate, .unknownCertificate, .oldAgent: false
        }
    }
}

extension DashboardView.Chart {
    /// Sixty bars, each ten units wide; the highest is a hundred and ten units high.
    init(_ figures: FiguresAnswer, _ words: Words) {
        let highest = max(1, figures.minutes.map { max($0.started, $0.ready) }.max() ?? 1)
        func height(_ count: Int) -> Int { count * 110 / highest }
        bars = figures.minutes.enumerated().map { index, minute in
            DashboardView.Bar(
                x: index * 10, startedY: 119 - height(minute.started),
                startedHeight: height(minute.started), readyY: 119 - height(minute.ready),
                readyHeight: height(minute.ready))
        }
        peak = highest
        median = Format.duration(figures.median)
        percentile95 = Format.duration(figures.percentile95)
        from = figures.minutes.first.map { Format.time(millisecond: $0.at) } ?? ""
        to = figures.minutes.last.map { Format.time(millisecond: $0.at) } ?? ""
        label = words(
            "%1 boots started and %2 became ready in the last hour",
            String(figures.minutes.reduce(0) { $0 + $1.started }),
            String(figures.minutes.reduce(0) { $0 + $1.ready }))
    }
}

extension DashboardView.Stages {
    init(_ figures: FiguresAnswer) {
        let longest = max(1, figures.stages.values.max() ?? 1)
        rows = BootStage.allCases.compactMap { stage in
            figures.stages[stage].map {
                DashboardView.Stage(
                    name: stage.rawValue, time: $0 < 1_000 ? "\($0) ms" : Format.duration($0),
                    share: $0 * 100 / longest)
            }
        }
    }
}
