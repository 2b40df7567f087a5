import API
import Fleet
import Hummingbird

/// What changed between versions of an image, whether they are whole, and which nothing needs.
struct VersionsPage {
    let pages: Pages

    private var acts: VersionRoutes { VersionRoutes(services: pages.services) }
    private var images: ImageRoutes { ImageRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("images/:name/versions/:version/boot-test", .read) { request, context, _ in
            try await bootTest(request, context)
        }
        routes.get("images/:name/difference", .read) { request, context, _ in
            let image = try images.image(context, in: pages.fleet.snapshot)
            let difference = try await acts.difference(of: image, request)
            let view = VersionDifferenceView(difference, image, pages.renderer.words(context))
            return try pages.show(view, "What changed", section: "/images", request, context)
        }
        routes.post("images/:name/verify", .read) { request, context, _ in
            let image = try images.image(context, in: pages.fleet.snapshot)
            let version = try images.version(pages.form(context)["version"], of: image)
            let answer = try await acts.verify(version)
            let view = VerificationView(
                name: image.name.text, number: answer.number, isGood: answer.isGood, damage: answer.damage)
            return try pages.show(view, "Verify", section: "/images", request, context)
        }
        routes.get("images/:name/prune", .publish) { request, context, caller in
            let image = try images.image(context, in: pages.fleet.snapshot)
            let keep = try request.query("keep", 0...1_000, default: VersionRoutes.standardKeep)
            let plan = try await acts.prune(image, PruneRequest(keep: keep, isPlan: true), caller)
            let view = PruneView(image.name, plan, keep: keep, pages.renderer.words(context))
            return try pages.show(
                view, "Remove what nothing needs", section: "/images", request, context)
        }
        routes.post("images/:name/prune", .publish) { _, context, caller in
            let image = try images.image(context, in: pages.fleet.snapshot)
            _ = try await acts.prune(image, PruneRequest(keep: Int(try pages.form(context)["keep"])), caller)
            return pages.redirect(Back.done("/images", pages.fleet.snapshot.revision))
        }
    }

    private func bootTest(_ request: Request, _ context: CenterContext) async throws -> Response {
        let (name, number) = (
            try ImageName(context.parameter("name")), try Int(context.parameter("version")) ?? 0
        )
        guard let test = try await pages.fleet.store.bootTest(of: name, number) else {
            throw StoreError.notFound("\(name)@\(number) was never tested")
        }
        let view = BootTestView(test, pages.renderer.words(context))
        return try pages.show(view, "Boot test", section: "/images", request, context)
    }
}
