import Fleet
import Hummingbird

/// Images with their versions and channels, and who uses what.
struct ImagesPage {
    let pages: Pages

    private var acts: ImageRoutes { ImageRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("images", .read) { request, context, caller in
            let snapshot = try await pages.views(request, caller).snapshot()
            let users = users(in: snapshot)
            let mayPublish = caller.allows(.publish, in: .site)
            var images: [[String: Any]] = []
            for image in snapshot.images.values.sorted(by: { $0.name < $1.name }) {
                images.append(Self.fields(of: image, try await acts.answers(image), users))
            }
            return try pages.show(
                "images", "Images", section: "/images", ["images": images, "mayPublish": mayPublish], request,
                context)
        }
        routes.post("images/:name/promote", .publish) { _, context, caller in
            let form = try pages.form(context)
            let image = try image(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is no channel name")
            }
            try await acts.promote(form["version"], of: image, to: channel, caller)
            return done()
        }
        routes.post("images/:name/rollback", .publish) { _, context, caller in
            let form = try pages.form(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is no channel name")
            }
            try await acts.rollBack(channel, of: image(context), caller)
            return done()
        }
        routes.post("images/:name/remove", .publish) { _, context, caller in
            let form = try pages.form(context)
            let image = try image(context)
            try await acts.remove(acts.version(form["version"], of: image), caller)
            return done()
        }
    }

    private func image(_ context: CenterContext) throws -> ImageCatalogue {
        let name = try ImageName(context.parameter("name"))
        guard let image = pages.fleet.snapshot.images[name] else {
            throw StoreError.notFound("there is no image ‘\(name)’")
        }
        return image
    }

    private func done() -> Response { pages.redirect(Back.done("/images", pages.fleet.snapshot.revision)) }

    /// How many nodes boot each version.
    private func users(in snapshot: FleetSnapshot) -> [Digest: Int] {
        var users: [Digest: Int] = [:]
        for node in snapshot.nodes.values {
            if let version = snapshot.version(for: snapshot.settings(of: node)) {
                users[version.digest, default: 0] += 1
            }
        }
        return users
    }

    private static func fields(
        of image: ImageCatalogue, _ versions: [VersionAnswer], _ users: [Digest: Int]
    ) -> [String: Any] {
        [
            "name": image.name.text, "image": image.name.text,
            "channels": image.channels.sorted { $0.key.text < $1.key.text }.map {
                ["name": $0.key.text, "number": $0.value] as [String: Any]
            },
            "versions": versions.reversed().map { version in
                [
                    "number": version.number, "digest": version.digest.short,
                    "channels": version.channels.map(\.text), "isUsed": !version.channels.isEmpty,
                    "published": Format.time(second: version.publishedAt), "system": version.manifest.system,
                    "kernel": version.manifest.kernelRelease,
                    "size": Format.size(version.manifest.files.reduce(0) { $0 + $1.byteCount }),
                    "packages": version.manifest.packages.count, "nodes": users[version.digest] ?? 0,
                    "open": version.openConnections,
                ] as [String: Any]
            },
        ]
    }
}
