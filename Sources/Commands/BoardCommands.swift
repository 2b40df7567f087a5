import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost board …`
struct BoardCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "board", abstract: "Manage the links of wall boards.",
        subcommands: [BoardList.self, BoardAdd.self, BoardRemove.self])
}

struct BoardList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the links of wall boards, and when they were last used.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("boards", [BoardLinkAnswer].self)) { links in
                var table = TextTable(["ID", "NAME", "GROUP", "CREATED", "BY", "EXPIRES", "USED"])
                for link in links {
                    table.add([
                        String(link.id), link.name, link.group.description,
                        Shown.time(second: link.createdAt), link.createdBy,
                        link.expiresAt.map { Shown.time(second: $0) } ?? "never",
                        link.usedAt.map { Shown.time(second: $0) } ?? "never",
                    ])
                }
                return table.text
            }
        }
    }
}

struct BoardAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Create a link to the wall board of a group; it is printed once.",
        discussion: """
            roost board add 'entrance of room 12' --group /school/room-12
            On the server, put the address of the control center before the link: https://ADDRESS:8443/wall?key=…; with --server it is
            there already. Everyone who has it sees the names and states of the nodes in the group, without a log-in.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "Where it is used.") var name: String
    @Option(help: "The group that it shows, with everything below it.") var group = "/"
    @Option(help: "Days until it expires; 0: never.") var days = 0

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let wish = BoardLinkRequest(name: name, group: try GroupPath(group), days: days)
            let data = try await client.send(.POST, "boards", json: wish)
            try output.write(JSONDecoder().decode(BoardLinkAnswer.self, from: data)) {
                "\(client.server ?? "")\($0.link ?? "")\n"
            }
        }
    }
}

struct BoardRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Revoke a link to a wall board.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its number.") var id: Int

    func run() async throws {
        try await reportingFailure { try await server.client.send(.DELETE, "boards/\(id)", body: nil) }
    }
}
