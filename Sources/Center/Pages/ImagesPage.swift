import API
import Fleet
import Foundation
import Hummingbird

/// Images with their versions and channels, and who uses what.
struct ImagesPage {
    let pages: Pages

    private var acts: ImageRoutes { ImageRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("images", .read) { request, context, caller in try await show(request, context, caller) }
        routes.post("images/:name/promote", .publish) { _, context, caller in
            try await promote(context, caller)
        }
        routes.post("images/:name/rollback", .publish) { _, context, caller in
            let form = try pages.form(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is not a channel name")
            }
            try await acts.rollBack(channel, of: image(context), caller)
            return done()
        }
        routes.post("images/:name/keep", .publish) { _, context, caller in
            let text = try pages.form(context)["keep"].trimmingCharacters(in: .whitespaces)
            guard text.isEmpty || Int(text) != nil else { throw Problem(422, "Invalid number", "‘\(text)’") }
            try await VersionRoutes(services: pages.services).keep(Int(text), of: image(context), caller)
            return done()
        }
        routes.post("images/:name/tag", .publish) { _, context, caller in
            let form = try pages.form(context)
            guard let tag = ChannelName(form["tag"]) else {
                throw Problem(422, "Invalid name", "‘\(form["tag"])’ is not a tag")
            }
            let routes = VersionRoutes(services: pages.services)
            if form["remove"].isEmpty {
                try await routes.tag(form["version"], of: image(context), as: tag, caller)
            } else {
                try await routes.removeTag(tag, of: image(context), caller)
            }
            return done()
        }
        routes.post("images/:name/remove", .publish) { _, context, caller in
            let form = try pages.form(context)
            let image = try image(context)
            try await acts.remove(acts.version(form["version"], of: image), caller)
            return done()
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let snapshot = try await pages.views(request, caller).snapshot()
        let users = users(in: snapshot)
        // It names nodes of all groups.
        let fit = caller.allows(.read, in: .site) ? ImageFit(snapshot) : nil
        let mayPublish = caller.allows(.publish, in: .site)
        var images: [[String: Any]] = []
        for image in snapshot.images.values.sorted(by: { $0.name < $1.name }) {
            let verdicts = try await pages.fleet.store.bootTestVerdicts(of: image.name)
            images.append(
                Self.fields(
                    of: image, try await acts.answers(image), users, verdicts, fit,
                    copies: await pages.services.replication.places(of: nil, image.name)))
        }
        let builds = pages.services.builds
        let canBuild = await builds.isPossible
        return try pages.show(
            "images", "Images", section: "/images",
            [
                "images": images, "mayPublish": mayPublish,
                "mayBuild": mayPublish && canBuild,
                "suite": BuildsPage.hostSuite,
                "sources": await pages.services.replication.sourceAnswers.map(Self.fields),
                "rollouts": snapshot.rollouts.values.sorted { $0.id < $1.id }.map {
                    RolloutsPage.fields(of: $0, pages.renderer.words(context))
                },
                "builds": await builds.all.prefix(10).map {
                    BuildsPage.fields(of: $0, pages.renderer.words(context))
                },
            ], request, context)
    }

    /// At once, or after a boot test, or the test alone.
    private func promote(_ context: CenterContext, _ caller: Caller) async throws -> Response {
        let form = try pages.form(context)
        let image = try image(context)
        guard let channel = ChannelName(form["channel"]) else {
            throw Problem(422, "Invalid name", "‘\(form["channel"])’ is not a channel name")
        }
        guard form.has("test") else {
            try await acts.promote(form["version"], of: image, to: channel, caller)
            return done()
        }
        let build = try await BootTestRoutes(services: pages.services).start(
            ServerBootTestRequest(promoteTo: form["test"] == "only" ? nil : channel),
            acts.version(form["version"], of: image), caller)
        return pages.redirect("/images/builds/\(build.id)")
    }

    private func image(_ context: CenterContext) throws -> ImageCatalogue {
        let name = try ImageName(context.parameter("name"))
        guard let image = pages.fleet.snapshot.images[name] else {
            throw StoreError.notFound("there is no image ‘\(name)’")
        }
        return image
    }

    private func done() -> Response { pages.redirect(Back.done("/images", pages.fleet.snapshot.revision)) }

    private static func fields(of source: SourceAnswer) -> [String: Any] {
        var fields: [String: Any] = [
            "url": source.url, "checked": source.checkedAt.map { Format.time(second: $0) } ?? "",
            "style": source.problem != nil ? "failed" : source.current != nil ? "booting" : "ready",
        ]
        fields["problem"] = source.problem
        if let current = source.current {
            fields["current"] =
                "\(current.image) \(current.digest.short): \(Format.size(current.receivedByteCount)) / \(Format.size(current.byteCount))"
        }
        return fields
    }

    /// How many nodes boot each version.
    private func users(in snapshot: FleetSnapshot) -> [Digest: Int] {
        var users: [Digest: Int] = [:]
        for node in snapshot.nodes.values {
            if let version = snapshot.nextVersion(of: node) {
                users[version.digest, default: 0] += 1
            }
        }
        return users
    }

    private static func fields(
        of image: ImageCatalogue, _ versions: [VersionAnswer], _ users: [Digest: Int],
        _ verdicts: [Int: Bool], _ fit: ImageFit?, copies: [PlaceAnswer]
    ) -> [String: Any] {
        [
            "name": image.name.text, "image": image.name.text,
            "channels": image.channels.sorted { $0.key.text < $1.key.text }.map {
                ["name": $0.key.text, "number": $0.value] as [String: Any]
            },
            "keep": image.keep.map(String.init) ?? "",
            "warnings": image.versions.last.flatMap { fit?.warning(for: $0) }.map { [$0] } ?? [],
            "versions": versions.reversed().map { version in
                [
                    "number": version.number, "digest": version.digest.short,
                    "channels": version.channels.map(\.text), "isUsed": !version.channels.isEmpty,
                    "copies": Set(copies.filter { $0.digest == version.digest }.map(\.server)).sorted(),
                    "imageTags": version.tags.map { ["tag": $0.text] },
                    "isSigned": !version.signatures.isEmpty, "isRefused": !version.isTrusted,
                    "by": version.publishedBy, "published": Format.time(second: version.publishedAt),
                    "system": version.manifest.system,
                    "kernel": version.manifest.kernelRelease,
                    "size": Format.size(version.manifest.files.reduce(0) { $0 + $1.byteCount }),
                    "packages": version.manifest.packages.count, "nodes": users[version.digest] ?? 0,
                    "open": version.openConnections,
                    "tests": verdicts[version.number].map {
                        [["kind": $0 ? "ready" : "failed", "number": version.number]]
                    } ?? [],
                ] as [String: Any]
            },
        ]
    }
}
