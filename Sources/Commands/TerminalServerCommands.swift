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
        var table = TextTable(
            ["SERVER", "STATE", "HEARD", "SESSIONS", "USED", "LOAD", "AGENT", "POOLS"] + more)
        for one in servers {
            let row = [
                one.server.name.text, one.state.rawValue, one.heardText, one.sessionText,
                one.use.map(percent) ?? "-", one.loadText, one.agentText, list(one.pools.map(\.text)),
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
    fileprivate var agentText: String {
        version.map { $0 + (isAgentOld == true ? " (old: update it)" : "") } ?? "-"
    }
    fileprivate var sessionText: String {
        (sessionCount.map(String.init) ?? "-") + (underwayCount > 0 ? "+\(underwayCount)" : "")
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
            ("agent", agentText + (version == nil || isConnected ? "" : " (takes no orders now)")),
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
        if let startedAt { lines.append(("running since", Shown.time(second: startedAt))) }
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

extension APIClient {
    func terminal(_ name: String) async throws -> TerminalAnswer {
        try await get("terminals/\(Self.escaped(name))")
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
