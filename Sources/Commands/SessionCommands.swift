import API
import ArgumentParser
import Fleet
import Foundation

/// `roost session …`
struct SessionCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Show who is logged in, and help them.",
        subcommands: [SessionList.self, SessionMessage.self, SessionDisconnect.self, SessionEnd.self],
        defaultSubcommand: SessionList.self)
}

struct SessionList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List who is logged in, node by node, or on terminal servers.",
        discussion: """
            roost session list group=/school/room-12
            roost session list user=alice
            roost session list --servers ann
            Nodes tell it within ten seconds, unless the setting report-sessions says that they do not. It is not stored.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only at nodes that match this condition, as in ‘roost node list’.", completion: .nodes)
    var query: [String] =
        []

    @Flag(
        help:
            "The sessions on terminal servers: with all words in user, server, kind or place; state=server-silent, server=NAME."
    )
    var servers = false

    @Flag(help: "Only ended sessions on terminal servers, newest first.") var history = false

    func run() async throws {
        try await reportingFailure {
            if history {
                return try output.write(
                    try await TerminalSessions.past(query, from: server.client), table: TerminalSessions.text)
            }
            if servers {
                return try output.write(
                    try await TerminalSessions.list(query, from: server.client), table: TerminalSessions.text)
            }
            let query = APIClient.escaped(query.joined(separator: " "))
            let sessions = try await server.client.all("sessions", "q=\(query)", of: SessionAnswer.self)
            try output.write(sessions) { SessionTable.text($0.map { ($0.node.text, $0.session) }) }
        }
    }
}

enum SessionTable {
    /// - Parameter sessions: with their nodes, or without when the node is known.
    static func text(_ sessions: [(node: String, session: NodeSession)]) -> String {
        let isOfOneNode = sessions.contains { $0.node.isEmpty }
        var table = TextTable((isOfOneNode ? [] : ["NODE"]) + ["USER", "KIND", "WHERE", "FROM", "SINCE"])
        for (node, session) in sessions {
            table.add(
                (isOfOneNode ? [] : [node]) + [
                    session.user, session.kind + (session.isActive ? "" : " (in the background)"),
                    session.place.isEmpty ? "-" : session.place, session.from.isEmpty ? "-" : session.from,
                    Shown.time(second: session.startedAt),
                ])
        }
        return table.text
    }
}
