import Foundation
import Linux
import Testing

extension EndToEnd.Machines {
    /// Terminal servers, their agents and the control center die while people log in or work.
    @Suite(.enabled(if: TerminalLab.obstacle == nil, "\(TerminalLab.obstacle ?? "")"))
    struct TerminalCrashTests {
        private let terminals: TerminalLab
        private let lab: BootLab

        init() throws {
            terminals = try TerminalLab.shared.get()
            lab = terminals.lab
            terminals.leave()
        }

        @Test func `a server that dies brings the log-in screen back, and the next log-in lands elsewhere`()
            throws
        {
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("doomed")
            let server = try terminals.server(of: "anna")
            let other = try #require(TerminalLab.servers.keys.first { $0 != server })
            let began = Date()
            try TerminalLab.command("kill", server)
            defer {
                do { try terminals.restartServer(server) } catch {
                    Issue.record(error, "\(server) is not back")
                }
            }
            #expect(try terminals.says(seconds: 10).contains("lost"))
            #expect(Date().timeIntervalSince(began) < Double(Pace.seconds(10)))
            terminals.leave()
            // The first one, and at once: her session counted as there for fifteen seconds.
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("elsewhere", seconds: 10)
            // What was last known of the dead one is shown beside it.
            try lab.waitUntil("anna has a session on \(other)", seconds: 30) {
                try terminals.sessions().contains("anna \(other)")
            }
            terminals.leave()
            try terminals.endSessions(of: "anna", on: other)
        }

        @Test func `where nothing takes the session, asking again leads elsewhere`() throws {
            let server = try terminals.placeOfGuest()
            try terminals.run(server, "systemctl stop xrdp.service")
            defer { _ = try? terminals.run(server, "systemctl start xrdp-sesman.service xrdp.service") }
            #expect(try terminals.logIn("guest") == nil)
            // Unless its agent was faster.
            if let said = try? terminals.says(seconds: 3) {
                #expect(said.contains("could not be reached"))
                terminals.leave()
                #expect(try terminals.logIn("guest") == nil)
            }
            try terminals.requireDesktop("open", seconds: 10)
            #expect(try terminals.server(of: "guest01") != server)
            terminals.leave()
            try terminals.endSessions(of: "guest01")
            try requireNoGuests()
        }

        @Test func `killed at each moment of a log-in, nothing is left over and people get in again`() throws
        {
            for moment in LogInMoment.allCases {
                // Else the end of an account from a moment before is taken for that of this one.
                if moment == .closed { try requireNoGuests() }
                let server = try terminals.placeOfGuest()
                switch moment {
                case .placed, .prepared: try killCenter(at: moment)
                case .ordered, .entered, .made, .taken: try killAgent(of: server, at: moment)
                case .claimed: try killAgentAtClaim(of: server)
                case .closed: try killAgentAtEnd(of: server)
                }
                try terminals.waitForServers()
                #expect(try terminals.logIn("guest") == nil, "\(moment)")
                try terminals.requireDesktop("after-\(moment)")
                let sessions = try guestSessions(count: 1)
                #expect(sessions.count == 1, "\(moment): \(sessions)")
                terminals.leave()
                for session in sessions {
                    try terminals.endSessions(of: String(session.prefix { $0 != " " }))
                }
            }
            try requireNoGuests()
        }

