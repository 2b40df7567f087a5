import API
import Fleet
import Hummingbird

/// The nodes' own disks: how full they are, reset, snapshots.
struct VolumesPage {
    let pages: Pages

    private var acts: VolumeRoutes { VolumeRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("volumes", .read) { request, context, caller in
            let words = pages.renderer.words(context)
            var rows: [VolumesView.Row] = []
            for volume in try await acts.all(caller) {
                rows.append(
                    VolumesView.Row(volume, snapshots: try await snapshots(of: volume, caller), words))
            }
            return try pages.show(
                VolumesView(rows, words), "Volumes", section: "/volumes", request, context)
        }
        routes.post("volumes/:name/reset", .configure) { _, context, caller in
            let form = try pages.form(context)
            try await acts.reset(
                name(context), keepingSnapshots: form["destroy-snapshots"] != "yes", caller)
            return done()
        }
        routes.post("volumes/:name/remove", .configure) { _, context, caller in
            let name = try name(context)
            try acts.require(.configure, name, caller)
            try await pages.services.volumes.remove(name, by: caller.name)
            return done()
        }
        routes.post("volumes/:name/snapshots", .configure) { _, context, caller in
            let (name, form) = (try name(context), try pages.form(context))
            try acts.require(.configure, name, caller)
            try await pages.services.volumes.takeSnapshot(of: name, named: form["name"])
            return pages.redirect("/volumes")
        }
        routes.post("volumes/:name/restore", .configure) { _, context, caller in
            let (name, form) = (try name(context), try pages.form(context))
            try acts.require(.configure, name, caller)
            try await pages.services.volumes.restore(form["name"], to: name, by: caller.name)
            return done()
        }
    }

    /// Nil for those who may only look.
    private func snapshots(of volume: VolumeAnswer, _ caller: Caller) async throws -> [SnapshotAnswer]? {
        let group = pages.fleet.snapshot.nodes[volume.node]?.group ?? .site
        guard caller.allows(.configure, in: group) else { return nil }
        return try await acts.answer(volume.node, caller).snapshots ?? []
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }

    private func done() -> Response {
        pages.redirect(Back.done("/volumes", pages.fleet.snapshot.revision))
    }
}
