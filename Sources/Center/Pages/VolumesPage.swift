import API
import Fleet
import Hummingbird

/// The nodes' own disks: how full they are, reset, snapshots.
struct VolumesPage {
    let pages: Pages

    private var acts: VolumeRoutes { VolumeRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("volumes", .read) { request, context, caller in
            var rows: [[String: Any]] = []
            for volume in try await acts.all(caller) { rows.append(try await row(volume, caller)) }
            return try pages.show(
                "volumes", "Volumes", section: "/volumes", ["rows": rows, "hasRows": !rows.isEmpty], request,
                context)
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

    private func row(_ volume: VolumeAnswer, _ caller: Caller) async throws -> [String: Any] {
        let group = pages.fleet.snapshot.nodes[volume.node]?.group ?? .site
        let mayAct = caller.allows(.configure, in: group)
        var row: [String: Any] = [
            "node": volume.node.text, "image": volume.image.text, "version": volume.version,
            "size": volume.byteCount.map(Format.size) ?? "–", "isDisk": volume.kind == .disk,
            "kind": volume.kind.rawValue, "isEncrypted": volume.isEncrypted,
            "used": volume.usedByteCount.map(Format.size) ?? "–", "open": volume.openConnections,
            "isOpen": volume.openConnections > 0, "made": Format.time(second: volume.createdAt),
            "mayAct": mayAct,
        ]
        if mayAct {
            let snapshots = try await acts.answer(volume.node, caller).snapshots ?? []
            row["snapshots"] = snapshots.map { ["name": $0.name, "node": volume.node.text] }
            row["hasSnapshots"] = !snapshots.isEmpty
        }
        return row
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }

    private func done() -> Response {
        pages.redirect(Back.done("/volumes", pages.fleet.snapshot.revision))
    }
}
