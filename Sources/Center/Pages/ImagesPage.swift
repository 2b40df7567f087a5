import API
import Fleet
import Foundation
import Hummingbird

/// Images with their versions and channels, and who uses what.
struct ImagesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images", .read) { request, context, acts in try await show(request, context, acts) }
        routes.post("images/:name/promote", .publish) { _, context, acts in
            try await promote(context, acts)
        }
        routes.post("images/:name/rollback", .publish) { _, context, acts in
            let form = try pages.form(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is not a channel name")
            }
            _ = try await acts.rollBack(channel, of: context.imageName())
            return done(acts)
        }
        routes.post("images/:name/keep", .publish) { _, context, acts in
            let text = try pages.form(context)["keep"].trimmingCharacters(in: .whitespaces)
            guard text.isEmpty || Int(text) != nil else { throw Problem(422, "Invalid number", "‘\(text)’") }
            try await acts.keep(Int(text), of: context.imageName())
            return done(acts)
        }
        routes.post("images/:name/tag", .publish) { _, context, acts in
            let form = try pages.form(context)
            guard let tag = ChannelName(form["tag"]) else {
                throw Problem(422, "Invalid name", "‘\(form["tag"])’ is not a tag")
            }
            if form["remove"].isEmpty {
                _ = try await acts.tag(form["version"], of: context.imageName(), as: tag)
            } else {
                try await acts.removeTag(tag, of: context.imageName())
            }
            return done(acts)
        }
        routes.post("images/:name/remove", .publish) { _, context, acts in
            let form = try pages.form(context)
            try await acts.remove(form["version"], of: context.imageName())
            return done(acts)
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let views = try acts.at(request)
        let mayPublish = acts.may(.publish, in: .site)
        let canBuild = await acts.canBuild()
        return try pages.show(
            "images", "Images", section: "/images",
            [
                "images": try await views.imageDetails().map(Self.fields), "mayPublish": mayPublish,
                "mayBuild": mayPublish && canBuild,
                "suite": BuildsPage.hostSuite,
                "sources": try await acts.sources().map(Self.fields),
                "rollouts": try await views.rolloutsUnderWay().map {
                    RolloutsPage.fields(of: $0, pages.renderer.words(context))
                },
                "builds": try await acts.builds().prefix(10).map {
                    BuildsPage.fields(of: $0, pages.renderer.words(context))
                },
            ], request, context)
    }

    /// At once, or after a boot test, or the test alone.
    private func promote(_ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let image = try context.imageName()
        guard let channel = ChannelName(form["channel"]) else {
            throw Problem(422, "Invalid name", "‘\(form["channel"])’ is not a channel name")
        }
        guard form.has("test") else {
            _ = try await acts.promote(form["version"], of: image, to: channel)
            return done(acts)
        }
        let build = try await acts.startBootTest(
            ServerBootTestRequest(promoteTo: form["test"] == "only" ? nil : channel), of: image,
            form["version"])
        return pages.redirect("/images/builds/\(build.id)")
    }

    private func done(_ acts: Acts) -> Response { pages.redirect(Back.done("/images", acts.revision)) }

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

    private static func fields(of view: Acts.ImageDetails) -> [String: Any] {
        let image = view.image
        return [
            "name": image.name.text, "image": image.name.text,
            "channels": image.channels.sorted { $0.key.text < $1.key.text }.map {
                ["name": $0.key.text, "number": $0.value] as [String: Any]
            },
            "keep": image.keep.map(String.init) ?? "",
            "warnings": view.warning.map { [$0] } ?? [],
            "versions": view.versions.reversed().map { version in
                [
                    "number": version.number, "digest": version.digest.short,
                    "channels": version.channels.map(\.text), "isUsed": !version.channels.isEmpty,
                    "copies": Set(view.copies.filter { $0.digest == version.digest }.map(\.server)).sorted(),
                    "imageTags": version.tags.map { ["tag": $0.text] },
                    "isSigned": !version.signatures.isEmpty, "isRefused": !version.isTrusted,
                    "by": version.publishedBy, "published": Format.time(second: version.publishedAt),
                    "system": version.manifest.system,
                    "kernel": version.manifest.kernelRelease,
                    "size": Format.size(version.manifest.files.reduce(0) { $0 + $1.byteCount }),
                    "packages": version.manifest.packages.count,
                    "nodes": view.nodeCounts[version.digest] ?? 0,
                    "open": version.openConnections,
                    "tests": view.verdicts[version.number].map {
                        [["kind": $0 ? "ready" : "failed", "number": version.number]]
                    } ?? [],
                ] as [String: Any]
            },
        ]
    }
}
