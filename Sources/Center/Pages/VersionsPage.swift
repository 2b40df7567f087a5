import API
import Fleet
import Hummingbird

/// What changed between versions of an image, whether they are whole, and which nothing needs.
struct VersionsPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images/:name/versions/:version/boot-test", .read) { request, context, acts in
            try await bootTest(request, context, acts)
        }
        routes.get("images/:name/difference", .read) { request, context, acts in
            let image = try context.imageName()
            let difference = try await VersionRoutes.difference(request, context, acts)
            let numbers = try await acts.versions(of: image).reversed().map(\.number)
            return try pages.show(
                "difference", "What changed", section: "/images", fields(of: difference, image, numbers),
                request,
                context)
        }
        routes.post("images/:name/verify", .read) { request, context, acts in
            let image = try context.imageName()
            let answer = try await acts.verify(pages.form(context)["version"], of: image)
            return try pages.show(
                "verification", "Verify", section: "/images",
                [
                    "name": image.text, "number": answer.number, "isGood": answer.isGood,
                    "damage": answer.damage,
                ], request, context)
        }
        routes.get("images/:name/prune", .publish) { request, context, acts in
            let image = try context.imageName()
            let keep = try request.query("keep", 0...1_000, default: Acts.standardKeep)
            let plan = try await acts.prune(image, PruneRequest(keep: keep, isPlan: true))
            return try pages.show(
                "prune", "Remove what nothing needs", section: "/images",
                [
                    "name": image.text, "keep": keep, "removed": plan.removed,
                    "hasRemoved": !plan.removed.isEmpty,
                    "kept": plan.kept.map { ["number": $0.number, "because": $0.because] as [String: Any] },
                ], request, context)
        }
        routes.post("images/:name/prune", .publish) { _, context, acts in
            let keep = Int(try pages.form(context)["keep"])
            _ = try await acts.prune(context.imageName(), PruneRequest(keep: keep))
            return pages.redirect(Back.done("/images", acts.revision))
        }
    }

    /// Rows of a table that a browser shows at once.
    private static let shownContents = 1_000

    private func fields(of difference: ImageDifference, _ image: ImageName, _ numbers: [Int]) -> [String: Any]
    {
        func rows(_ changes: [ImageDifference.Change], _ shown: (String) -> String = { $0 }) -> [[String:
            Any]]
        {
            changes.map {
                ["name": $0.name, "before": $0.before.map(shown) ?? "", "after": $0.after.map(shown) ?? ""]
            }
        }
        return [
            "name": image.text, "from": difference.from, "to": difference.to,
            "facts": rows(difference.facts), "packages": rows(difference.packages),
            "packageCount": difference.packages.count,
            "files": rows(difference.files) { Int($0).map { Format.size($0) } ?? $0 },
            "isSame": difference.files.isEmpty, "hasContents": difference.contents != nil,
            "contents": rows(Array((difference.contents ?? []).prefix(Self.shownContents))),
            "contentCount": difference.contents?.count ?? 0,
            "hasMore": (difference.contents?.count ?? 0) > Self.shownContents,
            "numbers": numbers,
        ]
    }

    private func bootTest(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response
    {
        let (name, number) = (
            try ImageName(context.parameter("name")), try Int(context.parameter("version")) ?? 0
        )
        guard let test = try await acts.bootTest(of: name, number) else {
            throw StoreError.notFound("\(name)@\(number) was never tested")
        }
        let words = pages.renderer.words(context)
        return try pages.show(
            "boottest", "Boot test", section: "/images",
            [
                "image": name.text, "version": number, "at": Format.time(second: test.at),
                "kind": test.isPassed ? "ready" : "failed",
                "state": words(test.isPassed ? "succeeded" : "failed"), "detail": test.detail,
                "console": test.console,
                "entries": test.timeline.entries.map {
                    [
                        "stage": $0.stage.rawValue, "detail": $0.detail,
                        "after": Format.duration($0.at - test.timeline.startedAt),
                    ]
                },
            ], request, context)
    }
}
