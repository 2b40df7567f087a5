import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost group …`
struct GroupCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "List, add, move and remove groups.",
        subcommands: [GroupList.self, GroupShow.self, GroupAdd.self, GroupMove.self, GroupRemove.self])
}

struct GroupList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List groups with their own settings.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "groups" + time.query
            try output.write(try await server.client.get(path, [NodeGroup].self)) { groups in
                var table = TextTable(["GROUP", "SETTINGS"])
                for group in groups {
                    let settings = group.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    table.add([group.path.description, settings.joined(separator: " ")])
                }
                return table.text
            }
        }
    }
}

struct GroupAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a group: /school/room-12.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The group's path.", completion: .groups) var path: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.POST, "groups", json: NodeGroup(path: try GroupPath(path)))
        }
    }
}

struct GroupMove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Move or rename a group, with everything below it.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The group's path.", completion: .groups) var path: String
    @Argument(help: "Its new path.") var newPath: String

    func run() async throws {
        try await reportingFailure {
            let move = ChangeRequest.GroupMove(from: try GroupPath(path), to: try GroupPath(newPath))
            try await server.client.send(
                .POST, "changes",
                json: ChangeRequest(
                    edits: [.init(moveGroup: move)], summary: "group \(move.from) moved to \(move.to)"))
        }
    }
}

struct GroupRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove an empty group.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The group's path.", completion: .groups) var path: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(
                .DELETE, "groups?path=\(APIClient.escaped(try GroupPath(path).description))", body: nil)
        }
    }
}
