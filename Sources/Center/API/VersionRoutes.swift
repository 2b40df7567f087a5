import API
import Fleet
import Hummingbird

/// Comparing, verifying and removing versions of an image.
struct VersionRoutes {
    func add(to api: Routes) {
        api.get("images/:name/difference", .read) { request, context, acts in
            try await JSONAnswer(Self.difference(request, context, acts))
        }
        api.post("images/:name/versions/:version/verification", .read) { _, context, acts in
            try await JSONAnswer(acts.verify(context.parameter("version"), of: context.imageName()))
        }
        api.post("images/:name/pruning", .publish) { request, context, acts in
            try await JSONAnswer(acts.prune(context.imageName(), request.decoded()))
        }
        api.put("images/:name/keep", .publish) { request, context, acts in
            let wish = try await request.decoded(KeepRequest.self)
            try await acts.keep(wish.keep, of: context.imageName(), if: request.precondition)
            return try JSONAnswer(wish)
        }
        api.put("images/:name/tags/:tag", .publish) { request, context, acts in
            let wanted = try await request.decoded(PromoteRequest.self).version
            return try await JSONAnswer(
                acts.tag(
                    wanted, of: context.imageName(), as: Self.tag(context), if: request.precondition))
        }
        api.delete("images/:name/tags/:tag", .publish) { _, context, acts in
            try await acts.removeTag(Self.tag(context), of: context.imageName())
            return HTTPResponse.Status.noContent
        }
        api.post("images/:name/versions/:version/signatures", .publish) { request, context, acts in
            try await JSONAnswer(
                acts.sign(context.parameter("version"), of: context.imageName(), by: request.decoded()))
        }
    }

    private static func tag(_ context: CenterContext) throws -> ChannelName {
        try ChannelName(tag: context.parameter("tag"))
    }

    /// Query: `from` (a number, digest or channel; none: the version before the other), `to` (none: the newest) and `contents` (`yes`:
    /// compares the roots' contents, too).
    static func difference(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> ImageDifference
    {
        try await acts.difference(
            of: context.imageName(), from: request.query("from"), to: request.query("to"),
            wantsContents: request.wants("contents"))
    }
}
