import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The fleet at a glance: what it does, what is wrong, and where the time goes.
struct DashboardPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("/", .read) { request, context, acts in
            let figures = try await acts.at(request).figures()
            let (server, words) = (try await acts.server(), pages.renderer.words(context))
            var fields = tiles(figures, words)
            fields.merge(chart(figures, words)) { $1 }
            fields["troubles"] = figures.troubles.map { trouble in
                [
                    "machine": trouble.machine.text, "link": "/nodes/\(trouble.machine)",
                    "text": trouble.text, "fix": words(trouble.fix),
                ]
            }
            fields["warnings"] = warnings(server, words)
            fields["hasTroubles"] = !figures.troubles.isEmpty
            fields["limited"] = figures.limited.map { ["peer": $0.peer, "limit": $0.limit] }
            fields["isLimiting"] = !figures.limited.isEmpty
            fields["stages"] = stages(figures)
            fields["hasStages"] = figures.bootCount > 0
            fields["server"] = server.address.description
            fields["roles"] = server.roles.joined(separator: " ")
            fields["leases"] = server.leaseCount
            fields["connections"] = server.connectionCount
            fields["revision"] = server.revision
            return try pages.show("dashboard", "Dashboard", section: "/", fields, request, context)
        }
    }

    /// What is wrong with the server itself, for those who can see to it.
    private func warnings(_ server: Acts.ServerState, _ words: Words) -> [String] {
        var warnings: [String] = []
        if let jump = server.jump {
            let (before, after) = jump.times
            warnings.append(
                jump.isBetweenRuns
                    ? words(
                        "This server last wrote something at %1, and started at %2. Unless it was off for so long, one of its clocks was wrong: look at the time, and keep it by NTP.",
                        before, after)
                    : words(
                        "The clock of this server was set from %1 to %2. Leases, log-ins, tokens and roll-outs moved with it; keep the time by NTP.",
                        before, after))
        }
        for network in server.scarceNetworks {
            warnings.append(
                words(
                    "%1 of %2 addresses in the pools of %3 are leased: give this network another range, or shorter leases (page Networks).",
                    String(network.leased), String(network.size), network.network))
        }
        return warnings
    }

    private func tiles(_ figures: FiguresAnswer, _ words: Words) -> [String: Any] {
        var tiles: [[String: Any]] = MachineState.allCases.map { state in
            let query =
                switch state {
                case .ready: "state=ready"
                case .booting, .stuck: "state~\"at \""
                case .failed: "state~failed"
                case .unseen: ""
                }
            return [
                "kind": state.rawValue, "count": figures.states[state] ?? 0,
                "label": words(state.rawValue), "link": "/nodes?q=\(Escape.component(query))",
            ]
        }
        tiles.append([
            "kind": figures.unknownCount > 0 ? "booting" : "unseen", "count": figures.unknownCount,
            "label": words("unknown machines"), "link": "/machines",
        ])
        return ["tiles": tiles]
    }

    /// Sixty bars of ten units' width; the highest is a hundred units high.
    private func chart(_ figures: FiguresAnswer, _ words: Words) -> [String: Any] {
        let peak = max(1, figures.minutes.map { max($0.started, $0.ready) }.max() ?? 1)
        func height(_ count: Int) -> Int { count * 110 / peak }
        let bars = figures.minutes.enumerated().map { index, minute -> [String: Any] in
            [
                "x": index * 10, "startedY": 119 - height(minute.started),
                "startedHeight": height(minute.started), "readyY": 119 - height(minute.ready),
                "readyHeight": height(minute.ready),
            ]
        }
        let started = figures.minutes.reduce(0) { $0 + $1.started }
        let ready = figures.minutes.reduce(0) { $0 + $1.ready }
        return [
            "bars": bars, "peak": figures.minutes.map(\.started).max() ?? 0,
            "median": Format.duration(figures.median), "percentile95": Format.duration(figures.percentile95),
            "chartLabel": words(
                "%1 boots started and %2 became ready in the last hour", String(started), String(ready)),
        ]
    }

    private func stages(_ figures: FiguresAnswer) -> [[String: Any]] {
        let longest = max(1, figures.stages.values.max() ?? 1)
        return BootStage.allCases.compactMap { stage in
            figures.stages[stage].map {
                ["name": stage.rawValue, "time": Format.duration($0), "share": $0 * 100 / longest]
            }
        }
    }
}
