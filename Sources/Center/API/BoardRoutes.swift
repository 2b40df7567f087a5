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
            let text = try context.parameter("id")
            guard let id = Int(text) else {
                throw Problem(422, "Invalid number", "‘\(text)’ is not the number of a link")
            }
            try await acts.revokeBoardLink(id)
            return HTTPResponse.Status.noContent
        }
    }
}
