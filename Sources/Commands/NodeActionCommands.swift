import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

struct NodeRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart running nodes; they ask for orders every ten seconds.",
        discussion: """
            roost node restart pc-7
            roost node restart --unless-in-use 'lab-[1-40] state=ready'
            roost node restart --at 22:00 --window 2h --unless-in-use group=/school
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var target: NodeTarget
    @Flag(help: "Spare nodes where a user is logged in.") var unlessInUse = false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                let nodes = try await target.text(client, toBe: "to be restarted (\(later.text))")
                return try await later.schedule(
                    .restart(nodes: nodes, unlessInUse: unlessInUse), on: client)
            }
            let nodes = try await target.nodes(client, toBe: "restarted")
            var users: [NodeName: [String]] = [:]
            if unlessInUse {
                let query = APIClient.escaped(target.query.joined(separator: " "))
                for place in try await client.all("sessions", "q=\(query)", of: SessionAnswer.self) {
                    users[place.node, default: []].append(place.session.user)
                }
            }
            var failures = 0
            for node in nodes {
                if let users = users[node.name] {
                    print("\(node.name) is in use by \(users.joined(separator: ", "))")
                    continue
                }
                do {
                    try await client.send(
                        .POST, "nodes/\(APIClient.escaped(node.name.text))/restart", body: nil)
                    print("\(node.name) restarts")
                } catch let failure as Failure where nodes.count > 1 {
                    failures += 1
                    print("\(node.name) does not: \(failure.text)")
                }
            }
            if failures > 0 {
                throw Failure(text: "\(failures) of \(counted(nodes.count, "node")) did not restart", code: 1)
            }
        }
    }
}

struct NodeRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let nodes boot again that were held after failed boots.",
        discussion: """
            roost node release pc-7
            roost node release group=/school state=held
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            for node in try await target.nodes(client, toBe: "released") {
                try await client.send(
                    .POST, "nodes/\(APIClient.escaped(node.name.text))/release", body: nil)
            }
        }
    }
}

struct NodeDismiss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss",
        abstract: "Dismiss a node's alarm: another machine asked for what belongs to the node.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "nodes/\(APIClient.escaped(node))/alarm", body: nil)
        }
    }
}
