import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// Running nodes whose boots end, now or later.
struct EndedNodes: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var target: NodeTarget
    @Flag(help: "Spare nodes where a user is logged in.") var unlessInUse = false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    /// What is done, in words and as the API has it.
    struct Act {
        var path: String
        /// `restarts`.
        var verb: String
        /// `restarted`.
        var participle: String
        var scheduled: (_ nodes: String, _ unlessInUse: Bool) -> ScheduledAct
    }

    func end(by act: Act) async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                let nodes = try await target.text(client, toBe: "to be \(act.participle) (\(later.text))")
                return try await later.schedule(act.scheduled(nodes, unlessInUse), on: client)
            }
            let nodes = try await target.nodes(client, toBe: act.participle)
            let users = try await users(client)
            var failures = 0
            for node in nodes {
                if let users = users[node.name] {
                    print("\(node.name) is in use by \(users.joined(separator: ", "))")
                    continue
                }
                do {
                    try await client.send(
                        .POST, "nodes/\(APIClient.escaped(node.name.text))/\(act.path)", body: nil)
                    print("\(node.name) \(act.verb)")
                } catch let failure as Failure where nodes.count > 1 {
                    failures += 1
                    print("\(node.name) does not: \(failure.text)")
                }
            }
            if failures > 0 {
                throw Failure(
                    text: "\(failures) of \(counted(nodes.count, "node")) were not \(act.participle)", code: 1
                )
            }
        }
    }

    /// Who is logged in, where that matters.
    private func users(_ client: APIClient) async throws -> [NodeName: [String]] {
        guard unlessInUse else { return [:] }
        var users: [NodeName: [String]] = [:]
        let query = APIClient.escaped(target.query.joined(separator: " "))
        for place in try await client.all("sessions", "q=\(query)", of: SessionAnswer.self) {
            users[place.node, default: []].append(place.session.user)
        }
        return users
    }
}

struct NodeRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart running nodes; they ask for orders every ten seconds.",
        discussion: """
            roost node restart pc-7
            roost node restart --unless-in-use 'lab-[1-40] state=ready'
            roost node restart --at 22:00 --window 2h --unless-in-use group=/school
            """)
    @OptionGroup var nodes: EndedNodes

    func run() async throws {
        try await nodes.end(
            by: .init(path: "restart", verb: "restarts", participle: "restarted") {
                .restart(nodes: $0, unlessInUse: $1)
            })
    }
}

struct NodePowerOff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power-off",
        abstract: "Shut running nodes down, and switch them off; they ask for orders every ten seconds.",
        discussion: """
            roost node power-off --unless-in-use group=/school/room-12
            roost node power-off --every 'mon-fri 18:00' --window 1h --unless-in-use group=/school
            Roost cannot switch them on again: a clock in their firmware, or a person, does.
            """)
    @OptionGroup var nodes: EndedNodes

    func run() async throws {
        try await nodes.end(
            by: .init(path: "power-off", verb: "switches itself off", participle: "switched off") {
                .powerOff(nodes: $0, unlessInUse: $1)
            })
    }
}

struct NodeRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let a node boot again that was held after failed boots.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.POST, "nodes/\(APIClient.escaped(node))/release", body: nil)
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
