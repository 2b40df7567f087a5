import API
import Fleet
import Hummingbird

/// Administrators and tokens.
struct AccessRoutes {
    func add(to api: Routes) {
        api.get("whoami", .read) { _, _, acts in try JSONAnswer(acts.whoAmI()) }
        api.get("administrators", .administer) { _, _, acts in
            try await JSONAnswer(acts.administrators())
        }
        api.put("administrators/:name", .administer) { request, context, acts in
            let wish = try await request.decoded(AdministratorRequest.self)
            return try await JSONAnswer(
                acts.save(administrator: context.parameter("name"), wish, if: request.precondition))
        }
        api.delete("administrators/:name", .administer) { _, context, acts in
            try await acts.removeAdministrator(context.parameter("name"))
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
