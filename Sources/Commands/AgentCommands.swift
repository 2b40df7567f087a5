import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

struct TerminalServerToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract:
            "Print the command by which the agent of a terminal server joins; it works once, for a day.",
        discussion: """
            roost server token           the terminal server's own name becomes its name here
            roost server token ts-1      for a server that was added by hand, or with a name of your choice
            Run what it prints on the terminal server, as root. The token contains the fingerprint of this server's authority, so that
            the agent talks to no other one.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "The terminal server that the agent joins.", completion: .terminalServers) var name:
        String?
    // What it was in earlier versions.
    @Option(name: .customLong("name"), help: .hidden) var namedServer: String?
    @Option(help: "The group of a terminal server that is new.", completion: .groups) var group: String?

    func validate() throws {
        if name != nil, namedServer != nil { throw ValidationError("Give the name once.") }
    }

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let wish = AgentTokenRequest(
                server: try (name ?? namedServer).map { try TerminalName($0) },
                group: try group.map { try GroupPath($0) })
            let data = try await client.send(.POST, "agents/tokens", json: wish)
            let answer = try JSONDecoder().decode(AgentTokenAnswer.self, from: data)
            try output.write(answer) { answer in
                guard let url = client.server else { return "\(answer.command)\n" }
                // The address that reaches it from here is more likely to reach it from there.
                return "roost-agent join \(url) \(answer.token)\n"
            }
        }
    }
}

struct TerminalServerAgents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "List the agents that are let in, and until when their certificates hold.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("agents", [AgentAnswer].self)) { agents in
                var table = TextTable(["SERVER", "LISTENS", "VALID UNTIL", "CERTIFICATE"])
                for agent in agents {
                    table.add([
                        agent.server.text, agent.isListening ? "yes" : "no",
                        Shown.time(second: agent.validUntil), agent.certificate,
                    ])
                }
                return table.text
            }
        }
    }
}

struct TerminalServerRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Do not let the agent of a terminal server in any more, at once. The server stays.",
        discussion: "It may join again with a new token: roost server token NAME")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The terminal server.", completion: .terminalServers) var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "agents/\(APIClient.escaped(name))", body: nil)
        }
    }
}
