import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost server …`
struct TerminalServerCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Terminal servers, on which people have their sessions.",
        discussion: """
            roost server add ts-1 10.77.0.20 --tag classroom
            roost server drain ts-1            people come back to their sessions, and no new ones begin
            roost server restart ts-1          when the last session has ended; then it takes log-ins again
            roost-agent, running on the server, tells its load and its sessions.
            """,
        subcommands: [
            TerminalServerList.self, TerminalServerShow.self, TerminalServerAdd.self,
            TerminalServerSet.self, TerminalServerDrain.self, TerminalServerResume.self,
            TerminalServerMaintenance.self, TerminalServerRestart.self, TerminalServerRemove.self,
            TerminalServerToken.self, TerminalServerAgents.self, TerminalServerRevoke.self,
        ])
}

struct TerminalServerList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List terminal servers with what they are doing.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only those with these words in name, address, state, group, tags or pools.")
    var query: [String] = []

    func run() async throws {
        try await reportingFailure {
            let query = "q=\(APIClient.escaped(query.joined(separator: " ")))"
            let all = try await server.client.all("terminals", query, of: TerminalAnswer.self)
            try output.write(all, wide: { Self.text($0, isWide: true) }, table: { Self.text($0) })
        }
    }

    private static func text(_ servers: [TerminalAnswer], isWide: Bool = false) -> String {
        let more = isWide ? ["GROUP", "ADDRESS", "PROTOCOLS", "TAGS", "RELEASE"] : []
        var table = TextTable(["SERVER", "STATE", "HEARD", "SESSIONS", "USED", "LOAD", "POOLS"] + more)
        for one in servers {
            let row = [
                one.server.name.text, one.state.rawValue, one.heardText, one.sessionText,
                one.use.map(percent) ?? "-", one.loadText, list(one.pools.map(\.text)),
            ]
            let server = one.server
            table.add(
                row
                    + (isWide
                        ? [
                            server.group.description, server.address,
                            list(server.ports.keys.map(\.rawValue).sorted()), list(server.tags),
                            one.release ?? "-",
                        ] : []))
        }
        return table.text
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "-" : words.joined(separator: " ")
    }

    static func percent(_ share: Double) -> String { "\(Int((min(max(share, 0), 99) * 100).rounded())) %" }
}

extension TerminalAnswer {
    fileprivate var heardText: String { heard.map { "\($0) s ago" } ?? "never" }
    fileprivate var sessionText: String {
        "\(sessionCount)" + (underwayCount > 0 ? "+\(underwayCount)" : "")
            + (server.sessionLimit.map { " of \($0)" } ?? "")
    }
    fileprivate var loadText: String {
        load.map { String(format: "%.1f of %d", $0.loadAverage, $0.processorCount) } ?? "-"
    }
}

struct TerminalServerShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a terminal server: what was set, its load, its sessions.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The server's name.", completion: .terminalServers) var name: String

    func run() async throws {
        try await reportingFailure {
            let answer = try await server.client.terminal(name)
            try output.write(answer) { answer in
                FieldList.text(answer.lines) + answer.sessionTable
            }
        }
    }
}

extension TerminalAnswer {
    /// Each field with its value, for people.
    fileprivate var lines: [(String, String)] {
        let ports = server.ports.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
        let memory =
            load.map { "\(Shown.size($0.usedMemoryByteCount)) of \(Shown.size($0.memoryByteCount))" } ?? "-"
        var lines: [(String, String)] = [
            ("server", server.name.text), ("state", state.rawValue), ("admission", server.admission.rawValue),
            ("heard", heardText),
            ("agent", version.map { $0 + (isConnected ? "" : " (takes no orders now)") } ?? "-"),
            ("group", server.group.description), ("address", server.address),
            ("system", server.system.rawValue), ("protocols", ports), ("weight", Self.text(server.weight)),
            ("sessions", sessionText), ("used", use.map(TerminalServerList.percent) ?? "-"),
            ("load", loadText),
            ("memory", memory),
            ("release", release ?? "-"),
            ("tags", server.tags.isEmpty ? "-" : server.tags.joined(separator: ", ")),
            ("pools", pools.isEmpty ? "-" : pools.map(\.text).joined(separator: ", ")),
            ("hours", server.hours.isEmpty ? "always" : server.hours.text),
        ]
        lines += (probe?.lines ?? []).map { ("probe", $0) }
        if let certificate = server.certificate { lines.append(("certificate", certificate)) }
        if let node = server.node { lines.append(("node", node.text)) }
        if server.restartsWhenEmpty { lines.append(("restart", "when it is empty")) }
        if failureCount > 0 { lines.append(("log-ins", "\(failureCount) in a row found no session there")) }
        lines += rooms.map {
            ("room", "\($0.path): \(Shown.size($0.freeByteCount)) of \(Shown.size($0.byteCount)) free")
        }
        return lines + troubles.map { ("trouble", $0) }
    }

    fileprivate static func text(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }

    fileprivate var sessionTable: String {
        guard let sessions, !sessions.isEmpty else { return "" }
        var table = TextTable(["USER", "KIND", "DISPLAY", "FROM", "MINUTES", "IDLE", "CONNECTED"])
        for session in sessions {
            table.add([
                session.user, session.kind.rawValue, session.display,
                session.from.isEmpty ? "-" : session.from, "\(session.age / 60)",
                session.idle.map { "\($0 / 60)" } ?? "-", session.isConnected ? "yes" : "no",
            ])
        }
        return "\n" + table.text
    }
}

/// Fields with their values, for people.
enum FieldList {
    static func text(_ lines: [(String, String)]) -> String {
        let width = max(14, (lines.map(\.0.count).max() ?? 0) + 1)
        return lines.map { field, value in
            field.padding(toLength: width, withPad: " ", startingAt: 0) + "\(PlainText(value))\n"
        }.joined()
    }
}

extension APIClient {
    func terminal(_ name: String) async throws -> TerminalAnswer {
        try await get("terminals/\(Self.escaped(name))")
    }
}

/// What a terminal server may say.
struct TerminalServerFields: ParsableArguments {
    @Option(help: "The group whose administrators are its own.", completion: .groups) var group: String?
    @Option(help: "linux or windows.") var system: String?
    @Option(
        name: .customLong("protocol"),
        help: "A protocol that it offers: rdp, ssh, x2go or vnc, or with its port, rdp:3390; several times.")
    var protocols: [String] = []
    @Option(help: "How much it takes compared with what its processors and memory say: 2 is twice as much.")
    var weight: Double?
    @Option(help: "Sessions that it never exceeds.") var limit: Int?
    @Option(help: "The release of its image (default: what its agent says).") var release: String?
    @Option(name: .customLong("tag"), help: "A tag, by which pools find it; several times.")
    var tags: [String] = []
    @Option(help: "When it takes log-ins: 'mon-fri 07:00-18:00'; several times.") var hours: [String] = []
    @Option(help: "The node that it is, where it boots from here.", completion: .nodes) var node: String?
    // Not «certificate»: that is the one of this server, in every command.
    @Option(
        name: .customLong("rdp-certificate"),
        help: ArgumentHelp(
            "The SHA-256 of its certificate for RDP, where no agent tells it.", valueName: "sha256"))
    var certificate: String?
    @Option(
        help: ArgumentHelp("Clear a field, such as limit or hours; several times.", valueName: "field"))
    var clear: [String] = []

    func applied(to server: TerminalServer) throws -> TerminalServer {
        var server = server
        for field in clear {
            switch field {
            case "limit": server.sessionLimit = nil
            case "release": server.release = nil
            case "tag", "tags": server.tags = []
            case "hours": server.hours = []
            case "node": server.node = nil
            case "rdp-certificate": server.certificate = nil
            default:
                throw ValidationError(
                    "--clear: ‘\(field)’ is not one of limit, release, tag, hours, node, rdp-certificate")
            }
        }
        if let group { server.group = try GroupPath(group) }
        if let system { server.system = try Words.of(TerminalServer.System.self, "--system", system) }
        if !protocols.isEmpty { server.ports = try Self.ports(protocols) }
        server.weight = weight ?? server.weight
        server.sessionLimit = limit ?? server.sessionLimit
        server.release = release ?? server.release
        if !tags.isEmpty { server.tags = tags }
        if !hours.isEmpty { server.hours = try Words.hours(hours) }
        if let node { server.node = try NodeName(node) }
        server.certificate = certificate ?? server.certificate
        return server
    }

    private static func ports(_ texts: [String]) throws -> [SessionProtocol: Int] {
        var ports: [SessionProtocol: Int] = [:]
        for text in texts {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Words.of(SessionProtocol.self, "--protocol", String(parts[0]))
            guard parts.count == 2 else {
                ports[name] = name.usualPort
                continue
            }
            guard let port = Int(parts[1]) else {
                throw ValidationError("--protocol: ‘\(parts[1])’ is not a port")
            }
            ports[name] = port
        }
        return ports
    }
}

/// Words of options.
enum Words {
    static func of<Word: RawRepresentable & CaseIterable>(_: Word.Type, _ option: String, _ text: String)
        throws -> Word where Word.RawValue == String
    {
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(option): ‘\(text)’ is not one of \(known)")
        }
        return word
    }

    static func hours(_ texts: [String]) throws -> [OpeningHours] {
        try texts.map { text in
            guard let hours = OpeningHours(text) else {
                throw ValidationError("--hours: ‘\(text)’ is not \(OpeningHours.form)")
            }
            return hours
        }
    }
}

struct TerminalServerAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a terminal server by hand.",
        discussion: "A server with roost-agent adds itself when its agent joins.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its name.") var name: String
    @Argument(help: "Where nodes reach it: a host name or an address.") var address: String
    @OptionGroup var fields: TerminalServerFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let record = try fields.applied(
                to: TerminalServer(name: TerminalName(name), address: address))
            try await server.client.make(.init(.terminal(record.name, record), isNew: true), asPlan: plan)
        }
    }
}

struct TerminalServerSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a terminal server.",
        discussion: """
            roost server set ts-1 --limit 40 --tag classroom --tag exam
            Lists are replaced as a whole; --clear empties a field.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "The server's name.", completion: .terminalServers) var name: String
    @Option(help: "Where nodes reach it: a host name or an address.") var address: String?
    @OptionGroup var fields: TerminalServerFields
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let before = try await client.terminal(name).server
            var record = try fields.applied(to: before)
            record.address = address ?? record.address
            guard !plan else {
                return try await client.make(.init(.terminal(record.name, record)), asPlan: true)
            }
            try await client.send(
                .PATCH, "terminals/\(APIClient.escaped(name))",
                body: try RecordPatch.from(before, to: record))
        }
    }
}

struct TerminalServerDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Take no new sessions; people come back to those that they have.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The servers' names.", completion: .terminalServers) var names: [String]
    @Flag(help: "Restart it once it is empty; then it takes log-ins again.") var restart = false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            if try later.isLater { return try await later.admit(names, .draining, restarts: restart, server) }
            try await server.client.admit(names, "drain" + (restart ? "?restart=yes" : ""))
        }
    }
}

struct TerminalServerResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Take log-ins again.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The servers' names.", completion: .terminalServers) var names: [String]
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            if try later.isLater { return try await later.admit(names, .open, server) }
            try await server.client.admit(names, "resume")
        }
    }
}

struct TerminalServerMaintenance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Take no new sessions, and report no trouble on it.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The servers' names.", completion: .terminalServers) var names: [String]
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            if try later.isLater { return try await later.admit(names, .maintenance, server) }
            try await server.client.admit(names, "maintenance")
        }
    }
}

struct TerminalServerRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart when the last session has ended, and take log-ins again then.",
        discussion: "It drains until then. Its agent restarts it; without one, nothing does.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The servers' names.", completion: .terminalServers) var names: [String]
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            if try later.isLater { return try await later.admit(names, .draining, restarts: true, server) }
            try await server.client.admit(names, "restart")
        }
    }
}

extension ScheduleOptions {
    fileprivate func admit(
        _ names: [String], _ admission: TerminalServer.Admission, restarts: Bool = false,
        _ server: ServerOptions
    ) async throws {
        let servers = try names.map { try TerminalName($0) }
        try await schedule(.admit(admission, servers: servers, restarts: restarts), on: server.client)
    }
}

extension APIClient {
    fileprivate func admit(_ names: [String], _ act: String) async throws {
        for name in names {
            let data = try await send(.POST, "terminals/\(Self.escaped(name))/\(act)", body: nil)
            let answer = try JSONDecoder().decode(TerminalAnswer.self, from: data)
            let count = answer.sessionCount + answer.underwayCount
            guard answer.server.admission != .open, count > 0 else { continue }
            printError("\(answer.server.name): \(counted(count, "session")) left")
        }
    }
}

struct TerminalServerRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a terminal server; its sessions stay.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The server's name.", completion: .terminalServers) var name: String
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(.init(.terminal(try TerminalName(name), nil)), asPlan: plan)
        }
    }
}
