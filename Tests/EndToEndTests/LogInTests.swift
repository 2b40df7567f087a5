import Foundation
import Testing

extension EndToEnd.Servers {
    /// Log-in through a real directory and a real provider.
    @Suite struct LogInTests {
        private func withProviders(_ body: (CenterServer, LogInProviders) throws -> Void) throws {
            let providers = try LogInProviders()
            defer { providers.stop() }
            let server = try CenterServer(providers.configuration)
            defer { server.stop() }
            try server.addAdministrator("ann", "admin")
            try server.roost("group", "add", "/school")
            try body(server, providers)
        }

        /// The answer to a log-in form: 303 with a cookie on success.
        private func logIn(_ server: CenterServer, _ name: String, _ password: String) throws
            -> CenterServer.Answer
        {
            try server.ask(
                "POST", "/login",
                extra: ["--data-urlencode", "name=\(name)", "--data-urlencode", "password=\(password)"])
        }

        private func administrators(_ server: CenterServer) throws -> String {
            try server.roost("admin", "list")
        }

        @Test func `people in a directory log in with its passwords, and get the roles of their groups`()
            throws
        {
            try withProviders { server, providers in
                // The directory is away: the page says so, and local accounts still work.
                let away = try logIn(server, "tess", "chalk and board")
                #expect(away.status == 503)
                #expect(away.body.contains("directory"))
                #expect(try logIn(server, "ann", CenterServer.password).status == 303)

                try providers.startDirectory()
                let opened = try logIn(server, "tess", "chalk and board")
                #expect(opened.status == 303, "\(opened) \(server.log.suffix(800))")
                #expect(try administrators(server).contains("Tess Example"))
                #expect(try administrators(server).contains("helpdesk@/school"))
                let cookie = try #require(
                    opened.headers.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }
                ).dropFirst(12).prefix { $0 != ";" }
                let who = try server.ask("GET", "/api/v1/whoami", extra: ["-H", "Cookie: \(cookie)"])
                #expect(who.body.contains("\"tess\""))
                #expect(who.body.contains("helpdesk@"))
                #expect(
                    try server.ask("GET", "/api/v1/administrators", extra: ["-H", "Cookie: \(cookie)"]).status
                        == 403)

                #expect(try logIn(server, "tess", "wrong").status == 401)
                #expect(try logIn(server, "tess", "").status == 401)
                // Input cannot widen the search, and being found is not enough to log in.
                for name in ["*", "te*", "tess)(uid=*", "uid=tess,dc=school"] {
                    #expect(
                        [401, 422].contains(try logIn(server, name, "chalk and board").status), "\(name)")
                }
                let roleless = try logIn(server, "otto", "only a pupil")
                #expect(roleless.status == 403)
                #expect(roleless.body.contains("no role"))
                // A directory account with the name of a local account is not that account.
                #expect(try logIn(server, "ann", "not the real ann").status == 401)
                #expect(!(try administrators(server).contains("otto")))

                // An account without permission to log in here is refused, whatever the directory says.
                try server.roost("admin", "add", "tess", "helpdesk@/school", "--disabled")
                #expect(try logIn(server, "tess", "chalk and board").status == 403)
                #expect(
                    try server.ask("GET", "/api/v1/whoami", extra: ["-H", "Cookie: \(cookie)"]).status == 401)
            }
        }

        @Test func `a browser logs in at an OpenID Connect provider and returns with its roles`() throws {
            try withProviders { server, providers in
                #expect(try server.ask("GET", "/login/oidc").status == 502)
                try providers.startProvider(server: server)
                let browser = try Browser()
                defer { browser.quit() }
                try browser.open("\(server.base)/nodes")
                try browser.waitFor("Log in with Example School")
                #expect(try browser.axeFindings() == [])
                try browser.click("a.button")
                try signIn(browser, to: server, "olga", "correct horse battery")
                try browser.waitFor("olga")
                #expect(try administrators(server).contains("Olga Example"))
                #expect(try server.roost("admin", "list", "--json").contains("\"subject\""))

                // An account without the group returns, and gets no further.
                let other = try Browser()
                defer { other.quit() }
                try other.open("\(server.base)/login")
                try other.click("a.button")
                try signIn(other, to: server, "bob", "staple of the day")
                try other.waitFor("no role")
                #expect(try !administrators(server).contains("bob"))

                // A return is refused when no log-in was started here, or with another's state.
                for path in ["?code=x&state=y", "?error=access_denied", ""] {
                    let answer = try server.ask("GET", "/login/oidc/done\(path)")
                    #expect(answer.status == 403)
                    #expect(!answer.headers.contains("__Host-roost="))
                }
                let departure = try server.ask("GET", "/login/oidc")
                #expect(departure.status == 303)
                #expect(departure.headers.contains("code_challenge_method=S256"))

                // The account belongs to olga, not to a new owner of her name: released from her, it is refused to her.
                try server.roost("admin", "add", "olga", "admin", "--source", "oidc", "--subject", "another")
                try browser.open("\(server.base)/login")
                try browser.click("a.button")
                try browser.waitFor("the account of another person")
            }
        }

        /// Fills in the provider's pages, name, then password, and waits until the browser has returned.
        private func signIn(_ browser: Browser, to server: CenterServer, _ name: String, _ password: String)
            throws
        {
            try browser.waitFor("you sign in to your School account")
            try browser.type(name, into: "#login")
            try browser.click("button.primary[type=submit]")
            try browser.waitFor("enter your password")
            try browser.type(password, into: "#password")
            try browser.click("button.primary[type=submit]")
            try Pace.wait(
                30, until: "the browser is back", state: { "\(browser.url): \(browser.text.prefix(3_000))" }
            ) {
                browser.url.hasPrefix(server.base)
            }
        }
    }
}
