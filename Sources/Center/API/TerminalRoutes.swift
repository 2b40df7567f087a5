import API
import Fleet
import Foundation
import Hummingbird

/// Terminal servers, their pools, and where log-ins go.
struct TerminalRoutes {
    func add(to api: Routes) {
        addTerminals(to: api)
        addPools(to: api)
        api.get("place", .read) { request, _, acts in
            try JSONAnswer(
                acts.placement(
                    of: request.query("user") ?? "", in: Set(Self.words(request.query("groups"))),
                    at: request.query("node"), pool: request.query("pool"),
                    protocols: Self.protocols(request.query("protocols"))
                ).answer)
        }
        api.get("placements", .read) { request, _, acts in
            try await request.page(of: "placements") { try acts.placements($0, offset: $1, limit: $2) }
        }
    }

    private func addTerminals(to api: Routes) {
        api.get("terminals", .read) { request, _, acts in
            try await request.page(of: "terminals") { try acts.terminals($0, offset: $1, limit: $2) }
        }
        api.get("terminals/:name", .read) { _, context, acts in
            try JSONAnswer(acts.terminal(context.name()))
        }
        api.put("terminals/:name", .configure) { request, context, acts in
            let server = try await request.decoded(TerminalServer.self, upTo: 1 << 20)
            let saved = try await acts.saveTerminal(
                server, at: TerminalName(context.parameter("name")), if: request.precondition)
            return try JSONAnswer(saved)
        }
        api.patch("terminals/:name", .configure) { request, context, acts in
            try await JSONAnswer(
                acts.patchTerminal(context.name(), Self.patch(request), if: request.precondition))
        }
        api.delete("terminals/:name", .configure) { request, context, acts in
            try await acts.removeTerminal(context.name(), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
        api.post("terminals/:name/drain", .configure) { request, context, acts in
            let restarts = try request.wants("restart") ? true : nil
            return try await Self.admit(.draining, restarts: restarts, context, acts)
        }
        api.post("terminals/:name/resume", .configure) { _, context, acts in
            try await Self.admit(.open, context, acts)
        }
        api.post("terminals/:name/maintenance", .configure) { _, context, acts in
            try await Self.admit(.maintenance, context, acts)
        }
        api.post("terminals/:name/restart", .configure) { _, context, acts in
            try await Self.admit(.draining, restarts: true, context, acts)
        }
    }

    private func addPools(to api: Routes) {
        api.get("pools", .read) { request, _, acts in
            try await request.page(of: "pools") { try acts.pools($0, offset: $1, limit: $2) }
        }
        api.get("pools/:name", .read) { _, context, acts in
            try JSONAnswer(acts.pool(context.name()))
        }
        api.put("pools/:name", .configure) { request, context, acts in
            let pool = try await request.decoded(TerminalPool.self, upTo: 1 << 20)
            let saved = try await acts.savePool(
                pool, at: PoolName(context.parameter("name")), if: request.precondition)
            return try JSONAnswer(saved)
        }
        api.patch("pools/:name", .configure) { request, context, acts in
            try await JSONAnswer(
                acts.patchPool(context.name(), Self.patch(request), if: request.precondition))
        }
        api.delete("pools/:name", .configure) { request, context, acts in
            try await acts.removePool(context.name(), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
    }

    private static func admit(
        _ admission: TerminalServer.Admission, restarts: Bool? = nil, _ context: CenterContext, _ acts: Acts
    ) async throws -> JSONAnswer {
        try await JSONAnswer(acts.admit(admission, to: context.name(), restarts: restarts))
    }

    private static func patch(_ request: Request) async throws -> MergePatch {
        try await MergePatch(Data(request.content(upTo: 1 << 20).readableBytesView))
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map(String.init)
    }

    private static func protocols(_ text: String?) throws -> [SessionProtocol] {
        try words(text).map { word in
            guard let name = SessionProtocol(rawValue: word) else {
                throw Problem(
                    422, "Invalid parameter", "protocols: ‘\(word)’ is not one of rdp, ssh, x2go, vnc")
            }
            return name
        }
    }
}
