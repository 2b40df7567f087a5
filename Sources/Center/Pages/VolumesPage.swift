import API
import Fleet
import Hummingbird

/// The nodes' own disks: how full they are, reset, snapshots.
struct VolumesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("volumes", .read) { request, context, acts in
            let rows = try await acts.volumesWithSnapshots().map(row)
            return try pages.show(
                "volumes", "Volumes", section: "/volumes", ["rows": rows, "hasRows": !rows.isEmpty], request,
                context)
        }
        routes.post("volumes/:name/reset", .configure) { _, context, acts in
            let form = try pages.form(context)
            try await acts.resetVolume(
                of: name(context), keepingSnapshots: form["destroy-snapshots"] != "yes")
            return done(acts)
        }
        routes.post("volumes/:name/remove", .configure) { _, context, acts in
            try await acts.removeVolume(of: name(context))
            return done(acts)
        }
        routes.post("volumes/:name/snapshots", .configure) { _, context, acts in
            try await acts.takeSnapshot(of: name(context), named: pages.form(context)["name"])
            return pages.redirect("/volumes")
        }
        routes.post("volumes/:name/restore", .configure) { _, context, acts in
            try await acts.restore(pages.form(context)["name"], to: name(context))
            return done(acts)
        }
    }

    private func row(_ volume: VolumeAnswer, _ snapshots: [SnapshotAnswer]?) -> [String: Any] {
        var row: [String: Any] = [
            "node": volume.node.text, "image": volume.image.text, "version": volume.version,
            "size": volume.byteCount.map(Format.size) ?? "–", "isDisk": volume.kind == .disk,
            "kind": volume.kind.rawValue, "isEncrypted": volume.isEncrypted,
            "used": volume.usedByteCount.map(Format.size) ?? "–", "open": volume.openConnections,
            "isOpen": volume.openConnections > 0, "made": Format.time(second: volume.createdAt),
            "mayAct": snapshots != nil,
        ]
        if let snapshots {
            row["snapshots"] = snapshots.map { ["name": $0.name, "node": volume.node.text] }
            row["hasSnapshots"] = !snapshots.isEmpty
        }
        return row
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }

    private func done(_ acts: Acts) -> Response { pages.redirect(Back.done("/volumes", acts.revision)) }
}
