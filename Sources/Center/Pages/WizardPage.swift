import API
import Fleet
import Hummingbird
import Wire

/// The first hour: the network, the first image, the first machine, with live progress.
struct WizardPage: FleetPage {
    static let views: [any TemplateView.Type] = [WizardView.self]
    static let menu = [MenuEntry("/wizard", "First steps", .administration, .configure)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("wizard", .read) { request, context, acts in try await show(request, context, acts) }
        routes.post("wizard", .configure) { _, context, acts in
            let wish = try pages.form(context)[Settings.enrolment.name]
            let value = try Settings.enrolment.definition.value(fromText: wish)
            let change = SettingsChange(
                target: GroupPath.site.description, set: [Settings.enrolment.name: value])
            let revision = try await acts.make(
                ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]))
            return pages.redirect(Back.done("/wizard", revision))
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let facts = WizardView.Facts(
            steps: try await acts.firstSteps(), builds: try await acts.builds(),
            canBuild: await acts.canBuild(), suite: BuildsPage.hostSuite)
        let view = WizardView(
            facts, mayPublish: acts.may(.publish, in: .site), mayEdit: acts.may(.configure, in: .site),
            pages.renderer.words(context))
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
