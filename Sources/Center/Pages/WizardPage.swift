import API
import Fleet
import Hummingbird
import Wire

/// The first hour: the network, the first image, the first machine, followed as they come.
struct WizardPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("wizard", .read) { request, context, caller in try await show(request, context, caller) }
        routes.post("wizard", .configure) { _, context, caller in
            let wish = try pages.form(context)["enrolment"]
            let value = try SettingDefinition.enrolment.value(fromText: wish)
            let snapshot = try await pages.apply(caller) { current in
                var site = current.groups[.site] ?? NodeGroup(path: .site)
                site.settings[SettingDefinition.enrolment.name] = value
                return [.group(.site, site)]
            }
            return pages.redirect(Back.done("/wizard", snapshot.revision))
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let services = pages.services
        let snapshot = services.fleet.snapshot
        let views = FleetViews(services: services, caller: caller)
        let facts = WizardView.Facts(
            networks: await services.networks(), roles: services.roles, images: Array(snapshot.images.keys),
            builds: await services.builds.all, canBuild: await services.builds.isPossible,
            nodes: try await views.nodes("", offset: 0, limit: 50).rows,
            unknown: Array(await views.unknownMachines().prefix(10)),
            enrolment: snapshot.settings(of: GroupPath.site).text(.enrolment), suite: BuildsPage.hostSuite)
        let view = WizardView(
            facts, mayPublish: caller.allows(.publish, in: .site),
            mayEdit: caller.allows(.configure, in: .site), pages.renderer.words(context))
        return try pages.show(view, "First steps", section: "/wizard", request, context)
    }
}

extension Enrolment {
    /// One sentence for people, in English.
    var explanation: String {
        switch self {
        case .open: "Unknown machines boot the site's image."
        case .quarantine: "Unknown machines wait until they are approved."
        case .refuse: "Unknown machines get nothing to boot."
        }
    }
}
