import API
import Fleet
import Foundation
import Hummingbird

/// Sessions on terminal servers, and the directory of people.
struct DesktopPeoplePage: FleetPage {
    static let views: [any TemplateView.Type] = [
        DesktopSessionsView.self, DesktopSessionView.self, SessionHelpView.self, DesktopAccountsView.self,
        AccountFormView.self, AccountImportView.self, AccountRemovalView.self,
    ]
    static let menu = [
        MenuEntry("/desktops/sessions", "Sessions", .desktops, .read),
        MenuEntry("/desktops/accounts", "Accounts", .desktops, .read),
        MenuEntry("/desktops/place", "Who lands where?", .desktops, .read),
        MenuEntry("/desktops/log-ins", "Log-ins", .desktops, .read),
    ]

    let pages: Pages

    private static let (sessions, accounts) = ("/desktops/sessions", "/desktops/accounts")
    /// Sessions of a page.
    private static let sessionLimit = 50

    func add(to routes: Routes) {
        routes.get("desktops/sessions", .read) { request, context, acts in
            let pager = try Pager(request, path: Self.sessions, limit: Self.sessionLimit)
            let overview = try await acts.sessionOverview(
                pager.query, offset: pager.offset, limit: pager.limit)
            let view = DesktopSessionsView(
                overview, pager, mayHelp: { acts.may(.enrol, in: $0) },
                isSent: request.query("sent") == "yes", now: Clock.second, pages.renderer.words(context))
            return try pages.show(view, "Sessions", section: Self.sessions, request, context)
        }
        routes.post("desktops/sessions", .enrol) { request, context, acts in
            try await actOnMany(request, context, acts)
        }
        routes.get("desktops/session", .enrol) { request, context, acts in
            let session = try await acts.terminalSession(
                request.query("id") ?? "", on: TerminalName(request.query("server") ?? ""))
            let view = DesktopSessionView(session, pages.renderer.words(context))
            return try pages.show(view, "Sessions", section: Self.sessions, request, context)
        }
        routes.post("desktops/session", .enrol) { request, context, acts in
            try await act(request, context, acts)
        }
        addAccounts(to: routes)
        addLists(to: routes)
    }

    private func act(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        let (server, id) = (try TerminalName(form["server"]), form["id"])
        if form["act"] == "message-all" {
            try await acts.message(form["text"], to: nil, on: server)
            return pages.redirect("/desktops/servers/\(server)?sent=yes")
        }
        let session = try await acts.terminalSession(id, on: server)
        func shown(_ view: DesktopSessionView, _ status: HTTPResponse.Status = .ok) throws -> Response {
            try pages.show(view, "Sessions", section: Self.sessions, request, context, status: status)
        }
        do {
            switch form["act"] {
            case "message":
                try await acts.message(form["text"], to: id, on: server)
                return try shown(DesktopSessionView(session, done: words("The message was sent."), words))
            case "disconnect": try await acts.disconnect(id, on: server)
            case "end": try await acts.end(id, on: server)
            case let text:
                throw Problem(422, "Invalid act", "there is no action ‘\(text)’ here")
            }
            return pages.redirect(form["back"] == "server" ? "/desktops/servers/\(server)" : Self.sessions)
        } catch let problem as Problem {
            return try shown(
                DesktopSessionView(session, problem: words(problem), text: form["text"], words),
                .init(code: problem.status))
        }
    }

    /// Sessions that one form is about.
    private static let pickLimit = 500

