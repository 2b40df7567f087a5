import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The fleet at a glance: what it does, what is wrong, and where the time goes.
struct DashboardPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("/", .read) { request, context, caller in
            let figures = try await pages.views(request, caller).figures()
            let words = pages.renderer.words(context)
            let services = pages.services
            let server = DashboardView.Server(
                address: await services.policy().server.description, roles: services.roles,
                leases: await services.leases().count,
                connections: await services.openVersions().values.reduce(0, +),
                revision: services.fleet.snapshot.revision)
            let view = DashboardView(
                figures, warnings: await warnings(caller, words), of: server, words)
            return try pages.show(view, "Dashboard", section: "/", request, context)
        }
    }

    /// What is wrong with the server itself, for those who can see to it.
    private func warnings(_ caller: Caller, _ words: Words) async -> [String] {
        guard caller.allows(.configure, in: .site) else { return [] }
        var warnings: [String] = []
        if let jump = pages.fleet.recentJump {
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
        for network in await pages.services.networks() where network.isScarce {
            warnings.append(
                words(
                    "%1 of %2 addresses in the pools of %3 are leased: add a range to ‘pools’ of this network in roost.yaml, or make its ‘lease’ shorter.",
                    String(network.leased), String(network.size), network.network))
        }
        return warnings
    }
}
