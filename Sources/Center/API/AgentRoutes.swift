import API
import Fleet
import Hummingbird

/// The agents of terminal servers, for people. How agents themselves come is in ``AgentPort``.
struct AgentRoutes {
    func add(to api: Routes) {
        api.get("agents", .read) { _, _, acts in try await JSONAnswer(acts.agents()) }
        api.post("agents/tokens", .configure) { request, _, acts in
            try await JSONAnswer(acts.makeAgentToken(request.decoded()), status: .created)
        }
        api.delete("agents/:server", .configure) { _, context, acts in
            try await acts.revokeAgent(of: TerminalName(context.parameter("server")))
            return HTTPResponse.Status.noContent
        }
    }

    /// What an agent asks for with its token: it has no log-in.
    func addJoining(to group: RouterGroup<CenterContext>, door: Door) {
        group.post("agents/join") { request, context in
            let wish = try await request.decoded(AgentJoinRequest.self, upTo: 16 << 10, isTolerant: true)
            return try await JSONAnswer(door.join(wish, from: context.address), status: .created)
        }
    }
}
