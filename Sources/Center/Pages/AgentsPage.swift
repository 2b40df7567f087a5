import API
import Fleet
import Hummingbird

/// The agents of terminal servers.
struct AgentsPage: FleetPage {
    static let views: [any TemplateView.Type] = [AgentsView.self, AgentRevokeView.self]
    static let menu = [MenuEntry("/desktops/agents", "Agents", .desktops, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("desktops/agents", .read) { request, context, acts in
            try await show(request, context, acts)
        }
        routes.post("desktops/agents", .configure) { request, context, acts in
            let form = try pages.form(context)
            do {
                let token = try acts.makeAgentToken(server: form["server"], in: GroupPath(form["group"]))
                return try await show(command: token.command, request, context, acts)
            } catch let error as InvalidName {
                return try await show(
                    failure: pages.renderer.words(context)(error), typed: form, status: .unprocessableContent,
                    request, context,
                    acts)
            } catch let error as Problem where error.status < 500 {
                return try await show(
                    failure: pages.renderer.words(context)(error), typed: form,
                    status: .init(code: error.status), request, context,
                    acts)
            } catch StoreError.notFound(let text) {
                return try await show(
                    failure: pages.renderer.words(context)(text), typed: form, status: .notFound, request,
                    context, acts)
            }
        }
        routes.get("desktops/agents/:name/revoke", .configure) { request, context, acts in
            let name = try TerminalName(context.parameter("name"))
            try acts.requireChangingTerminal(name)
            let view = AgentRevokeView(try acts.terminal(name).record, pages.renderer.words(context))
            return try pages.show(
                view, "Revoke an agent", section: "/desktops/servers", request, context)
        }
        routes.post("desktops/agents/:name/revoke", .configure) { _, context, acts in
            try await acts.revokeAgent(of: TerminalName(context.parameter("name")))
            return pages.redirect("/desktops/agents")
        }
    }

    private func show(
        command: String? = nil, failure: String? = nil, typed: Form? = nil,
        status: HTTPResponse.Status = .ok, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let agents = try await acts.agents()
        let servers = Dictionary(
            uniqueKeysWithValues: try acts.terminals("", offset: 0, limit: Acts.pageLimit).rows.map {
                ($0.server.name, $0)
            })
        let view = AgentsView(
            agents, on: servers, command: command, failure: failure, typed: typed,
            groups: acts.groupPaths(.configure),
            mayRevoke: { servers[$0].map { acts.may(.configure, in: $0.server.group) } ?? false },
            pages.renderer.words(context))
        return try pages.show(
            view, "Agents", section: "/desktops/agents", request, context, status: status)
    }
}
