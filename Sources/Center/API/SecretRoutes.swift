import API
import Fleet
import Hummingbird

/// Secrets of nodes, and who got them.
struct SecretRoutes {
    func add(to api: Routes) {
        api.get("secrets", .read) { _, _, acts in try await JSONAnswer(acts.secrets())
        }
        api.post("secrets", .configure) { request, _, acts in
            let saved = try await acts.addSecret(request.decoded())
            return try JSONAnswer(saved.record, status: .created, etag: saved.tag)
        }
        api.get("secrets/:name", .read) { _, context, acts in
            let saved = try await acts.secret(SecretName(context.parameter("name")))
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.patch("secrets/:name", .configure) { request, context, acts in
            let name = try SecretName(context.parameter("name"))
            let saved = try await acts.changeSecret(name, request.decoded(), if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.delete("secrets/:name", .configure) { request, context, acts in
            try await acts.removeSecret(SecretName(context.parameter("name")), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
        api.get("nodes/:name/secrets", .read) { _, context, acts in
            try await JSONAnswer(acts.secretReceipts(of: context.parameter("name")))
        }
    }
}