    /// Says what would be done with the ticked sessions, and does it once that is confirmed.
    private func actOnMany(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        guard let act = SessionHelpView.Wish.Act(rawValue: form["act"]) else {
            throw Problem(422, "Invalid act", "there is no action ‘\(form["act"])’ here")
        }
        let picked = try form.all("session").map { text in
            let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
            return Acts.SessionPick(
                server: try TerminalName(parts.first ?? ""), id: parts.count > 1 ? parts[1] : "")
        }
        guard (1...Self.pickLimit).contains(picked.count) else {
            throw Problem(422, "No session", "tick 1 to \(Self.pickLimit) sessions in the list")
        }
        let wish = SessionHelpView.Wish(act: act, query: form["q"], text: form["text"])
        let sessions = try await acts.pickedSessions(picked)
        func shown(_ view: SessionHelpView, _ status: HTTPResponse.Status = .ok) throws -> Response {
            try pages.show(view, "Sessions", section: Self.sessions, request, context, status: status)
        }
        guard form["confirmed"] == "yes", !sessions.isEmpty else {
            return try shown(SessionHelpView(wish, sessions, words))
        }
        let help: Acts.SessionHelp =
            switch act {
            case .message: .message(form["text"])
            case .disconnect: .disconnect
            case .end: .end
            }
        do {
            let failures = try await acts.help(picked, by: help)
            if failures.isEmpty {
                let sent = wish.query.isEmpty ? "?sent=yes" : "&sent=yes"
                return pages.redirect(wish.back + (act == .message ? sent : ""))
            }
            let failed = Set(failures.map(\.pick))
            let left = sessions.filter { failed.contains(Acts.SessionPick(server: $0.server, id: $0.id)) }
            return try shown(
                SessionHelpView(wish, left, failures: failures, words),
                failures.count < picked.count ? .ok : .serviceUnavailable)
        } catch let problem as Problem where problem.status == 422 {
            return try shown(
                SessionHelpView(wish, sessions, problem: words(problem), words), .unprocessableContent)
        }
    }

    // MARK: Accounts

    private func addAccounts(to routes: Routes) {
        routes.get("desktops/accounts", .read) { request, context, acts in
            let pager = try Pager(request, path: Self.accounts)
            let page = try await acts.accounts(pager.query, offset: pager.offset, limit: Pager.rowLimit)
            let users = page.rows.map(\.account.name.text)
            let view = DesktopAccountsView(
                page, pager, states: try await acts.accountStates(),
                sessions: try acts.serversOfSessions(of: users),
                last: try await acts.lastSessions(of: users), seesAll: acts.mayNamePeople(in: .site),
                mayChange: acts.may(.configure, in: .site), pages.renderer.words(context))
            return try pages.show(view, "Accounts", section: Self.accounts, request, context)
        }
        routes.get("desktops/account", .configure) { request, context, acts in
            try acts.requireChangingAccounts()
            guard let name = request.query("name") else {
                return try show(AccountForm(nil), request, context)
            }
            let saved = try await acts.account(LogInName(name))
            return try show(AccountForm(saved.record.account, tag: saved.tag), request, context)
        }
        routes.post("desktops/account", .configure) { request, context, acts in
            try acts.requireChangingAccounts()
            let form = try pages.form(context)
            if form.has("act") { return try await toggle(form, acts) }
            if form.has("remove") { return try await remove(form, request, context, acts) }
            let typed = AccountForm(form)
            do {
                try await save(typed, form, acts)
                return pages.redirect(Self.accounts)
            } catch {
                guard let (text, status) = Self.failure(of: error, pages.renderer.words(context)) else {
                    throw error
                }
                return try show(typed, problem: text, status: status, request, context)
            }
        }
    }

    // MARK: Lists

    private func addLists(to routes: Routes) {
        routes.get("desktops/accounts/import", .configure) { request, context, acts in
            try acts.requireChangingAccounts()
            return try show(AccountImportView(pages.renderer.words(context)), request, context)
        }
        routes.post("desktops/accounts/import", .configure) { request, context, acts in
            try acts.requireChangingAccounts()
            return try await readList(request, context, acts)
        }
    }

