import API
import Fleet
import Hummingbird

/// The history of changes, and undo.
struct HistoryRoutes {
    func add(to api: Routes) {
        api.get("revisions", .audit) { request, _, acts in
            let filter = RevisionFilter(
                kind: request.query("kind"), key: request.query("key"), who: request.query("who"),
                before: request.query("before").flatMap { Int($0) },
                limit: try request.query("limit", 1...1_000, default: 50))
            let (revisions, next) = try await acts.revisions(filter)
            return try JSONAnswer(
                revisions, next: next.map { "/api/v1/revisions?before=\($0)&limit=\(filter.limit)" })
        }
        api.get("revisions/:number", .audit) { _, context, acts in
            try await JSONAnswer(acts.revision(context.number("number", of: "revision")))
        }
        api.post("revisions/:number/undo", .configure) { _, context, acts in
            try await JSONAnswer(
                RevisionAnswer(revision: acts.undo(context.number("number", of: "revision"))))
        }
    }
}
