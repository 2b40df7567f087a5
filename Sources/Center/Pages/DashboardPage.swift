import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The fleet at a glance: activity, problems, and where boot time goes.
struct DashboardPage: FleetPage {
    static let views: [any TemplateView.Type] = [DashboardView.self]
    static let menu = [MenuEntry("/", "Dashboard", .nodes, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("/", .read) { request, context, acts in
            let overview = try await acts.at(request).overview()
            let (server, words) = (try await acts.server(), pages.renderer.words(context))
            let view = DashboardView(
                overview, warnings: warnings(server, words), of: server,
                mayRelease: { acts.may(.configure, in: $0) }, mayRestart: { acts.may(.enrol, in: $0) }, words)
            return try pages.show(view, "Dashboard", section: "/", request, context)
        }
    }

    /// Problems of the server itself, for callers who can fix them.
    private func warnings(_ server: Acts.ServerState, _ words: Words) -> [String] {
        var warnings: [String] = []
        if let lost = server.lostRevisions {
            warnings.append(
                words(
                    "This state is older than what was given out: revisions %1 to %2 are missing. What was revoked, disabled or used up in them holds again: look at administrators, tokens, boards, agents and secrets.",
                    String(lost.numbers.lowerBound), String(lost.numbers.upperBound)))
        }
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
        for file in server.refusedFiles {
            let text: Sentence =
                "The kept file \(file.path) is refused, and what was read before stays in force: \(file.why) (page Kept files)."
            warnings.append(words(text))
        }
        for source in server.refusedSources {
            let text: Sentence =
                "The files in \(source.path) are refused, and what was applied before stays in force: \(source.why) (page Kept files)."
            warnings.append(words(text))
        }
        warnings += server.scarceNetworks.map { words(scarce: $0) }
        for schedule in server.scheduleTroubles {
            warnings.append(
                words("Schedule %1: %2 (page Schedules).", schedule.name.text, schedule.why))
        }
        return warnings
    }
}

extension Words {
    /// That a network has hardly a free address.
    func callAsFunction(scarce network: NetworkAnswer) -> String {
        self(
            "%1 of %2 addresses in the pools of %3 are leased: give this network another range, or shorter leases (page Networks).",
            String(network.leased), String(network.size), network.network)
    }
}
