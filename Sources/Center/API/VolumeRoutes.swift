import API
import Fleet
import Hummingbird

/// The nodes' volumes.
struct VolumeRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.get("volumes", .read) { _, _, caller in try await JSONAnswer(all(caller)) }
        api.get("volumes/:name", .read) { _, context, caller in
            try await JSONAnswer(answer(name(context), caller))
        }
        api.delete("volumes/:name", .configure) { _, context, caller in
            let name = try name(context)
            try require(.configure, name, caller)
            try await services.volumes.remove(name, by: caller.name)
            return HTTPResponse.Status.noContent
        }
        api.post("volumes/:name/reset", .configure) { request, context, caller in
            let name = try name(context)
            try await reset(name, keepingSnapshots: !request.wants("with-snapshots"), caller)
            return try await JSONAnswer(answer(name, caller))
        }
        api.post("volumes/:name/snapshots", .configure) { request, context, caller in
            let (name, wish) = (try name(context), try await request.decoded(SnapshotRequest.self))
            try require(.configure, name, caller)
            try await services.volumes.takeSnapshot(of: name, named: wish.name)
            return try await JSONAnswer(answer(name, caller), status: .created)
        }
        api.post("volumes/:name/snapshots/:snapshot/restore", .configure) { _, context, caller in
            let name = try name(context)
            try require(.configure, name, caller)
            try await services.volumes.restore(context.parameter("snapshot"), to: name, by: caller.name)
            return try await JSONAnswer(answer(name, caller))
        }
        api.delete("volumes/:name/snapshots/:snapshot", .configure) { _, context, caller in
            let name = try name(context)
            try require(.configure, name, caller)
            try await services.volumes.removeSnapshot(of: name, named: context.parameter("snapshot"))
            return HTTPResponse.Status.noContent
        }
    }

    func all(_ caller: Caller) async throws -> [VolumeAnswer] {
        let snapshot = services.fleet.snapshot
        let open = await services.volumes.open()
        var answers: [VolumeAnswer] = []
        for volume in snapshot.volumes.values.sorted(by: { $0.node < $1.node })
        where caller.sees(snapshot.nodes[volume.node]?.group ?? .site) {
            answers.append(try await services.volumes.answer(volume, open: open, hasSnapshots: false))
        }
        return answers
    }

    func reset(_ name: NodeName, keepingSnapshots hasSnapshots: Bool, _ caller: Caller) async throws {
        try require(.configure, name, caller)
        try await services.volumes.reset(name, keepingSnapshots: hasSnapshots, by: caller.name)
    }

    func answer(_ name: NodeName, _ caller: Caller) async throws -> VolumeAnswer {
        let snapshot = services.fleet.snapshot
        guard let volume = snapshot.volume(of: name),
            caller.sees(snapshot.nodes[name]?.group ?? .site)
        else { throw StoreError.notFound("node \(name) has no volume") }
        return try await services.volumes.answer(
            volume, open: services.volumes.open(), hasSnapshots: true)
    }

    func require(_ permission: Permission, _ name: NodeName, _ caller: Caller) throws {
        try caller.require(permission, in: services.fleet.snapshot.nodes[name]?.group ?? .site)
    }

    private func name(_ context: CenterContext) throws -> NodeName {
        try NodeName(context.parameter("name"))
    }
}
