import API
import Fleet
import Hummingbird

/// Web hooks: external addresses that are notified of events.
struct WebHookRoutes {
    func add(to api: Routes) {
        api.get("hooks", .administer) { _, _, acts in try await JSONAnswer(acts.webHooks())
        }
        api.post("hooks", .administer) { request, _, acts in
            try await JSONAnswer(acts.makeWebHook(request.decoded()), status: .created)
        }
        api.post("hooks/:id/test", .administer) { _, context, acts in
            try await JSONAnswer(acts.testWebHook(named: context.parameter("id")))
        }
        api.delete("hooks/:id", .administer) { _, context, acts in
            try await acts.removeWebHook(named: context.parameter("id"))
            return HTTPResponse.Status.noContent
        }
    }
}
