import API
import Fleet
import Foundation
import Hummingbird

/// Web hooks: addresses elsewhere that are told what happens.
struct WebHookRoutes {
    private static let countLimit = 50

    let services: CenterServices

    func add(to api: Routes) {
        api.get("hooks", .administer) { _, _, caller in
            try caller.require(.administer, in: .site)
            return try await JSONAnswer(list())
        }
        api.post("hooks", .administer) { request, _, caller in
            try await JSONAnswer(make(request.decoded(), caller), status: .created)
        }
        api.delete("hooks/:id", .administer) { _, context, caller in
            let text = try context.parameter("id")
            guard let id = Int(text) else {
                throw Problem(422, "Invalid number", "‘\(text)’ is not the number of a web hook")
            }
            try await remove(id, caller)
            return HTTPResponse.Status.noContent
        }
    }

    func list() async throws -> [WebHookAnswer] {
        try await services.fleet.store.webHooks().map { hook in
            WebHookAnswer(hook, services.webHooks.outcome(of: hook.id))
        }
    }

    /// A server that could be told to send anywhere is an administrator's of the whole site.
    func make(_ wish: WebHookRequest, _ caller: Caller) async throws -> WebHookAnswer {
        try caller.require(.administer, in: .site)
        guard let url = URL(string: wish.url), ["http", "https"].contains(url.scheme),
            url.host?.isEmpty == false,
            wish.url.utf8.count <= 2_000
        else { throw Problem(422, "Invalid address", "‘\(wish.url)’ is not an http or https URL") }
        let kinds = wish.kinds ?? []
        for kind in kinds where ServerEvent.Kind(rawValue: kind) == nil {
            let known = ServerEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(422, "Invalid kind", "‘\(kind)’ is not one of \(known)")
        }
        guard try await services.fleet.store.webHooks().count < Self.countLimit else {
            throw StoreError.conflict("there are \(Self.countLimit) web hooks; remove some first")
        }
        let hook = WebHook(
            id: 0, url: wish.url, secret: Secrets.make(), kinds: kinds, group: wish.group ?? .site)
        let added = try await services.fleet.administer { store in
            try await store.addWebHook(hook, by: caller.name)
        }
        services.webHooks.begin(added)
        var answer = WebHookAnswer(added, nil)
        answer.secret = added.secret
        return answer
    }

    func remove(_ id: Int, _ caller: Caller) async throws {
        try caller.require(.administer, in: .site)
        try await services.fleet.administer { store in try await store.removeWebHook(id, by: caller.name) }
        services.webHooks.end(id)
    }
}

extension WebHookAnswer {
    init(_ hook: WebHook, _ outcome: WebHookSender.Outcome?) {
        self.init(
            id: hook.id, url: hook.url, kinds: hook.kinds, group: hook.group, lastAt: outcome?.at,
            lastResult: outcome?.text, isHealthy: outcome?.isGood)
    }
}
