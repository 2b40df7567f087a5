import API
import Fleet
import Hummingbird

/// The nodes' disks: usage, reset, snapshots.
struct VolumesPage: FleetPage {
    static let views: [any TemplateView.Type] = [VolumesView.self]
    static let menu = [MenuEntry("/volumes", "Volumes", .images, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("volumes", .read) { request, context, acts in
            let words = pages.renderer.words(context)
            let rows = try await acts.volumesWithSnapshots().map {
                VolumesView.Row($0.volume, snapshots: $0.snapshots, words)
            }
            return try pages.show(
                VolumesView(rows, maySet: acts.may(.configure, in: .site), words), "Volumes",
                section: "/volumes", request, context)
        }
        routes.post("volumes/:name/reset", .configure) { _, context, acts in
            let form = try pages.form(context)
            return try await done(acts) {
                try await acts.resetVolume(
                    of: name(context), keepingSnapshots: form["destroy-snapshots"] != "yes")
            }
        }
        routes.post("volumes/:name/remove", .configure) { _, context, acts in
            return try await done(acts) { try await acts.removeVolume(of: name(context)) }
        }
        routes.post("volumes/:name/snapshots", .configure) { _, context, acts in
            try await acts.takeSnapshot(of: name(context), named: pages.form(context)["name"])
            return pages.redirect("/volumes")
        }
        routes.post("volumes/:name/restore", .configure) { _, context, acts in
            return try await done(acts) {
                try await acts.restore(pages.form(context)["name"], to: name(context))
            }
        }
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }

    private func done(_ acts: Acts, after act: () async throws -> Void) async throws -> Response {
        try await pages.redirect("/volumes", after: act, by: acts)
    }
}
