import API
import Fleet
import Hummingbird

/// Files of the configuration: plan, apply, who applied what, and how such a file looks.
struct DeclarationRoutes {
    /// Files with a whole fleet.
    private static let byteLimit = 48 << 20

    func add(to api: Routes) {
        api.post("apply", .configure) { request, _, acts in
            let isPlan = try request.wants("plan")
            let wish = try await request.decoded(
                DeclarationRequest.self, upTo: Self.byteLimit, isTolerant: true)
            let answer =
                try isPlan
                ? acts.plan(wish) : await acts.apply(wish, ifMatch: request.headers[.ifMatch])
            return try JSONAnswer(answer, etag: "\"\(answer.revision)\"")
        }
        api.get("sources", .read) { _, _, acts in try JSONAnswer(acts.appliedSources()) }
        api.delete("sources/:source", .configure) { _, context, acts in
            try await acts.forget(SourceName(context.parameter("source")))
            return HTTPResponse.Status.noContent
        }
        api.get("schema", .read) { _, _, _ in try JSONAnswer(DeclaredSchema.schema) }
    }
}
