import API
import ArgumentParser
import Fleet
import Foundation

/// `roost place`: where a log-in would go, and where the last ones went.
struct Place: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Show on which terminal server a person would get a session now.",
        discussion: """
            roost place --user ann --node pc-7 --explain     with the reason for each server
            roost place --pool classroom                     for a guest, from anywhere
            roost place --history                            the last log-ins and what became of them
            Asking records nothing.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Who logs in (default: a guest).", completion: .accounts) var user: String?
    @Option(help: "The node where they are.", completion: .nodes) var node: String?
    @Option(help: "The pool (default: the node's).", completion: .pools) var pool: String?
    @Option(
        name: .customLong("protocol"),
        help:
            "A protocol that the node can show: rdp, ssh, x2go or vnc; may be given several times (default: all)."
    )
    var protocols: [String] = []
    @Option(
        name: .customLong("user-group"),
        help: "A group of a directory that the person is in; may be given several times.")
    var groups: [String] = []
    @Flag(help: "Say of each server why, or why not.") var explain = false
    @Flag(help: "Show the last log-ins, the newest first; --user, --node and --pool search them.")
    var history = false
    @Option(help: "Log-ins of the history that are shown.") var limit = 50

    func validate() throws {
        if !history, node == nil, pool == nil { throw ValidationError("--node or --pool is required") }
    }

    func run() async throws {
        try await reportingFailure {
            if history { return try await showHistory() }
            let parameters = [
                ("user", user), ("node", node), ("pool", pool),
                ("protocols", protocols.isEmpty ? nil : protocols.joined(separator: ",")),
                ("groups", groups.isEmpty ? nil : groups.joined(separator: ",")),
            ]
            let query = parameters.compactMap { name, value in
                value.map { "\(name)=\(APIClient.escaped($0))" }
            }.joined(separator: "&")
            let answer = try await server.client.get("place?\(query)", PlacementAnswer.self)
            try output.write(answer) { $0.sentence + (explain ? $0.table : "") }
            if answer.server == nil, answer.otherCount == 0, answer.broker == nil { throw ExitCode(1) }
        }
    }

    private func showHistory() async throws {
        let words = [user, node, pool].compactMap(\.self).joined(separator: " ")
        let path = "placements?limit=\(min(max(limit, 1), 1_000))&q=\(APIClient.escaped(words))"
        try output.write(try await server.client.get(path, [PlacementEntry].self)) { entries in
            var table = TextTable(["WHEN", "USER", "NODE", "POOL", "SERVER", "OUTCOME", "AFTER", "WHY"])
            for entry in entries {
                table.add([
                    Shown.time(second: entry.at), entry.user.isEmpty ? "(guest)" : entry.user,
                    entry.node?.text ?? "-", entry.pool.text, entry.server?.text ?? "-",
                    entry.outcome.rawValue + (entry.isReconnection ? " (back to a session)" : ""),
                    entry.took.map(Shown.seconds) ?? "-", entry.text.isEmpty ? "-" : entry.text,
                ])
            }
            return table.text
        }
    }
}

extension PlacementAnswer {
    /// The answer in one line.
    fileprivate var sentence: String {
        let who = user.isEmpty ? "a guest" : user
        if let refusal { return "pool \(pool): \(refusal)\n" }
        if let broker { return "pool \(pool): an RD Connection Broker places log-ins (\(broker))\n" }
        guard let server else {
            return otherCount > 0
                ? "\(who) gets a session on a server that you may not see\n"
                : "no server of pool \(pool) takes \(who) now\n"
        }
        let way = kind.map { " by \($0.rawValue) at \(address ?? ""):\(port ?? $0.usualPort)" } ?? ""
        return isReconnection
            ? "\(who) comes back to a session on \(server)\(way)\n"
            : "\(who) gets a session on \(server)\(way)\n"
    }

    /// One line for each server.
    fileprivate var table: String {
        var table = TextTable(["LEVEL", "SERVER", "WHY"])
        for verdict in verdicts {
            table.add(["\(verdict.level + 1)", verdict.server.text, verdict.text])
        }
        return "\n" + table.text
            + (otherCount > 0 ? "and \(counted(otherCount, "server")) that you may not see\n" : "")
    }
}
