import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

struct RuleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List rules, the weakest first.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "rules" + time.query
            try output.write(try await server.client.get(path, [MatchRule].self)) { rules in
                var table = TextTable(["RULE", "PRIORITY", "CONDITION", "SETTINGS"])
                for rule in rules {
                    let settings = rule.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    table.add([
                        rule.name.text, String(rule.priority), rule.condition,
                        settings.joined(separator: " "),
                    ])
                }
                return table.text
            }
        }
    }
}

struct RuleRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a rule.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The rule's name.", completion: .rules) var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.make(.init(.rule(try RuleName(name), nil)))
        }
    }
}
