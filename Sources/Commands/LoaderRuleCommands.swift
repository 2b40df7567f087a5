import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost loader-rule …`
struct LoaderRuleCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loader-rule", abstract: "Another boot loader for machines of a kind.",
        discussion: """
            roost loader-rule add old-cards snponly.efi --mac '00:1b:21:*'
            Of the rules that fit a machine, the one with the highest priority counts. The setting loader of a node or group is stronger.
            """,
        subcommands: [LoaderRuleList.self, LoaderRuleAdd.self, LoaderRuleRemove.self])
}

struct LoaderRuleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List loader rules in the order in which they are tried.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("loader-rules", [LoaderRule].self)) { rules in
                var table = TextTable(["RULE", "PRIORITY", "MAC", "ARCHITECTURE", "VENDOR CLASS", "LOADER"])
                for rule in rules {
                    table.add([
                        rule.name.text, "\(rule.priority)", rule.macPattern?.description ?? "-",
                        rule.architecture.map { "\($0.rawValue)" } ?? "-", rule.vendorClass ?? "-",
                        rule.loader,
                    ])
                }
                return table.text
            }
        }
    }
}

struct LoaderRuleAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a loader rule.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The rule's name.") var name: String
    @Argument(help: "The loader's file.") var loader: String
    @Option(help: "The beginning of hardware addresses: '52:54:00:*'.") var mac: String?
    @Option(help: "The client architecture's number (DHCP option 93).") var architecture: UInt16?
    @Option(help: "How the vendor class (DHCP option 60) begins.") var vendorClass: String?
    @Option(parsing: .unconditional, help: "Of two rules that fit, the one with the higher number counts.")
    var priority = 0
    @Flag(help: "Replace the rule with this name.") var replace = false
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let pattern = try mac.map { text in
                guard let pattern = MACPattern(text) else {
                    throw ValidationError("--mac: ‘\(text)’ is not \(MACPattern.form)")
                }
                return pattern
            }
            let rule = LoaderRule(
                name: try RuleName(name), priority: priority, macPattern: pattern,
                architecture: architecture.map { ClientArchitecture(rawValue: $0) },
                vendorClass: vendorClass, loader: loader)
            try await server.client.make(.init(.loaderRule(rule.name, rule), isNew: !replace), asPlan: plan)
        }
    }
}

struct LoaderRuleRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a loader rule.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The rule's name.") var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(.init(.loaderRule(try RuleName(name), nil)))
        }
    }
}
