import API
import Fleet
import Hummingbird

/// Administrators and tokens.
struct AccessRoutes {
    func add(to api: Routes) {
        api.get("whoami", .read) { _, _, acts in try JSONAnswer(acts.whoAmI()) }
        api.get("administrators", .administer) { _, _, acts in
            try await JSONAnswer(acts.administrators().map(\.record))
        }
        api.get("administrators/:name", .administer) { _, context, acts in
            let known = try await acts.administrator(context.parameter("name"))
            return try JSONAnswer(known.record, etag: known.tag)
        }
        api.put("administrators/:name", .administer) { request, context, acts in
            let wish = try await request.decoded(AdministratorRequest.self)
            let saved = try await acts.save(
                administrator: context.parameter("name"), wish, if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.delete("administrators/:name", .administer) { request, context, acts in
            try await acts.removeAdministrator(context.parameter("name"), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
        api.get("tokens", .read) { _, _, acts in try await JSONAnswer(acts.tokens()) }
        api.post("tokens", .read) { request, _, acts in
            try await JSONAnswer(acts.makeToken(request.decoded()), status: .created)
        }
        api.delete("tokens/:id", .read) { _, context, acts in
            try await acts.revokeToken(context.number("id", of: "token"))
            return HTTPResponse.Status.noContent
        }
    }
}
