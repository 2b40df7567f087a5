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
        let words = pages.renderer.words(context)
        var images: [ImagesView.Image] = []
        for image in snapshot.images.values.sorted(by: { $0.name < $1.name }) {
            images.append(
                ImagesView.Image(
                    image, try await acts.answers(image), users: users,
                    verdicts: try await pages.fleet.store.bootTestVerdicts(of: image.name),
                    copies: await pages.services.replication.places(of: nil, image.name),
                    warning: image.versions.last.flatMap { fit?.warning(for: $0) }, mayPublish: mayPublish,
                    words))
        }
        let builds = pages.services.builds
        let view = ImagesView(
            images, builds: await builds.all.prefix(10),
            sources: await pages.services.replication.sourceAnswers,
            rollouts: snapshot.contents.rollouts.values.sorted { $0.id < $1.id },
            suite: BuildsPage.hostSuite,
            ImagesView.Rights(mayPublish: mayPublish, canBuild: await builds.isPossible), words)
        return try pages.show(view, "Images", section: "/images", request, context)
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
}
