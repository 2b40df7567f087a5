import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost session list --servers`: the sessions on terminal servers.
enum TerminalSessions {
    static func list(_ words: [String], from client: APIClient) async throws -> [TerminalSessionAnswer] {
        let query = "q=\(APIClient.escaped(words.joined(separator: " ")))"
        return try await client.all("terminal-sessions", query, of: TerminalSessionAnswer.self)
    }

    static func text(_ sessions: [TerminalSessionAnswer]) -> String {
        var table = TextTable(["SERVER", "SESSION", "USER", "KIND", "WHERE", "SINCE", "IDLE", "STATE"])
        for one in sessions {
            table.add([
                one.server.text, one.id, one.user, one.kind.rawValue, one.place.isEmpty ? "-" : one.place,
                Shown.time(second: one.startedAt), one.idle.map { "\($0 / 60) min" } ?? "-",
                one.standing == .serverSilent
                    ? "\(one.standing.rawValue) since \(Shown.time(second: one.heardAt))"
                    : one.standing.rawValue,
            ])
        }
        return table.text
    }

    static func past(_ words: [String], from client: APIClient) async throws -> [PastTerminalSessionAnswer] {
        let query = "q=\(APIClient.escaped(words.joined(separator: " ")))"
        return try await client.all("terminal-sessions/history", query, of: PastTerminalSessionAnswer.self)
    }

    static func text(_ sessions: [PastTerminalSessionAnswer]) -> String {
        var table = TextTable(["SERVER", "USER", "KIND", "WHERE", "FROM", "UNTIL"])
        for one in sessions {
            table.add([
                one.server.text, one.user, one.kind.rawValue, one.place.isEmpty ? "-" : one.place,
                Shown.time(second: one.startedAt), Shown.time(second: one.endedAt),
            ])
        }
        return table.text
    }

    /// The sessions that a command means: one by server and number, or all of a user.
    static func meant(_ words: [String], at client: APIClient) async throws -> [(server: String, id: String)]
    {
        if words.count == 2 { return [(words[0], words[1])] }
        guard words.count == 1 else {
            throw Failure(text: "name a session (SERVER SESSION) or a user", code: 64)
        }
        let all = try await list(words, from: client).filter { $0.user == words[0] }
        guard !all.isEmpty else {
            throw Failure(
                text: "no session of ‘\(words[0])’ is known (roost session list --servers)", code: 3)
        }
        return all.map { ($0.server.text, $0.id) }
    }

    static func path(_ session: (server: String, id: String)) -> String {
        "terminals/\(APIClient.escaped(session.server))/sessions/\(APIClient.escaped(session.id))"
    }
}

struct SessionMessage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Show a message to people on terminal servers.",
        discussion: """
            roost session message 'The server restarts at six' --server-name ts1
            roost session message 'Please come to the desk' ann
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "The message: at most 500 characters.") var text: String
    @Argument(help: "A user, or SERVER SESSION.", completion: .terminalSessions) var session: [String] = []
    @Option(
        name: .customLong("server-name"), help: "To all sessions of this terminal server.",
        completion: .terminalServers)
    var all: String?

    func run() async throws {
        try await reportingFailure {
            let wish = SessionMessageRequest(text: text)
            if let all {
                guard session.isEmpty else { throw Failure(text: "name sessions or a server", code: 64) }
                _ = try await server.client.send(
                    .POST, "terminals/\(APIClient.escaped(all))/message", json: wish)
                return
            }
            for one in try await TerminalSessions.meant(session, at: server.client) {
                _ = try await server.client.send(.POST, "\(TerminalSessions.path(one))/message", json: wish)
            }
        }
    }
}

struct SessionDisconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect",
        abstract: "Take a session from its display; it goes on, and its owner can come back.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "A user, or SERVER SESSION.", completion: .terminalSessions) var session: [String]

    func run() async throws {
        try await reportingFailure {
            for one in try await TerminalSessions.meant(session, at: server.client) {
                _ = try await server.client.send(.POST, "\(TerminalSessions.path(one))/disconnect", body: nil)
            }
        }
    }
}

struct SessionEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "End a session: what is not saved there is lost.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "A user, or SERVER SESSION.", completion: .terminalSessions) var session: [String]

    func run() async throws {
        try await reportingFailure {
            for one in try await TerminalSessions.meant(session, at: server.client) {
                _ = try await server.client.send(.DELETE, TerminalSessions.path(one), body: nil)
            }
        }
    }
}
