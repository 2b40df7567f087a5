import API
import Fleet
import Hummingbird

/// Differences between versions of an image, verification, and unused versions.
struct VersionsPage: FleetPage {
    static let views: [any TemplateView.Type] = [
        VersionDifferenceView.self, VerificationView.self, PruneView.self, BootTestView.self,
    ]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images/:name/versions/:version/boot-test", .read) { request, context, acts in
            try await bootTest(request, context, acts)
        }
        routes.get("images/:name/difference", .read) { request, context, acts in
            let image = try context.imageName()
            let difference = try await VersionRoutes.difference(request, context, acts)
            let numbers = try await acts.versions(of: image).map(\.number)
            let view = VersionDifferenceView(difference, of: image, numbers, pages.renderer.words(context))
            return try pages.show(view, "What changed", section: "/images", request, context)
        }
        routes.post("images/:name/verify", .read) { request, context, acts in
            let image = try context.imageName()
            let answer = try await acts.verify(pages.form(context)["version"], of: image)
            let view = VerificationView(
                name: image.text, number: answer.number, isGood: answer.isGood, damage: answer.damage)
            return try pages.show(view, "Verify", section: "/images", request, context)
        }
        routes.get("images/:name/prune", .publish) { request, context, acts in
            let image = try context.imageName()
            let keep = try request.query("keep", 0...1_000, default: Acts.standardKeep)
            let plan = try await acts.prune(image, PruneRequest(keep: keep, isPlan: true))
            let view = PruneView(image, plan, keep: keep, pages.renderer.words(context))
            return try pages.show(
                view, "Remove what nothing needs", section: "/images", request, context)
        }
        routes.post("images/:name/prune", .publish) { _, context, acts in
            let keep = Int(try pages.form(context)["keep"])
            let prune = { _ = try await acts.prune(context.imageName(), PruneRequest(keep: keep)) }
            return try await pages.redirect("/images", after: prune, by: acts)
        }
    }

    private func bootTest(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response
    {
        let (name, number) = (
            try ImageName(context.parameter("name")), try Int(context.parameter("version")) ?? 0
        )
        guard let test = try await acts.bootTest(of: name, number) else {
            throw StoreError.notFound("\(name)@\(number) was never tested")
        }
        let view = BootTestView(test, pages.renderer.words(context))
        return try pages.show(view, "Boot test", section: "/images", request, context)
    }
}
