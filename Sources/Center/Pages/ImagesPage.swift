import API
import Fleet
import Foundation
import Hummingbird

/// Images with their versions, channels and use.
struct ImagesPage: FleetPage {
    static let views: [any TemplateView.Type] = [ImagesView.self]
    static let menu = [MenuEntry("/images", "Images", .images, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images", .read) { request, context, acts in try await show(request, context, acts) }
        routes.post("images/:name/promote", .publish) { _, context, acts in
            try await promote(context, acts)
        }
        routes.post("images/:name/rollback", .publish) { _, context, acts in
            let form = try pages.form(context)
            let channel = try ChannelName(channel: form["channel"])
            return try await done(acts) { _ = try await acts.rollBack(channel, of: context.imageName()) }
        }
        routes.post("images/:name/keep", .publish) { _, context, acts in
            let text = try pages.form(context)["keep"].trimmingCharacters(in: .whitespaces)
            guard text.isEmpty || Int(text) != nil else {
                throw Problem(422, "Invalid number", "‘\(text)’ is not a whole number")
            }
            return try await done(acts) { try await acts.keep(Int(text), of: context.imageName()) }
        }
        routes.post("images/:name/tag", .publish) { _, context, acts in
            let form = try pages.form(context)
            let tag = try ChannelName(tag: form["tag"])
            return try await done(acts) {
                if form["remove"].isEmpty {
                    _ = try await acts.tag(form["version"], of: context.imageName(), as: tag)
                } else {
                    try await acts.removeTag(tag, of: context.imageName())
                }
            }
        }
        routes.post("images/:name/remove", .publish) { _, context, acts in
            let form = try pages.form(context)
            return try await done(acts) {
                try await acts.remove(form["version"], of: context.imageName())
            }
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let (views, words) = (try acts.at(request), pages.renderer.words(context))
        let mayPublish = acts.may(.publish, in: .site)
        let view = ImagesView(
            try await views.imageDetails().map { ImagesView.Image($0, mayPublish: mayPublish, words) },
            builds: try await acts.builds().prefix(10), sources: try await acts.sources(),
            rollouts: try await views.rolloutsUnderWay(), suite: BuildsPage.hostSuite,
            isNew: request.query("new") != nil,
            ImagesView.Rights(mayPublish: mayPublish, canBuild: await acts.canBuild()), words)
        return try pages.show(view, "Images", section: "/images", request, context)
    }

    /// Promotes at once or after a boot test, or only runs the test.
    private func promote(_ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let image = try context.imageName()
        let channel = try ChannelName(channel: form["channel"])
        guard form.has("test") else {
            return try await done(acts) {
                _ = try await acts.promote(form["version"], of: image, to: channel)
            }
        }
        let build = try await acts.startBootTest(
            ServerBootTestRequest(promoteTo: form["test"] == "only" ? nil : channel), of: image,
            form["version"])
        return pages.redirect("/images/builds/\(build.id)")
    }

    private func done(_ acts: Acts, after act: () async throws -> Void) async throws -> Response {
        try await pages.redirect("/images", after: act, by: acts)
    }
}
