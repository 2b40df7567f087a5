import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost pool …`
struct PoolCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Pools of terminal servers, among which log-ins are placed.",
        discussion: """
            roost pool add classroom --level ts-1,ts-2
            roost pool add school --level tag:classroom --level pool:spare
            Levels are filled in their order: a later one takes log-ins when no earlier one has room.
            roost set --group /school pool=school
            """,
        subcommands: [PoolList.self, PoolShow.self, PoolAdd.self, PoolSet.self, PoolRemove.self])
}

struct PoolList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List pools with their servers and sessions.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only those with these words in name, group, tags or servers.") var query: [String] = []

    func run() async throws {
        try await reportingFailure {
            let query = "q=\(APIClient.escaped(query.joined(separator: " ")))"
            let all = try await server.client.all("pools", query, of: PoolAnswer.self)
            try output.write(all) { pools in
                var table = TextTable(["POOL", "GROUP", "OPEN", "SERVERS", "SESSIONS", "PROTOCOLS"])
                for one in pools {
                    let up = one.servers.count { $0.state == .up }
                    table.add([
                        one.pool.name.text, one.pool.group.description, one.isOpen ? "yes" : "closed now",
                        "\(up) of \(one.servers.count) up",
                        "\(one.sessionCount)" + (one.underwayCount > 0 ? "+\(one.underwayCount)" : ""),
                        one.pool.protocols.map(\.rawValue).joined(separator: " "),
                    ])
                }
                return table.text
            }
        }
    }
}

struct PoolShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a pool: what was set, and its servers.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The pool's name.", completion: .pools) var name: String

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.pool(name)) { answer in
                var table = TextTable(["LEVEL", "SERVER", "STATE", "SESSIONS", "USED", "ALSO IN"])
                for one in answer.servers {
                    let others = (one.otherPools ?? []).map(\.text).joined(separator: " ")
                    table.add([
                        "\(one.level + 1)", one.name.text, one.state.rawValue,
                        one.sessionCount.map(String.init) ?? "-",
                        one.use.map(TerminalServerList.percent) ?? "-", others.isEmpty ? "-" : others,
                    ])
                }
                return FieldList.text(answer.pool.lines) + "\n" + table.text
            }
        }
    }
}

extension TerminalPool {
    /// Each field with its value, for people.
    fileprivate var lines: [(String, String)] {
        func list(_ words: [String], otherwise: String) -> String {
            words.isEmpty ? otherwise : words.joined(separator: ", ")
        }
        func minutes(_ count: Int?) -> String { count.map { counted($0, "minute") } ?? "never" }
        var lines = [
            ("pool", name.text), ("group", group.description),
            ("protocols", list(protocols.map(\.rawValue), otherwise: "-")), ("release", release ?? "any"),
            ("users", list(users, otherwise: groups.isEmpty ? "all" : "-")),
            ("groups", list(groups, otherwise: users.isEmpty ? "all" : "-")),
            ("hours", hours.isEmpty ? "always" : hours.text), ("second log-in", secondLogIn.rawValue),
            ("idle", "disconnected after: \(minutes(idleMinutes))"),
            ("disconnected", "ended after: \(minutes(disconnectedMinutes))"),
        ]
        if let broker { lines.append(("broker", broker)) }
        return lines + levels.enumerated().map { ("level \($0.offset + 1)", PoolFields.text($0.element)) }
    }
}

extension APIClient {
    fileprivate func pool(_ name: String) async throws -> PoolAnswer {
        try await get("pools/\(Self.escaped(name))")
    }
}

/// What a pool may say.
struct PoolFields: ParsableArguments {
    @Option(help: "The nodes of this group and below may use it.", completion: .groups) var group: String?
    @Option(
        name: .customLong("level"),
        help:
            "Servers that are filled together: names, tag:TAG and pool:POOL with commas between them; may be given several times, in their order."
    )
    var levels: [String] = []
    @Option(
        name: .customLong("protocol"),
        help: "rdp, ssh, x2go or vnc; may be given several times, the preferred one first.")
    var protocols: [String] = []
    @Option(help: "Only servers of this image release.") var release: String?
    @Option(
        name: .customLong("user"),
        help: "Who may use it; may be given several times. Without users and groups: all.")
    var users: [String] = []
    @Option(
        name: .customLong("user-group"),
        help: "A group of a directory whose people may use it; may be given several times.")
    var groups: [String] = []
    @Option(help: "When it takes log-ins: 'mon-fri 07:00-18:00'; may be given several times.") var hours:
        [String] = []
    @Option(
        help:
            "What happens when people log in who have a session elsewhere: take-over, ask, refuse or allow.")
    var secondLogIn: String?
    @Option(help: "Minutes without a key press after which a session is disconnected.") var idle: Int?
    @Option(help: "Minutes after which a disconnected session is ended.") var disconnected: Int?
    @Option(help: "The text for an RD Connection Broker, which places log-ins itself.") var broker: String?
    @Option(
        help: ArgumentHelp(
            "Clear a field, such as hours or user; may be given several times.", valueName: "field"))
    var clear: [String] = []

    func applied(to pool: TerminalPool) throws -> TerminalPool {
        var pool = pool
        for field in clear { try Self.clear(field, of: &pool) }
        if let group { pool.group = try GroupPath(group) }
        if !levels.isEmpty { pool.levels = try levels.map(Self.level) }
        if !protocols.isEmpty {
            pool.protocols = try protocols.map { try Words.of(SessionProtocol.self, "--protocol", $0) }
        }
        pool.release = release ?? pool.release
        if !users.isEmpty { pool.users = users }
        if !groups.isEmpty { pool.groups = groups }
        if !hours.isEmpty { pool.hours = try Words.hours(hours) }
        if let secondLogIn {
            pool.secondLogIn = try Words.of(
                TerminalPool.SecondLogIn.self, "--second-log-in", secondLogIn)
        }
        pool.idleMinutes = idle ?? pool.idleMinutes
        pool.disconnectedMinutes = disconnected ?? pool.disconnectedMinutes
        pool.broker = broker ?? pool.broker
        return pool
    }

    private static func clear(_ field: String, of pool: inout TerminalPool) throws {
        switch field {
        case "level", "levels": pool.levels = []
        case "release": pool.release = nil
        case "user", "users": pool.users = []
        case "user-group", "user-groups": pool.groups = []
        case "hours": pool.hours = []
        case "idle": pool.idleMinutes = nil
        case "disconnected": pool.disconnectedMinutes = nil
        case "broker": pool.broker = nil
        default:
            throw ValidationError(
                "--clear: ‘\(field)’ is not one of level, release, user, user-group, hours, idle, disconnected, broker"
            )
        }
    }

    private static func level(_ text: String) throws -> TerminalPool.Level {
        guard let level = try TerminalPool.Level(text) else {
            throw ValidationError(
                "--level: ‘\(text)’ is not \(TerminalPool.Level.form)")
        }
        return level
    }

    static func text(_ level: TerminalPool.Level) -> String { level.text }
}

struct PoolAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Add a pool.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its name.") var name: String
    @OptionGroup var fields: PoolFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let pool = try fields.applied(to: TerminalPool(name: PoolName(name)))
            try await server.client.make(.init(.pool(pool.name, pool), isNew: true), asPlan: plan)
        }
    }
}

struct PoolSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a pool.",
        discussion: "Lists are replaced as a whole; --clear empties a field.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The pool's name.", completion: .pools) var name: String
    @OptionGroup var fields: PoolFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let before = try await client.pool(name).pool
            let pool = try fields.applied(to: before)
            guard !plan else { return try await client.make(.init(.pool(pool.name, pool)), asPlan: true) }
            let patch = try RecordPatch.from(before, to: pool)
            if try later.isLater {
                let text = String(decoding: patch, as: UTF8.self)
                return try await later.schedule(.pool(pool.name, patch: text), on: client)
            }
            try await client.send(.PATCH, "pools/\(APIClient.escaped(name))", body: patch)
        }
    }
}

struct PoolRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a pool; its servers stay.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The pool's name.", completion: .pools) var name: String
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(.init(.pool(try PoolName(name), nil)), asPlan: plan)
        }
    }
}
