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
            try terminals.requireServers()
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
        }

        @Test func `killed at each moment of a log-in, nothing is left over and people get in again`() throws
        {
            // By ssh: what is killed is the same, without a desktop.
            for (pool, first, second) in [("left", "ts1", "ts2"), ("right", "ts2", "ts1")] {
                try lab.roost("pool", "add", pool, "--level", first, "--level", second, "--protocol", "ssh")
            }
            defer { _ = try? lab.roost("set", "--node", TerminalLab.node, "guest-account=guest01..guest20") }
            var guests: [String] = []
            // The last ones first: what they leave goes after a minute. Each server fails in turn, so that none is left out for that.
            for (place, moment) in LogInMoment.allCases.reversed().enumerated() where moment != .closed {
                let (pool, server) = place % 2 == 0 ? ("left", "ts1") : ("right", "ts2")
                // Each with an account that is not there yet.
                guests.append("guest-\(moment)")
                try lab.roost("set", "--node", TerminalLab.node, "guest-account=guest-\(moment)")
                switch moment {
                case .placed, .prepared: try killCenter(at: moment, pool)
                case .ordered, .entered, .made, .taken: try killAgent(of: server, at: moment, pool)
                case .claimed: try killAgentAtClaim(of: server, pool)
                case .closed: continue
                }
                try terminals.enter()
                #expect(throws: CommandFailed.self, "\(moment): what opened the session does so once") {
                    try terminals.enter()
                }
            }
            #expect(try guestSessions(count: guests.count) == guests.sorted())
            try killAgentAtEnd(of: "ts1", guests)
            for server in TerminalLab.servers.keys { try terminals.requireNoGuests(on: server) }
        }

        @Test func `what a crash leaves of sessions is cleared away, and only that`() throws {
            let people = ["anna", "ben", "cora"]
            var places: [String: String] = [:]
            for person in people {
                if person != "anna" { try terminals.addPerson(person) }
                // What she starts outlives her session, and would keep it for ever.
                if person == "cora" {
                    for server in TerminalLab.servers.keys {
                        try terminals.run(server, "echo 'setsid sleep 3600 &' >/home/cora/.xsessionrc")
                    }
                }
                #expect(try terminals.logIn(person, TerminalLab.password) == nil)
                try terminals.requireDesktop(person)
                terminals.leave()
            }
            for person in people { places[person] = try terminals.server(of: person) }
            let (first, second, third) = try (
                #require(places["anna"]), #require(places["ben"]), #require(places["cora"])
            )
            // Someone who came without the agent.
            try terminals.run(
                first, "useradd --create-home --shell /bin/bash carl; echo carl:secret | chpasswd")
            try terminals.show(
                "carl", at: try #require(TerminalLab.servers[first]), "carl", password: "secret")

            try terminals.run(second, "pkill -KILL -x -U ben Xorg")
            try terminals.run(third, "pkill -TERM -x -U cora openbox")
            try terminals.run(first, "kill -KILL $(cat /run/xrdp/xrdp-sesman.pid)")

            try requireSaid(by: first, "anna: display", "xrdp-sesman had forgotten it")
            try requireSaid(by: second, "ben: files of display", "whose server is dead")
            try requireSaid(by: third, "cora: programs that session", "left behind were ended")
            try lab.waitUntil("anna's display has ended", seconds: 20) {
                try terminals.sessions().allSatisfy { !$0.hasPrefix("anna ") }
            }
            try lab.waitUntil("cora's session has ended", seconds: 20) {
                try terminals.run(third, "loginctl list-sessions --no-legend | grep cora || true").isEmpty
            }
            let files = try terminals.run(
                second, "find /tmp -user ben -name '.X*'; find /tmp/.X11-unix -user ben")
            #expect(files.isEmpty)
            #expect(try terminals.run(first, "pgrep -c -U carl Xorg || true") == "1\n")
            try terminals.run(first, "loginctl terminate-user carl")
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

        /// The agent of a server has said both, in one line.
        private func requireSaid(by server: String, _ beginning: String, _ end: String) throws {
            try lab.waitUntil("the agent of \(server) has said ‘\(beginning) … \(end)’", seconds: 40) {
                try terminals.run(server, "journalctl --no-pager --output cat --unit roost-agent")
                    .split(separator: "\n").contains { $0.hasPrefix(beginning) && $0.contains(end) }
            }
        }

        /// Those guests that have a session, once for each: as many as there have to be, once they are known.
        private func guestSessions(count: Int) throws -> [String] {
            var found: [String] = []
            try? lab.waitUntil("\(count) guests have a session", seconds: 10) {
                found = try terminals.sessions().filter { $0.hasPrefix("guest-") }.map {
                    String($0.prefix { $0 != " " })
                }
                return found.count == count
            }
            return found
        }

        // MARK: Moments

        /// The node asks again by itself, and the log-in waits for the agents.
        private func killCenter(at moment: LogInMoment, _ pool: String) throws {
            try lab.killServer()
            try lab.startServer(killedAt: moment.rawValue)
            let process = try lab.serverProcess()
            try terminals.beginAsking(pool)
            try lab.waitUntil("the center has ended", seconds: 30) { kill(process, 0) != 0 }
            try lab.startServer()
            try terminals.requireAnswer("\(moment)")
        }

        /// The same log-in is prepared once its agent is back, or by the other server.
        private func killAgent(of server: String, at moment: LogInMoment, _ pool: String) throws {
            try terminals.restartAgent(of: server, killedAt: moment)
            try terminals.beginAsking(pool)
            try terminals.requireAnswer("\(moment)")
            try terminals.requireCrash(of: server)
        }

        /// A ticket that was claimed by a log-in that came to nothing is used up.
        private func killAgentAtClaim(of server: String, _ pool: String) throws {
            try terminals.restartAgent(of: server, killedAt: .claimed)
            try terminals.beginAsking(pool)
            #expect(try terminals.requireAnswer("claimed") == TerminalLab.servers[server])
            #expect(throws: CommandFailed.self) { try terminals.enter() }
            try terminals.requireCrash(of: server)
            try terminals.waitForAgent(of: server)
            #expect(throws: CommandFailed.self) { try terminals.enter() }
            try terminals.beginAsking(pool)
            try terminals.requireAnswer("claimed")
        }

        /// All sessions end, and with the first of them the agent of one server.
        private func killAgentAtEnd(of server: String, _ guests: [String]) throws {
            try terminals.restartAgent(of: server, killedAt: .closed)
            #expect(
                try terminals.sessions().contains { $0.hasPrefix("guest-") && $0.hasSuffix(" \(server)") })
            for guest in guests { try terminals.endSessions(of: guest) }
            try terminals.requireCrash(of: server)
        }
    }
}
