import Fleet
import Hummingbird

/// The files of LTSP that stay the truth, with what is wrong with them.
struct KeptFilesPage: FleetPage {
    static let views: [any TemplateView.Type] = [KeptFilesView.self]
    static let menu = [MenuEntry("/kept-files", "Kept files", .configuration, .read, isSiteWide: true)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("kept-files", .read) { request, context, acts in
            let view = try KeptFilesView(
                acts.keptFiles(), acts.appliedSources(), pages.renderer.words(context))
            return try pages.show(view, "Kept files", section: "/kept-files", request, context)
        }
    }
}
