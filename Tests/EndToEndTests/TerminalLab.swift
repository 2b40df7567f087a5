import Foundation
import Linux
import Testing

/// Terminal servers with agents, and thin clients, on the laboratory's network (`Lab/terminal.sh`).
final class TerminalLab: Sendable {
    static let agentProgram =
        ProcessInfo.processInfo.environment["ROOST_AGENT"]
        ?? "\(BootLab.repository)/.build/release/roost-agent"
    private static let unit = "\(BootLab.repository)/Packaging/systemd/roost-agent.service"

    /// Why they cannot be there; nil when they can.
    static let obstacle: String? = {
        for path in [agentProgram, unit] where !FileManager.default.fileExists(atPath: path) {
            return "\(path) is not built (make tests)"
        }
        do {
            let words = try command("obstacle").trimmingCharacters(in: .whitespacesAndNewlines)
            return words.isEmpty ? nil : words
        } catch { return "\(error)" }
    }()

    /// Two servers in a pool, and a node whose people get their sessions there.
    static let shared = Result { try TerminalLab() }

    static let servers = ["ts1": "10.77.0.11", "ts2": "10.77.0.12"]
    static let (node, mac) = ("tc1", "52:54:00:00:7c:01")
    /// Another node, for those tests that start it.
    static let (otherNode, otherMAC) = ("tc2", "52:54:00:00:7c:02")
    /// Of anna, on both servers.
    static let password = "correct horse battery"

    let lab: BootLab

    private init() throws {
        lab = try BootLab.shared.get()
        let files = "\(BootLab.directory)/agent"
        for (place, file) in [("usr/bin", Self.agentProgram), ("etc/systemd/system", Self.unit)] {
            try FileManager.default.createDirectory(
                atPath: "\(files)/\(place)", withIntermediateDirectories: true)
            try BootLab.run("cp", [file, "\(files)/\(place)/"])
        }
        for server in Self.servers.keys.sorted() { try startServer(server, files) }
        // By one protocol: where xrdp does not run, people would get their session by another one.
        try lab.roost("pool", "add", "room", "--level", "ts1,ts2", "--protocol", "rdp")
        try lab.roost("node", "add", Self.node, "--mac", Self.mac)
        try lab.roost(
            "set", "--node", Self.node, "pool=room", "log-in=guest", "guest-account=guest01..guest20")
        try startNode()
        try waitForServers()
    }

    // MARK: Servers

    private func startServer(_ name: String, _ files: String) throws {
        let address = try #require(Self.servers[name])
        try Spans.measure("terminal server", name) { _ = try Self.command("server", name, address) }
        try Self.command("put", name, files)
        // What the command prints is what people run.
        let join = try lab.roost("server", "token", "--name", name)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try run(
            name,
            """
            \(Self.adding("anna"))
            \(join) --address \(address)
            roost-agent setup
            # It has restarted xrdp.
            for tick in $(seq 100); do
              if [ -s /run/xrdp/xrdp-sesman.pid ] && ss -Hltn 'sport = :3389' | grep -q .; then break; fi
              sleep 0.1
            done
            systemctl daemon-reload
            systemctl enable --now roost-agent
            """)
    }

    /// Starts those again whose power was cut: they have forgotten everything, and join anew.
    func requireServers() throws {
        for name in Self.servers.keys.sorted() where (try? run(name, "true")) == nil {
            _ = try? lab.roost("server", "revoke", name)
            try startServer(name, "\(BootLab.directory)/agent")
        }
        try waitForServers()
    }

    /// Until both have reported, and take log-ins.
    func waitForServers() throws {
        try lab.waitUntil("both terminal servers have reported", seconds: 60) {
            let servers = try lab.json("server", "list") as? [[String: Any]] ?? []
            return servers.count { $0["state"] as? String == "up" && $0["isConnected"] as? Bool == true }
                == Self.servers.count
        }
    }

    /// Makes an account on a server, with the password of all.
    private static func adding(_ person: String) -> String {
        "useradd --create-home --shell /bin/bash \(person); echo '\(person):\(password)' | chpasswd"
    }

    /// A further person, on both servers.
    func addPerson(_ person: String) throws {
        for server in Self.servers.keys { try run(server, Self.adding(person)) }
    }

    /// A shell script on a server or a node.
    @discardableResult
    func run(_ name: String, _ script: String) throws -> String {
        try Self.command("exec", name, "sh", "-euc", script)
    }

