import Fleet
import Testing

extension EndToEnd.Machines {
    /// People at a thin client get sessions on terminal servers with real agents, accounts and desktops.
    @Suite(.enabled(if: TerminalLab.obstacle == nil, "\(TerminalLab.obstacle ?? "")"))
    struct TerminalTests {
        let terminals: TerminalLab
        let lab: BootLab

        init() throws {
            terminals = try TerminalLab.shared.get()
            lab = terminals.lab
            terminals.leave()
        }

        @Test func `people get their desktops by own password, as guests, and without being asked`() throws {
            let wire = try Wiretap("log-ins")
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("anna")
            let server = try terminals.server(of: "anna")
            #expect(TerminalLab.servers[server] != nil)
            terminals.leave()

            #expect(try terminals.logIn("guest") == nil)
            try terminals.requireDesktop("guest")
            let guest = try terminals.server(of: "guest01")
            #expect(try terminals.run(guest, "getent passwd guest01").contains(":/home/guest01:"))
            terminals.leave()
            try terminals.endSessions(of: "guest01")

            try lab.roost("set", "--node", TerminalLab.node, "log-in=automatic", "log-in-account=lab1")
            defer { _ = try? lab.roost("set", "--node", TerminalLab.node, "log-in=guest") }
            #expect(try terminals.logIn("automatic") == nil)
            try terminals.requireDesktop("automatic")
            _ = try terminals.server(of: "lab1")
            terminals.leave()
            try terminals.endSessions(of: "lab1")
            try terminals.requireNoGuests(on: guest)

            #expect(try wire.count("/node/") > 0)
            #expect(try wire.count(TerminalLab.password) == 0)
        }

        @Test func `a wrong password, an unknown name and the node's own users get no session`() throws {
            #expect(try terminals.logIn("anna", "wrong") == nil)
            #expect(try terminals.says().contains("not accepted"))
            terminals.leave()
            for name in ["root", "daemon", "../etc", "a;b", "-x"] {
                #expect(try terminals.logIn(name, "secret")?.contains("user name") == true, "\(name)")
            }
            #expect(try terminals.logIn("anna", "")?.contains("password") == true)
        }

        @Test func `a ticket opens one session, at its own server and for its own account`() throws {
            let wire = try Wiretap("ticket")
            let (user, address, credential) = try terminals.stealTicket()
            #expect(credential.utf8.count > 30)
            let other = try #require(TerminalLab.servers.values.first { $0 != address })
            #expect(throws: CommandFailed.self) { try terminals.show(user, at: other, "elsewhere") }
            try terminals.show(user, at: address, "ticket")
            #expect(throws: CommandFailed.self) { try terminals.show(user, at: address, "again") }
            #expect(try wire.count("/ticket?boot=") > 0)
            #expect(try wire.count(credential) == 0)
            try lab.waitUntil("the node has an alarm", seconds: 30) {
                try lab.roost("node", "show", TerminalLab.node).contains("ticket")
            }
            // For another account; then it is closed.
            let second = try terminals.stealTicket()
            #expect(throws: CommandFailed.self) { try terminals.show("anna", at: second.address, "another") }
            #expect(throws: CommandFailed.self) {
                try terminals.show(second.user, at: second.address, "closed")
            }
            try terminals.endSessions(of: user)
        }

        @Test func `a server that is drained keeps its sessions and gets no others`() throws {
            #expect(try terminals.logIn("guest") == nil)
            try terminals.requireDesktop("before")
            let first = try terminals.server(of: "guest01")
            terminals.leave()
            try lab.roost("server", "drain", first)
            defer { _ = try? lab.roost("server", "resume", first) }
            let refusal = try terminals.logIn("guest")
            #expect(refusal == nil)
            try terminals.requireDesktop("drained-back")
            #expect(try terminals.server(of: "guest01") == first)
            terminals.leave()
            try terminals.endSessions(of: "guest01")
            #expect(try terminals.logIn("guest") == nil)
            try terminals.requireDesktop("drained-other")
            #expect(try terminals.server(of: "guest01") != first)
            terminals.leave()
            try terminals.endSessions(of: "guest01")
        }

        @Test(arguments: TerminalPool.SecondLogIn.allCases)
        func `a second log-in of a person is handled as the pool says`(policy: TerminalPool.SecondLogIn)
            throws
        {
            let other = TerminalLab.otherNode
            try terminals.requireOtherNode()
            try lab.roost("pool", "set", "room", "--second-log-in", policy.rawValue)
            defer {
                terminals.leave(other)
                terminals.leave()
                _ = try? terminals.endSessions(of: "anna")
                _ = try? lab.roost("pool", "set", "room", "--second-log-in", "take-over")
            }
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("first-\(policy)")
            let server = try terminals.server(of: "anna")
            let answer = try terminals.logIn("anna", TerminalLab.password, at: other)
            switch policy {
            case .refuse:
                #expect(answer?.contains("logged in at another place") == true)
                #expect(try terminals.isShown())
                #expect(try terminals.sessions().filter { $0.hasPrefix("anna ") } == ["anna \(server)"])
            case .ask:
                #expect(answer == nil)
                #expect(try terminals.says(at: other).contains("Bring your session here?"))
                #expect(try terminals.isShown(), "without consent nothing happens")
                terminals.leave(other)
                #expect(try terminals.logIn("anna", TerminalLab.password, at: other) == nil)
                try terminals.agree(at: other)
                try requireMoved(to: other, on: server, "agreed")
            case .takeOver:
                #expect(answer == nil)
                try requireMoved(to: other, on: server, "taken-over")
            case .allow:
                #expect(answer == nil)
                try terminals.requireDesktop("second", at: other)
                #expect(try terminals.isShown())
                try lab.waitUntil("anna has two sessions", seconds: 30) {
                    try terminals.sessions().filter { $0.hasPrefix("anna ") } == ["anna ts1", "anna ts2"]
                }
            }
        }

        /// Anna's only session is shown at another node now, and not at hers any more.
        private func requireMoved(to other: String, on server: String, _ name: String) throws {
            try terminals.requireDesktop(name, at: other)
            try lab.waitUntil("the first node shows it no more", seconds: 30) { try !terminals.isShown() }
            #expect(try terminals.sessions().filter { $0.hasPrefix("anna ") } == ["anna \(server)"])
        }
    }
}
