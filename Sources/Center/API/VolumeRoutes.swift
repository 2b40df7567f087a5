import API
import Fleet
import Hummingbird

/// The nodes' volumes.
struct VolumeRoutes {
    func add(to api: Routes) {
        api.get("volumes", .read) { _, _, acts in try await JSONAnswer(acts.volumes()) }
        api.get("volumes/:name", .read) { _, context, acts in
            try await JSONAnswer(acts.volume(of: name(context)))
        }
        api.delete("volumes/:name", .configure) { _, context, acts in
            try await acts.removeVolume(of: name(context))
            return HTTPResponse.Status.noContent
        }
        api.post("volumes/:name/reset", .configure) { request, context, acts in
            let name = try name(context)
            try await acts.resetVolume(of: name, keepingSnapshots: !request.wants("with-snapshots"))
            return try await JSONAnswer(acts.volume(of: name))
        }
        api.post("volumes/:name/snapshots", .configure) { request, context, acts in
            let (name, wish) = (try name(context), try await request.decoded(SnapshotRequest.self))
            try await acts.takeSnapshot(of: name, named: wish.name)
            return try await JSONAnswer(acts.volume(of: name), status: .created)
        }
        api.post("volumes/:name/snapshots/:snapshot/restore", .configure) { _, context, acts in
            let name = try name(context)
            try await acts.restore(context.parameter("snapshot"), to: name)
            return try await JSONAnswer(acts.volume(of: name))
        }
        api.delete("volumes/:name/snapshots/:snapshot", .configure) { _, context, acts in
            let name = try name(context)
            try await acts.removeSnapshot(of: name, named: context.parameter("snapshot"))
            return HTTPResponse.Status.noContent
        }
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }
}