    // MARK: People

    func startNode(_ name: String = node, _ mac: String = mac) throws { try Self.command("node", name, mac) }

    /// The other node, in the same pool.
    func requireOtherNode() throws {
        let nodes = try lab.json("node", "list") as? [[String: Any]] ?? []
        if !nodes.contains(where: { $0["name"] as? String == Self.otherNode }) {
            try lab.roost("node", "add", Self.otherNode, "--mac", Self.otherMAC)
            try lab.roost("set", "--node", Self.otherNode, "pool=room")
            try startNode(Self.otherNode, Self.otherMAC)
        }
    }

    /// A person says yes to what a window asks them.
    func agree(at node: String) throws {
        try lab.waitUntil("a person is asked", seconds: 30) {
            try run(node, "pgrep -x yad >/dev/null && echo yes || true") == "yes\n"
        }
        // Once its window is there: keys before that reach nothing.
        try run(
            node,
            """
            window=$(timeout 60 xdotool search --sync --onlyvisible --class yad | tail -n 1)
            xdotool mousemove 512 384 windowfocus --sync "$window" key Tab Return
            """)
    }

    /// At the log-in screen: a name, `guest`, or `automatic`.
    ///
    /// - Returns: why there is no session; nil: it begins.
    func logIn(_ user: String, _ password: String = "", at node: String = node) throws -> String? {
        do {
            try BootLab.run(
                "sh",
                [
                    "-c", #"printf '%s\n' "$1" | "$2" person "$3" "$4""#, "sh", password, Self.script, node,
                    user,
                ], environment: Self.environment)
            return nil
        } catch let failure as CommandFailed {
            return failure.output
        }
    }

    /// The desktop's colour is on the node's screen; a picture of it is kept. What the session says instead ends the wait.
    func requireDesktop(_ name: String, seconds: Int = 60, at node: String = node) throws {
        try Spans.measure("desktop", name) {
            _ = try Self.command(
                "desktop", node, String(Pace.seconds(seconds)), "\(BootLab.directory)/log/\(name).png")
        }
    }

    /// What a window at the node says, within some seconds.
    func says(seconds: Int = 30, at node: String = node) throws -> String {
        try Self.command("says", node, String(Pace.seconds(seconds)))
    }

    func leave(_ node: String = node) { _ = try? Self.command("leave", node) }

    /// Whether what the person's session shows at a node is still there.
    func isShown(at node: String = node) throws -> Bool {
        try run(node, "kill -0 $(cat /run/session.pid) 2>/dev/null && echo yes || true") == "yes\n"
    }

    /// The sessions that the control center knows: `USER SERVER`.
    func sessions() throws -> [String] {
        let all = try lab.json("session", "list", "--servers") as? [[String: Any]] ?? []
        return all.compactMap { one in
            guard let user = one["user"] as? String, let server = one["server"] as? String else { return nil }
            return "\(user) \(server)"
        }.sorted()
    }

    /// Until a person has a session; returns its server.
    func server(of user: String) throws -> String {
        var found: String?
        try lab.waitUntil("\(user) has a session", seconds: 30) {
            found = try sessions().first { $0.hasPrefix("\(user) ") }?.split(separator: " ").last.map(
                String.init)
            return found != nil
        }
        return try #require(found)
    }

    /// Ends a person's sessions, and waits until the control center knows it.
    ///
    /// - Parameter place: the only server on which they end; nil: on all.
    func endSessions(of user: String, on place: String? = nil) throws {
        let all = try lab.json("session", "list", "--servers") as? [[String: Any]] ?? []
        for one in all where one["user"] as? String == user {
            guard let server = one["server"] as? String, let id = one["id"] as? String,
                place == nil || place == server
            else { continue }
            try lab.roost("session", "end", server, id)
        }
        try lab.waitUntil("the sessions of \(user) have ended", seconds: 20) {
            try !sessions().contains { $0.hasPrefix("\(user) \(place ?? "")") }
        }
    }

    // MARK: The script

    static let script = "\(BootLab.repository)/Lab/terminal.sh"
    static let environment = [
        "LAB_DIR": BootLab.directory, "LAB_NS": BootLab.namespace, "LAB_CACHE": BootLab.cache,
    ]

    @discardableResult
    static func command(_ words: String...) throws -> String {
        try BootLab.run(script, words, environment: environment)
    }
}
