import API
import Fleet
import Hummingbird

/// Web hooks and how their last delivery went.
struct HooksPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("hooks", .administer) { request, context, acts in
            try await show([:], request, context, acts)
        }
        routes.post("hooks", .administer) { request, context, acts in
            let form = try pages.form(context)
            let kinds = form["kinds"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            let wish = WebHookRequest(
                url: form["url"], kinds: kinds,
                group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]))
            do {
                let made = try await acts.makeWebHook(wish)
                return try await show(["secret": made.secret ?? ""], request, context, acts)
            } catch let problem as Problem where problem.status == 422 {
                return try await show(["failure": problem.detail], request, context, acts)
            }
        }
        routes.post("hooks/:id/remove", .administer) { _, context, acts in
            guard let id = Int(try context.parameter("id")) else {
                throw Problem(404, "Not found", "there is no such web hook")
            }
            try await acts.removeWebHook(id)
            return pages.redirect("/hooks")
        }
    }

    private func show(_ extra: [String: Any], _ request: Request, _ context: CenterContext, _ acts: Acts)
        async throws -> Response
    {
        var fields = extra
        fields["kinds"] = ServerEvent.Kind.allCases.map(\.rawValue).joined(separator: " ")
        fields["rows"] = try await acts.webHooks().map { hook -> [String: Any] in
            [
                "id": hook.id, "url": hook.url, "kinds": hook.kinds.joined(separator: " "),
                "group": hook.group.description, "at": Format.time(second: hook.lastAt),
                "result": hook.lastResult ?? "", "kind": hook.isHealthy == false ? "failed" : "ready",
            ]
        }
        return try pages.show("hooks", "Web hooks", section: "/hooks", fields, request, context)
    }
}
