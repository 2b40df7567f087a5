import API
import Fleet
import Hummingbird

/// The directory of people, and their sessions on terminal servers.
struct AccountRoutes {
    func add(to api: Routes) {
        addAccounts(to: api)
        addSessions(to: api)
    }

    private func addAccounts(to api: Routes) {
        api.get("accounts", .read) { request, _, acts in
            try await request.page(of: "accounts") {
                try await acts.at(request).accounts($0, offset: $1, limit: $2)
            }
        }
        api.post("accounts/import", .configure) { request, _, acts in
            try acts.requireChangingAccounts()
            return try await JSONAnswer(
                acts.importAccounts(request.decoded(AccountImport.self, upTo: 8 << 20)))
        }
        api.get("accounts/:name", .read) { request, context, acts in
            let saved = try await acts.at(request).account(LogInName(context.parameter("name")))
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.put("accounts/:name", .configure) { request, context, acts in
            try acts.requireChangingAccounts()
            let saved = try await acts.saveAccount(
                LogInName(context.parameter("name")), request.decoded(AccountRequest.self),
                if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.delete("accounts/:name", .configure) { request, context, acts in
            try await acts.removeAccount(LogInName(context.parameter("name")), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
    }

    private func addSessions(to api: Routes) {
        api.get("terminal-sessions", .read) { request, _, acts in
            try await request.page(of: "terminal-sessions") {
                try await acts.at(request).terminalSessions($0, offset: $1, limit: $2)
            }
        }
        api.get("terminal-sessions/history", .read) { request, _, acts in
            try await request.page(of: "terminal-sessions/history") {
                try await acts.pastTerminalSessions($0, offset: $1, limit: $2)
            }
        }
        api.post("terminals/:name/message", .enrol) { request, context, acts in
            let server = try TerminalName(context.parameter("name"))
            try acts.requireHelping(on: server)
            try await acts.message(
                request.decoded(SessionMessageRequest.self, upTo: 1 << 16).text, to: nil, on: server)
            return HTTPResponse.Status.noContent
        }
        api.post("terminals/:name/sessions/:session/message", .enrol) { request, context, acts in
            let server = try TerminalName(context.parameter("name"))
            try acts.requireHelping(on: server)
            try await acts.message(
                request.decoded(SessionMessageRequest.self, upTo: 1 << 16).text,
                to: context.parameter("session"), on: server)
            return HTTPResponse.Status.noContent
        }
        api.post("terminals/:name/sessions/:session/disconnect", .enrol) { _, context, acts in
            try await acts.disconnect(
                context.parameter("session"), on: TerminalName(context.parameter("name")))
            return HTTPResponse.Status.noContent
        }
        api.delete("terminals/:name/sessions/:session", .enrol) { _, context, acts in
            try await acts.end(context.parameter("session"), on: TerminalName(context.parameter("name")))
            return HTTPResponse.Status.noContent
        }
    }
}
