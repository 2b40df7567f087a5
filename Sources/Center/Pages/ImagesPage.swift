import Fleet
import Foundation
import Hummingbird

/// Images with their versions and channels, and who uses what.
struct ImagesPage {
    let pages: Pages

    private var acts: ImageRoutes { ImageRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("images", .read) { request, context, caller in
            let snapshot = try await pages.views(request, caller).snapshot()
            let users = users(in: snapshot)
            let fit = ImageFit(snapshot)
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
                    "suite": Self.hostSuite,
                    "sources": await pages.services.replication.sourceAnswers.map(Self.fields),
                    "rollouts": snapshot.contents.rollouts.values.sorted { $0.id < $1.id }.map {
                        RolloutsPage.fields(of: $0, pages.renderer.words(context))
                    },
                    "builds": await builds.all.prefix(10).map {
                        Self.fields(of: $0, pages.renderer.words(context))
                    },
                ], request, context)
        }
        routes.post("images/build", .publish) { _, context, caller in
            let form = try pages.form(context)
            let packages = form["packages"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            let build = try await BuildRoutes(services: pages.services).start(
                ImageName(form["name"]), BuildRequest(suite: form["suite"], packages: packages), caller)
            return pages.redirect(Back.path(form["back"], otherwise: "/images/builds/\(build.id)"))
        }
        routes.get("images/builds/:id", .read) { request, context, caller in
            let build = try await pages.services.builds.build(BuildRoutes.id(context))
            var fields = Self.fields(of: build, pages.renderer.words(context))
            fields["log"] = build.lines.joined(separator: "\n")
            fields["dropped"] = build.droppedLineCount > 0 ? build.droppedLineCount : nil
            fields["mayCancel"] = !build.isOver && caller.allows(.publish, in: .site)
            return try pages.show("build", "Build", section: "/images", fields, request, context)
        }
        routes.post("images/builds/:id/cancel", .publish) { _, context, caller in
            let id = try BuildRoutes.id(context)
            try await BuildRoutes(services: pages.services).cancel(id, caller)
            return pages.redirect("/images/builds/\(id)")
        }
        routes.post("images/:name/promote", .publish) { _, context, caller in
            let form = try pages.form(context)
            let image = try image(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is no channel name")
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
        routes.post("images/:name/rollback", .publish) { _, context, caller in
            let form = try pages.form(context)
            guard let channel = ChannelName(form["channel"]) else {
                throw Problem(422, "Invalid name", "‘\(form["channel"])’ is no channel name")
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
                throw Problem(422, "Invalid name", "‘\(form["tag"])’ is no tag")
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

    private func image(_ context: CenterContext) throws -> ImageCatalogue {
        let name = try ImageName(context.parameter("name"))
        guard let image = pages.fleet.snapshot.images[name] else {
            throw StoreError.notFound("there is no image ‘\(name)’")
        }
        return image
    }

    private func done() -> Response { pages.redirect(Back.done("/images", pages.fleet.snapshot.revision)) }

    /// The release of Debian that this server runs, which is what its packages' sources have; `bookworm` elsewhere.
    static let hostSuite: String = {
        let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }
        return text.contains("ID=debian") ? line.map { String($0.dropFirst(17)) } ?? "bookworm" : "bookworm"
    }()

    static func fields(of build: ImageBuilds.Build, _ words: Words) -> [String: Any] {
        var fields: [String: Any] = [
            "id": build.id,
            "name": build.order.image + (build.test.map { "@\($0.version.number)" } ?? ""),
            "isTest": build.test != nil,
            "aim": build.test?.channel.map { "→ \($0)" } ?? "", "suite": build.order.suite,
            "packages": build.order.packages.joined(separator: " "), "by": build.by,
            "state": words(build.state.rawValue), "isOver": build.isOver,
            "style": build.state == .done ? "ready" : build.state == .failed ? "failed" : "booting",
            "started": Format.time(second: build.startedAt), "last": build.lines.last ?? "",
        ]
        fields["version"] = build.version
        fields["failure"] = build.failure
        if let end = build.endedAt { fields["took"] = Format.duration((end - build.startedAt) * 1_000) }
        return fields
    }

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
            if let version = snapshot.version(for: snapshot.settings(of: node)) {
                users[version.digest, default: 0] += 1
            }
        }
        return users
    }

    private static func fields(
        of image: ImageCatalogue, _ versions: [VersionAnswer], _ users: [Digest: Int],
        _ verdicts: [Int: Bool], _ fit: ImageFit, copies: [PlaceAnswer]
    ) -> [String: Any] {
        [
            "name": image.name.text, "image": image.name.text,
            "channels": image.channels.sorted { $0.key.text < $1.key.text }.map {
                ["name": $0.key.text, "number": $0.value] as [String: Any]
            },
            "keep": image.keep.map(String.init) ?? "",
            "warnings": image.versions.last.flatMap { fit.warning(for: $0) }.map { [$0] } ?? [],
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
