import API
import ArgumentParser
import Fleet
import Foundation
import Wire

/// `roost lease …`
struct LeaseCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease", abstract: "Show leases.", subcommands: [LeaseList.self],
        defaultSubcommand: LeaseList.self)
}

struct LeaseList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List leases in address order.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("leases", [LeaseAnswer].self)) { leases in
                var table = TextTable(["ADDRESS", "HOLDER", "NODE", "HOST NAME", "EXPIRES"])
                for lease in leases {
                    table.add([
                        lease.address.description, lease.holder, lease.node?.text ?? "-",
                        lease.hostName.isEmpty ? "-" : lease.hostName,
                        lease.expiresAt.map { Shown.time(second: $0) } ?? "never",
                    ])
                }
                return table.text
            }
        }
    }
}

/// `roost event …`
struct EventCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Show boots.",
        subcommands: [EventBoots.self])
}

struct EventBoots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boots", abstract: "Show the last boots, newest first.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "At most this many.") var limit = 20

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("boots?limit=\(limit)", [BootTimeline].self)) {
                boots in
                var table = TextTable(["STARTED", "MAC", "STATE", "READY AFTER"])
                for boot in boots {
                    table.add([
                        Shown.time(second: boot.startedAt / 1_000), boot.macAddress.description, boot.state,
                        boot.readyAfter.map(Shown.seconds) ?? "-",
                    ])
                }
                return table.text
            }
        }
    }
}
