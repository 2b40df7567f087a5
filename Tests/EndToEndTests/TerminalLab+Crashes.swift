import Foundation
import Linux
import Testing

/// What dies, and what comes of log-ins then.
extension TerminalLab {
    // MARK: Crashes

    /// Where a guest of the node would get a session now.
    func placeOfGuest() throws -> String {
        let answer = try lab.json("place", "--node", Self.node, "--user", "guest01") as? [String: Any]
        return try #require(answer?["server"] as? String)
    }

    /// Starts a server's agent again; it ends at that moment of a log-in, once.
    func restartAgent(of server: String, killedAt moment: LogInMoment? = nil) throws {
        try run(
            server,
            """
            mkdir -p /run/systemd/system/roost-agent.service.d
            printf '[Service]\\nEnvironmentFile=-/run/kill-at\\nExecStartPost=/bin/rm -f /run/kill-at\\n' \
              >/run/systemd/system/roost-agent.service.d/kill.conf
            echo 'ROOST_KILL_AT=\(moment?.rawValue ?? "")' >/run/kill-at
            systemctl daemon-reload
            systemctl restart roost-agent
            """)
        try waitForAgent(of: server)
    }

    func waitForAgent(of server: String) throws {
        try lab.waitUntil("the agent of \(server) is back", seconds: 60) {
            try run(server, "roost-agent status >/dev/null && echo yes || true") == "yes\n"
        }
        try waitForServers()
    }

    /// systemd has started a server's agent again, once since it was started by hand.
    func requireCrash(of server: String) throws {
        try lab.waitUntil("the agent of \(server) has ended, and was started again", seconds: 60) {
            try run(server, "systemctl show --property NRestarts --value roost-agent") == "1\n"
        }
    }

    /// Accounts of guests go with their sessions.
    func requireNoGuests(on server: String) throws {
        try lab.waitUntil("guests have gone from \(server)", seconds: 120) { try guests(on: server).isEmpty }
    }

    /// Accounts for one log-in that are there.
    func guests(on server: String) throws -> [String] {
        try run(server, "getent passwd | cut -d: -f1 | grep '^guest' || true").split(separator: "\n").map(
            String.init)
    }

    // MARK: Tickets

    /// Asks for a session by ssh as the log-in screen does for one of a desktop, and goes on meanwhile.
    func beginAsking(_ pool: String) throws {
        try run(
            Self.node,
            """
            rm -f /run/asked
            (
              status=0
              /run/roost/roost-node log-in --pool \(pool) --protocols ssh --key /run/key --credential /run/stolen \\
                >/run/ticket || status=$?
              echo "$status" >/run/asked
            ) >/dev/null 2>/run/asking </dev/null &
            """)
    }

    /// The node has its answer, a session; returns the address of its server.
    @discardableResult
    func requireAnswer(_ what: String) throws -> String {
        try lab.waitUntil("the node has its answer: \(what)", seconds: 40) {
            try !run(Self.node, "cat /run/asked 2>/dev/null || true").isEmpty
        }
        let (status, said) = (try run(Self.node, "cat /run/asked"), try run(Self.node, "cat /run/asking"))
        try #require(status == "0\n", "\(what): \(said)")
        return try run(Self.node, ". /run/ticket; printf %s \"$ROOST_SERVER\"")
    }

    /// Begins the session for which the node has a ticket by ssh, and leaves it open; throws where it is not let in.
    func enter() throws {
        try run(
            Self.node,
            """
            . /run/ticket
            sed -n "s/^ROOST_HOST_KEY_[1-8]='\\(.*\\)'$/session \\1/p" /run/ticket >/run/hosts
            ssh -f -i /run/key -o BatchMode=yes -o IdentitiesOnly=yes -o HostKeyAlias=session -o StrictHostKeyChecking=yes \\
              -o UserKnownHostsFile=/run/hosts -o LogLevel=ERROR "$ROOST_USER@$ROOST_SERVER" sleep 3600 \\
              </dev/null >/dev/null 2>&1
            """)
    }

    /// What opens a session, as root on the node could get it: with all that the node has.
    func stealTicket() throws -> (user: String, address: String, credential: String) {
        let ticket = try run(
            Self.node,
            """
            rm -f /run/stolen
            /run/roost/roost-node log-in --credential /run/stolen >/run/ticket
            . /run/ticket
            printf '%s %s %s\\n' "$ROOST_USER" "$ROOST_SERVER" "$(cat /run/stolen)"
            """
        ).split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(ticket.count == 3)
        return (ticket[0], ticket[1], ticket[2])
    }

    /// Shows a session with a password, or with the credential in `/run/stolen`; throws when there is no desktop.
    func show(_ user: String, at address: String, _ name: String, password: String? = nil) throws {
        let secret = try password ?? run(Self.node, "cat /run/stolen")
        try BootLab.run(
            "sh",
            [
                "-c", #"printf '%s\n' "$1" | "$0" login "$2" "$3" "$4" "$5""#, Self.script, secret, Self.node,
                user, address, "\(BootLab.directory)/log/\(name).png",
            ], environment: Self.environment)
    }
}
