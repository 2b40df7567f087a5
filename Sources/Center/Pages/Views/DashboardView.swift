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
    /// Nil when no peer is limited.
    var limited: TableView<Limit>?
    var chart: Chart
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
        var label: String
        var link: String
    }

    struct Trouble: View {
        var machine: String
        var link: String
        var text: String
        var fix: String
    }

    struct Limit: View {
        var peer: String
        var limit: String
    }

    /// The boots of the last hour, minute by minute.
    struct Chart: View {
        var label: String
        var bars: [Bar]
        /// Boots in the fullest minute.
        var peak: Int
        var median: String
        var percentile95: String
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

    init(_ figures: FiguresAnswer, warnings: [String], of server: Acts.ServerState, _ words: Words) {
        tiles = Self.tiles(figures, words)
        self.warnings = warnings
        if !figures.troubles.isEmpty {
            troubles = TableView(
                words("What is wrong now"), columns: words.all("Machine", "What", "Fix"),
                rows: figures.troubles.map {
                    Trouble(
                        machine: $0.machine.text, link: "/nodes/\($0.machine)", text: $0.text,
                        fix: words($0.fix))
                })
        }
        if !figures.limited.isEmpty {
            limited = TableView(
                words("Limited now"), columns: words.all("From where", "Limit"),
                rows: figures.limited.map { Limit(peer: $0.peer, limit: $0.limit) })
        }
        chart = Chart(figures, words)
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
                kind: state.rawValue, count: figures.states[state] ?? 0, label: words(state.rawValue),
                link: "/nodes?q=\(Escape.component("state=\(state.rawValue)"))")
        }
        let unknown = Tile(
            kind: figures.unknownCount > 0 ? "booting" : "unseen", count: figures.unknownCount,
            label: words("unknown machines"), link: "/machines")
        return states + [unknown]
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
        peak = figures.minutes.map(\.started).max() ?? 0
        median = Format.duration(figures.median)
        percentile95 = Format.duration(figures.percentile95)
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
                    name: stage.rawValue, time: Format.duration($0), share: $0 * 100 / longest)
            }
        }
    }
}
