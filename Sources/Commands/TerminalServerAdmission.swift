import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// Terminal servers of which the log-ins change, now or later.
struct AdmittedServers: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @Argument(help: "The servers' names.", completion: .terminalServers) var names: [String]
    @OptionGroup(title: "Later") var later: ScheduleOptions

    /// - Parameters:
    ///   - act: as the API has it.
    ///   - restarts: whether they restart once they are empty.
    func admit(_ admission: TerminalServer.Admission, _ act: String, restarts: Bool = false) async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                let servers = try names.map { try TerminalName($0) }
                return try await later.schedule(
                    .admit(admission, servers: servers, restarts: restarts), on: client)
            }
            for name in names {
                let data = try await client.send(
                    .POST, "terminals/\(APIClient.escaped(name))/\(act)", body: nil)
                let answer = try JSONDecoder().decode(TerminalAnswer.self, from: data)
                guard answer.server.admission != .open else { continue }
                guard let sessions = answer.sessionCount else {
                    printError("\(answer.server.name): never heard, so its sessions are not known")
                    continue
                }
                let count = sessions + answer.underwayCount
                if count == 0 { continue }
                printError("\(answer.server.name): \(counted(count, "session")) left")
            }
        }
    }
}

struct TerminalServerDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Take no new sessions; people come back to those that they have.")
    @OptionGroup var servers: AdmittedServers
    @Flag(help: "Restart it once it is empty; then it takes log-ins again.") var restart = false

    func run() async throws {
        try await servers.admit(.draining, restart ? "drain?restart=yes" : "drain", restarts: restart)
    }
}

struct TerminalServerResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Take log-ins again.")
    @OptionGroup var servers: AdmittedServers

    func run() async throws { try await servers.admit(.open, "resume") }
}

struct TerminalServerMaintenance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Take no new sessions, and report no trouble on it.")
    @OptionGroup var servers: AdmittedServers

    func run() async throws { try await servers.admit(.maintenance, "maintenance") }
}

struct TerminalServerRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart when the last session has ended, and take log-ins again then.",
        discussion: "It drains until then. Its agent restarts it; without one, nothing does.")
    @OptionGroup var servers: AdmittedServers

    func run() async throws { try await servers.admit(.draining, "restart", restarts: true) }
}
