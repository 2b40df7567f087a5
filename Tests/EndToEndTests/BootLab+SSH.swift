import Foundation

extension BootLab {
    /// Runs a command on a machine over SSH.
    ///
    /// - Parameter node: its name, for a client that trusts only the host keys published by the server.
    @discardableResult
    func ssh(_ address: String, _ command: String, timeout: Int = 60, knownAs node: String? = nil) throws
        -> String
    {
        var options: [String] = []
        if let node {
            let known = "\(Self.directory)/known-hosts"
            try Data(roost("node", "known-hosts").utf8).write(to: URL(fileURLWithPath: known))
            options = [
                "StrictHostKeyChecking=yes", "UserKnownHostsFile=\(known)", "HostKeyAlias=\(node)",
            ].flatMap { ["-o", $0] }
        }
        return try Self.lab(
            ["exec", "timeout", String(Pace.seconds(timeout))]
                + Self.sshCommand(to: "root@\(address)", options) + [command]
        )
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A user at a terminal of a machine, until the machine ends the session or ten minutes have passed.
    func login(_ user: String, at address: String) throws -> Background {
        // Through another program: ssh closes the descriptor by which Foundation watches a process.
        try Background(
            "/usr/bin/timeout",
            ["600", "ip", "netns", "exec", Self.namespace]
                + Self.sshCommand(to: "\(user)@\(address)", ["-tt", "-o", "ServerAliveInterval=30"])
                + ["exec sleep 600"], log: "\(Self.directory)/log/login-\(user).log")
    }

    private static func sshCommand(to place: String, _ options: [String] = []) -> [String] {
        ["ssh", "-i", "\(directory)/key"] + options
            + [
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                "LogLevel=ERROR", "-o", "ConnectTimeout=20", place,
            ]
    }
}
