import API
import Fleet
import Hummingbird

/// Secrets of nodes, and who got them.
struct SecretRoutes {
    func add(to api: Routes) {
        api.get("secrets", .read) { _, _, acts in try await JSONAnswer(acts.secrets())
        }
        api.post("secrets", .configure) { request, _, acts in
            try await JSONAnswer(acts.addSecret(request.decoded()), status: .created)
        }
        api.get("secrets/:name", .read) { _, context, acts in
            try await JSONAnswer(acts.secret(SecretName(context.parameter("name"))))
        }
        api.patch("secrets/:name", .configure) { request, context, acts in
            let name = try SecretName(context.parameter("name"))
            return try await JSONAnswer(acts.changeSecret(name, request.decoded()))
        }
        api.delete("secrets/:name", .configure) { _, context, acts in
            try await acts.removeSecret(SecretName(context.parameter("name")))
            return HTTPResponse.Status.noContent
        }
        api.get("nodes/:name/secrets", .read) { _, context, acts in
            try await JSONAnswer(acts.secretReceipts(of: context.parameter("name")))
        }
    }
}
