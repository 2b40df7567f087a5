import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// What nodes are told to do, in words and as the API has it.
struct NodeAct {
    var path: String
    /// `restarts`.
    var verb: String
    /// `restarted`.
    var participle: String

    /// Tells each of them.
    ///
    /// - Parameter users: those that are left alone, with who is logged in there.
    func ask(_ nodes: [NodeName], users: [NodeName: [String]] = [:], _ client: APIClient) async throws {
        var failures = 0
        for node in nodes {
            if let users = users[node] {
                print("\(node) is in use by \(users.joined(separator: ", "))")
                continue
            }
            do {
                try await client.send(.POST, "nodes/\(APIClient.escaped(node.text))/\(path)", body: nil)
                print("\(node) \(verb)")
            } catch let failure as Failure where nodes.count > 1 {
                failures += 1
                print("\(node) does not: \(failure.text)")
            }
        }
        if failures > 0 {
            throw Failure(
                text: "\(failures) of \(counted(nodes.count, "node")) were not \(participle)", code: 1)
        }
    }
}

/// Running nodes whose boots end, now or later.
struct EndedNodes: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var target: NodeTarget
    @Flag(help: "Spare nodes where a user is logged in.") var unlessInUse = false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func end(by act: NodeAct, later scheduled: (_ nodes: String, _ unlessInUse: Bool) -> ScheduledAct)
        async throws
    {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                let nodes = try await target.text(client, toBe: "to be \(act.participle) (\(later.text))")
                return try await later.schedule(scheduled(nodes, unlessInUse), on: client)
            }
            let nodes = try await target.nodes(client, toBe: act.participle)
            try await act.ask(nodes.map(\.name), users: try await users(client), client)
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
            by: NodeAct(path: "restart", verb: "restarts", participle: "restarted"),
            later: { .restart(nodes: $0, unlessInUse: $1) })
    }
}

struct NodePowerOff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power-off",
        abstract: "Shut running nodes down, and switch them off; they ask for orders every ten seconds.",
        discussion: """
            roost node power-off --unless-in-use group=/school/room-12
            roost node power-off --every 'mon-fri 18:00' --window 1h --unless-in-use group=/school
            ‘roost node wake’ switches them on again.
            """)
    @OptionGroup var nodes: EndedNodes

    func run() async throws {
        try await nodes.end(
            by: NodeAct(path: "power-off", verb: "switches itself off", participle: "switched off"),
            later: { .powerOff(nodes: $0, unlessInUse: $1) })
    }
}

struct NodeWake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wake", abstract: "Switch nodes on whose cards listen for that (Wake-on-LAN).",
        discussion: """
            roost node wake pc-7
            roost node wake --every 'mon-fri 06:30' --window 20m group=/school
            It is sent into the networks that this server serves on an interface, and not through relays.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var target: NodeTarget
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                let nodes = try await target.text(client, toBe: "to be switched on (\(later.text))")
                return try await later.schedule(.wake(nodes: nodes), on: client)
            }
            let nodes = try await target.nodes(client, toBe: "switched on")
            try await NodeAct(path: "wake", verb: "is called", participle: "called")
                .ask(nodes.map(\.name), client)
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
