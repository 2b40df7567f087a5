import API
import ArgumentParser
import Center
import Commands
import Fleet
import Foundation
import NIOHTTP1

/// `roost rule …`
struct RuleCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "Settings for all nodes whose hardware fits a condition.",
        discussion: """
            roost rule add small-memory 'memory < 2 GiB' overlay-size=25%
            A rule is stronger than groups and weaker than a node's own settings.
            """,
        subcommands: [RuleAdd.self] + ClientCommands.ofRules)
}

/// It is in the server's module because it hashes a root password here.
struct RuleAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a rule.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The rule's name.") var name: String
    @Argument(help: "The condition, such as 'memory < 2 GiB and vendor = \"HP\"'.") var condition: String
    @Argument(help: "SETTING=VALUE …", completion: .assignments) var settings: [String] = []
    @Option(help: "Of two rules that fit, the higher number wins.") var priority = 0
    @Flag(help: "Replace the rule with this name.") var replace = false
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func validate() throws {
        guard !condition.allSatisfy(\.isWhitespace) else {
            throw ValidationError("a condition is required: '*' fits all nodes")
        }
    }

    func run() async throws {
        try await reportingFailure {
            let assignments = try settings.map { try SettingAssignment($0, files: .local) }
            let values = try SettingsChange(target: "\(SettingsTarget.rule(name))", assignments).applied(
                to: [:])
            let rule = MatchRule(
                name: try RuleName(name), priority: priority, condition: condition, settings: values)
            try await server.client.make(.init(.rule(rule.name, rule), isNew: !replace), asPlan: plan)
        }
    }
}
