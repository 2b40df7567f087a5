import ArgumentParser
import Center
import Fleet
import Foundation
import NIOHTTP1

/// `roost set`: changes settings of the site, a group or a node.
struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change settings of the site, a group or a node.",
        discussion: """
            roost set image=debian@stable                 for the whole site
            roost set --group /school loader=ipxe         for a group
            roost set --node pc-7 kernel-arguments=quiet  for a node
            Lists and maps take commas; NAME=@FILE reads the value from a file (for lists, a line each).
            """)
    @OptionGroup var server: ServerOptions
    @Option(help: "The group whose settings change.") var group: String?
    @Option(help: "The node whose settings change.") var node: String?
    @Option(
        help: ArgumentHelp(
            "Remove a setting from this level; may be given several times.", valueName: "setting"))
    var unset: [String] = []
    @Flag(help: "List all settings with their defaults.") var list = false
    @Argument(help: "SETTING=VALUE …") var changes: [String] = []

    func run() async throws {
        if list { return print(Self.allSettings, terminator: "") }
        try await reportingFailure {
            guard group == nil || node == nil else {
                throw Failure(text: "say --group or --node, not both", code: 64)
            }
            guard !changes.isEmpty || !unset.isEmpty else {
                throw Failure(text: "nothing to change: SETTING=VALUE or --unset SETTING", code: 64)
            }
            var set: [String: SettingValue] = [:]
            for change in changes { (set[try name(change)]) = try value(change) }
            try await server.client.send(
                .POST, "settings", json: SettingsChange(target: node ?? group ?? "/", set: set, unset: unset))
        }
    }

    private func name(_ change: String) throws -> String {
        guard let equals = change.firstIndex(of: "=") else {
            throw Failure(text: "‘\(change)’ is not SETTING=VALUE", code: 64)
        }
        return String(change[..<equals])
    }

    private func value(_ change: String) throws -> SettingValue {
        let name = try name(change)
        guard let definition = SettingDefinition.named(name) else {
            throw Failure(text: "there is no setting ‘\(name)’ (roost set --list shows all)", code: 64)
        }
        let text = String(change.dropFirst(name.count + 1))
        guard text.hasPrefix("@") else { return try definition.value(fromText: text) }
        guard let data = FileManager.default.contents(atPath: String(text.dropFirst())) else {
            throw Failure(text: "\(text.dropFirst()) cannot be read", code: 1)
        }
        let content = String(decoding: data, as: UTF8.self)
        if definition.kind == .list { return .list(content.split(separator: "\n").map(String.init)) }
        return try definition.value(fromText: content.trimmingCharacters(in: .newlines))
    }

    private static var allSettings: String {
        var table = TextTable(["SETTING", "TYPE", "DEFAULT", "MEANING"])
        for definition in SettingDefinition.all {
            table.add([
                definition.name, definition.kindDescription, definition.defaultValue.description,
                definition.summary,
            ])
        }
        return table.text
    }
}
