import API
import ArgumentParser
import Fleet
import Foundation

/// `roost group show`: a group's settings and nodes.
struct GroupShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a group: its own settings, the groups below it, and its nodes.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The group's path.", completion: .groups) var path: String
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = try GroupPath(path)
            let client = server.client
            let groups = try await client.get("groups" + time.query, [NodeGroup].self)
            let group = groups.first { $0.path == path } ?? (path == .site ? NodeGroup(path: .site) : nil)
            guard let group else { throw Failure(text: NodeGroup.missing(path).english, code: 3) }
            let below = groups.map(\.path).filter { $0 != path && path.contains($0) }.sorted()
            let nodes = try await client.nodes("group=\(path)", at: time.at)
            let settings = try await client.get(
                "groups/settings?path=\(APIClient.escaped(path.description))" + time.furtherQuery,
                [SettingAnswer].self)
            let shown = ShownGroup(
                path: path, settings: group.settings, below: below, effective: settings, nodes: nodes)
            try output.write(shown) { _ in Self.text(group, below, nodes, inherited: shown.inherited) }
        }
    }

    static func text(
        _ group: NodeGroup, _ below: [GroupPath], _ nodes: [MachineAnswer], inherited: [SettingAnswer] = []
    ) -> String {
        let states = MachineState.allCases.compactMap { state in
            let count = nodes.count { $0.state == state }
            return count == 0 ? nil : "\(count) \(state.rawValue)"
        }
        var text = """
            group      \(group.path)
            nodes      \(nodes.count)\(states.isEmpty ? "" : ": \(states.joined(separator: ", "))")
            below      \(below.isEmpty ? "-" : below.map(\.description).joined(separator: ", "))


            """
        text += SettingLines.text(group.settings)
        if !inherited.isEmpty { text += "\n" + SettingLines.text(inherited: inherited) }
        return nodes.isEmpty ? text : text + "\n" + MachineTable.text(nodes)
    }
}

/// A group with what it inherits and contains, for programs.
struct ShownGroup: Encodable {
    var path: GroupPath
    /// Its own.
    @RecordSettings var settings: [String: SettingValue]
    var below: [GroupPath]
    /// All settings, with what it inherits.
    var effective: [SettingAnswer]
    /// Those in it and below.
    var nodes: [MachineAnswer]

    init(
        path: GroupPath, settings: [String: SettingValue], below: [GroupPath], effective: [SettingAnswer],
        nodes: [MachineAnswer]
    ) {
        (self.path, self.below, self.effective, self.nodes) = (path, below, effective, nodes)
        _settings = RecordSettings(wrappedValue: settings)
    }

    /// What it has of groups above it alone.
    var inherited: [SettingAnswer] {
        effective.filter { settings[$0.name] == nil && $0.origin != SettingOrigin.productDefault.description }
    }
}

/// A rule with the nodes that it fits, for programs.
private struct ShownRule: Encodable {
    var rule: MatchRule
    var nodes: [MachineAnswer]

    private enum CodingKeys: CodingKey { case nodes }

    func encode(to encoder: any Encoder) throws {
        try rule.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(nodes, forKey: .nodes)
    }
}

/// `roost rule show`: a rule's settings, and the nodes that it fits now.
struct RuleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a rule: its settings, and the nodes that fit its condition.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The rule's name.", completion: .rules) var name: String
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let name = try RuleName(name)
            let client = server.client
            let rules = try await client.get("rules" + time.query, [MatchRule].self)
            guard let rule = rules.first(where: { $0.name == name }) else {
                throw Failure(text: MatchRule.missing(name).english, code: 3)
            }
            let nodes = try await client.nodes(rule.condition, at: time.at)
            try output.write(ShownRule(rule: rule, nodes: nodes)) { _ in
                """
                rule       \(rule.name)
                priority   \(rule.priority)
                condition  \(rule.condition)
                fits       \(counted(nodes.count, "node"))


                """ + SettingLines.text(rule.settings)
                    + (nodes.isEmpty ? "" : "\n" + MachineTable.text(nodes))
            }
        }
    }
}

/// Settings of one level, as a table.
enum SettingLines {
    static func text(_ settings: [String: SettingValue]) -> String {
        guard !settings.isEmpty else { return "no settings of its own\n" }
        var table = TextTable(["SETTING", "VALUE"])
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            table.add([name, value.description.replacing("\n", with: "⏎")])
        }
        return table.text
    }

    /// What comes from above, and from where.
    static func text(inherited settings: [SettingAnswer]) -> String {
        var table = TextTable(["INHERITED", "VALUE", "FROM"])
        for setting in settings {
            table.add([setting.name, setting.value.description.replacing("\n", with: "⏎"), setting.origin])
        }
        return table.text
    }
}
