import API
import Fleet
import Hummingbird

/// The links of wall boards.
struct BoardRoutes {
    func add(to api: Routes) {
        api.get("boards", .configure) { _, _, acts in try await JSONAnswer(acts.boardLinks()) }
        api.post("boards", .configure) { request, _, acts in
            try await JSONAnswer(acts.makeBoardLink(request.decoded()), status: .created)
        }
        api.delete("boards/:id", .configure) { _, context, acts in
            try await acts.revokeBoardLink(context.number("id", of: "link"))
            return HTTPResponse.Status.noContent
        }
    }
}
