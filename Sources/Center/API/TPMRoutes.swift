import API
import Fleet
import Hummingbird

/// The TPMs that nodes are bound to.
struct TPMRoutes {
    func add(to api: Routes) {
        api.get("nodes/:name/tpm", .read) { request, context, acts in
            try await JSONAnswer(acts.at(request).tpm(of: context.parameter("name")))
        }
        api.post("nodes/:name/tpm/accept", .configure) { request, context, acts in
            let wish = try await request.decoded(AcceptTPMRequest.self)
            return try await JSONAnswer(acts.acceptTPM(of: context.parameter("name"), wish))
        }
        api.delete("nodes/:name/tpm", .configure) { _, context, acts in
            try await acts.forgetTPM(of: context.parameter("name"))
            return HTTPResponse.Status.noContent
        }
    }
}