    /// The list in the form's text, or from a file, whose bytes come in Base64, because the browser would guess its encoding.
    private func readList(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response
    {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        let (text, replaces) = (form["list"].replacing("\r\n", with: "\n"), form.has("replace"))
        var bytes = Data(text.utf8)
        if !form["file"].isEmpty {
            guard let data = Data(base64Encoded: form["file"]) else {
                throw Problem(400, "Unreadable request", "the file did not arrive whole; choose it again")
            }
            bytes = data
        }
        do {
            let preview = try acts.previewAccounts(Array(bytes), replaces: replaces)
            if form["save"] == "yes", let wish = preview.wish {
                let saved = try await acts.importAccounts(wish)
                return pages.redirect(Back.done(Self.accounts, saved.revision))
            }
            let view = AccountImportView(
                preview, bytes: bytes.base64EncodedString(), replaces: replaces, words)
            return try show(view, request, context)
        } catch {
            guard let (problem, status) = Self.failure(of: error, words) else { throw error }
            let view = AccountImportView(text: text, replaces: replaces, problem: problem, words)
            return try show(view, status: status, request, context)
        }
    }

    private func show(
        _ view: AccountImportView, status: HTTPResponse.Status = .ok, _ request: Request,
        _ context: CenterContext
    ) throws -> Response {
        try pages.show(view, "Accounts", section: Self.accounts, request, context, status: status)
    }

    /// Disables an account, or enables it again; the rest of it stays as it is.
    private func toggle(_ form: Form, _ acts: Acts) async throws -> Response {
        let isDisabled =
            switch form["act"] {
            case "disable": true
            case "enable": false
            case let text: throw Problem(422, "Invalid act", "there is no action ‘\(text)’ here")
            }
        _ = try await acts.saveAccount(
            LogInName(form["name"]), AccountRequest(isDisabled: isDisabled), if: .matching("*"))
        return pages.redirect(Self.accounts)
    }

    /// Says what becomes of an account, and removes it once that is confirmed.
    private func remove(
        _ form: Form, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let (name, words) = (try LogInName(form["name"]), pages.renderer.words(context))
        var (problem, status): (String?, HTTPResponse.Status) = (nil, .ok)
        if form["confirmed"] == "yes" {
            do {
                try await acts.removeAccount(name, if: .matching(form["tag"]))
                return pages.redirect(Self.accounts)
            } catch let refusal as Problem where refusal.status < 500 {
                (problem, status) = (words(refusal), .init(code: refusal.status))
            } catch StoreError.conflict(let text) {
                (problem, status) = (words(text), .conflict)
            }
        }
        let view = AccountRemovalView(
            name, tag: try await acts.account(name).tag,
            sessions: try acts.serversOfSessions(of: [name.text])[name.text] ?? [], problem: problem, words)
        return try pages.show(
            view, "Accounts", section: Self.accounts, request, context, status: status)
    }

    private func save(_ typed: AccountForm, _ form: Form, _ acts: Acts) async throws {
        _ = try await acts.saveAccount(
            LogInName(form["name"]), typed.request(password: form["password"]),
            if: typed.isNew ? .isNew : .matching(typed["tag"]))
    }

    /// Nil for what no one can mend in a form.
    private static func failure(of error: any Error, _ words: Words) -> (String, HTTPResponse.Status)? {
        switch error {
        case let problem as Problem where problem.status < 500: (words(problem), .init(code: problem.status))
        case let error as InvalidName: (words(error), .unprocessableContent)
        case let error as InvalidSetting: (words(error), .unprocessableContent)
        case let error as UnreadableTable: (words(Sentence(phrase: error.description)), .unprocessableContent)
        case StoreError.conflict(let text): (words(text), .conflict)
        case StoreError.notFound(let text): (words(text), .notFound)
        default: nil
        }
    }

    private func show(
        _ form: AccountForm, problem: String? = nil, status: HTTPResponse.Status = .ok, _ request: Request,
        _ context: CenterContext
    ) throws -> Response {
        try pages.show(
            AccountFormView(form, problem: problem, pages.renderer.words(context)), "Accounts",
            section: Self.accounts, request, context, status: status)
    }
}