        @Test func `what a crash leaves of sessions is cleared away, and only that`() throws {
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("forgotten")
            let server = try terminals.server(of: "anna")
            terminals.leave()
            // Someone who came without the agent.
            try terminals.run(
                server, "useradd --create-home --shell /bin/bash carl; echo carl:secret | chpasswd")
            try terminals.show(
                "carl", at: try #require(TerminalLab.servers[server]), "carl", password: "secret")
            try terminals.run(server, "kill -KILL $(cat /run/xrdp/xrdp-sesman.pid)")
            try lab.waitUntil("anna's display has ended", seconds: 60) {
                try terminals.sessions().allSatisfy { !$0.hasPrefix("anna ") }
            }
            #expect(try said(by: server).contains("xrdp-sesman had forgotten it"))
            #expect(try terminals.run(server, "pgrep -c -U carl Xorg || true") == "1\n")

            try terminals.waitForServers()
            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("again")
            let second = try terminals.server(of: "anna")
            terminals.leave()
            try terminals.run(second, "pkill -KILL -x -U anna Xorg")
            try lab.waitUntil("her display has left no files", seconds: 60) {
                try terminals.run(second, "find /tmp -user anna -name '.X*'; find /tmp/.X11-unix -user anna")
                    .isEmpty
            }
            #expect(try said(by: second).contains("whose server is dead"))

            #expect(try terminals.logIn("anna", TerminalLab.password) == nil)
            try terminals.requireDesktop("left")
            let third = try terminals.server(of: "anna")
            terminals.leave()
            // She logs off, and ssh-agent keeps her session for ever.
            try terminals.run(third, "pkill -TERM -x -U anna openbox")
            try lab.waitUntil("her session has ended", seconds: 60) {
                try terminals.run(third, "loginctl list-sessions --no-legend | grep anna || true").isEmpty
            }
            #expect(try said(by: third).contains("left behind were ended"))
            try terminals.run(server, "loginctl terminate-user carl")
        }

        /// An account for which no one came goes after a minute.
        private func requireNoGuests() throws {
            for server in TerminalLab.servers.keys { try terminals.requireNoGuests(on: server) }
        }

        private func said(by server: String) throws -> String {
            try terminals.run(server, "journalctl --no-pager --output cat --unit roost-agent")
        }

        /// The sessions of guests: as many as there have to be, once they are known.
        private func guestSessions(count: Int) throws -> [String] {
            var found: [String] = []
            try? lab.waitUntil("\(count) guests have a session", seconds: 20) {
                found = try terminals.sessions().filter { $0.hasPrefix("guest") }
                return found.count == count
            }
            return found
        }

        // MARK: Moments

        /// Asks for a session as the log-in screen does, and goes on meanwhile.
        private func beginAsking() throws {
            try terminals.run(
                TerminalLab.node,
                """
                rm -f /run/asked
                (
                  status=0
                  /run/roost/roost-node log-in --credential /run/stolen >/run/ticket || status=$?
                  echo "$status" >/run/asked
                ) >/dev/null 2>&1 &
                """)
        }

        /// The node has its answer: a session.
        private func requireAnswer(_ moment: LogInMoment) throws {
            try lab.waitUntil("the node has its answer", seconds: 40) {
                try !terminals.run(TerminalLab.node, "cat /run/asked 2>/dev/null || true").isEmpty
            }
            #expect(try terminals.run(TerminalLab.node, "cat /run/asked") == "0\n", "\(moment)")
        }

        /// The node asks again by itself, and the log-in waits for the agents.
        private func killCenter(at moment: LogInMoment) throws {
            try lab.killServer()
            try lab.startServer(killedAt: moment)
            let process = try lab.serverProcess()
            try terminals.waitForServers()
            try beginAsking()
            try lab.waitUntil("the center has ended", seconds: 30) { kill(process, 0) != 0 }
            try lab.startServer()
            try requireAnswer(moment)
        }

        /// The same log-in is prepared by the other server.
        private func killAgent(of server: String, at moment: LogInMoment) throws {
            try terminals.restartAgent(of: server, killedAt: moment)
            try beginAsking()
            try requireAnswer(moment)
            let address = try terminals.run(TerminalLab.node, ". /run/ticket; echo \"$ROOST_SERVER\"")
            #expect(address != "\(TerminalLab.servers[server] ?? "")\n", "\(moment)")
            #expect(try terminals.crashes(of: server) == 1, "\(moment)")
            try terminals.waitForAgent(of: server)
        }

        /// A ticket that was claimed by a log-in that came to nothing is used up.
        private func killAgentAtClaim(of server: String) throws {
            try terminals.restartAgent(of: server, killedAt: .claimed)
            let (user, address, _) = try terminals.stealTicket()
            #expect(address == TerminalLab.servers[server])
            #expect(throws: CommandFailed.self) { try terminals.show(user, at: address, "claimed") }
            #expect(try terminals.crashes(of: server) == 1)
            try terminals.waitForAgent(of: server)
            #expect(throws: CommandFailed.self) { try terminals.show(user, at: address, "claimed-again") }
        }

        private func killAgentAtEnd(of server: String) throws {
            try terminals.restartAgent(of: server, killedAt: .closed)
            #expect(try terminals.logIn("guest") == nil)
            try terminals.requireDesktop("closing")
            let sessions = try guestSessions(count: 1)
            #expect(sessions.map { $0.hasSuffix(" \(server)") } == [true])
            terminals.leave()
            for session in sessions { try terminals.endSessions(of: String(session.prefix { $0 != " " })) }
            try lab.waitUntil("the agent has ended", seconds: 120) { try terminals.crashes(of: server) == 1 }
            try terminals.waitForAgent(of: server)
            try terminals.requireNoGuests(on: server)
        }
    }
}
