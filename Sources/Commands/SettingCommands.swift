import API
import ArgumentParser
import ConfigurationFile
package import Fleet
import Foundation
import NIOHTTP1

/// Changes to the settings of one level, as typed.
struct SettingsEdit: ParsableArguments {
    @Option(help: "The group whose settings change.", completion: .groups) var group: String?
    @Option(help: "The node whose settings change.", completion: .nodes) var node: String?
    @Option(help: "The match rule whose settings change.", completion: .rules) var rule: String?
    @Option(
        help: ArgumentHelp(
            "The image, or version of one, whose settings change: NAME, NAME@VERSION.", valueName: "image"),
        completion: .versions)
    var image: String?
    @Option(
        help: ArgumentHelp(
            "Remove a setting from this level; may be given several times.", valueName: "setting"),
        completion: .settings)
    var unset: [String] = []
    @Argument(help: "SETTING=VALUE …", completion: .assignments) var changes: [String] = []

    var isEmpty: Bool { group == nil && node == nil && rule == nil && unset.isEmpty && changes.isEmpty }

    func request() throws -> ChangeRequest {
        let targets = [
            group, node, rule.map { "\(SettingsTarget.rule($0))" },
            image.map { "\(SettingsTarget.image($0))" },
        ].compactMap { $0 }
        guard targets.count <= 1 else {
            throw Failure(text: "use only one of --group, --node, --rule and --image", code: 64)
        }
        return try Self.request(for: targets.first ?? "/", changes, unset: unset)
    }

    /// The same for later. What a list has then is not known: it is set as a whole.
    func scheduled() throws -> ScheduledSettings {
        guard case .settings(let change)? = try request().edits.first?.act else {
            throw Failure(text: "nothing to change: SETTING=VALUE or --unset SETTING", code: 64)
        }
        guard change.add.isEmpty, change.remove.isEmpty else {
            throw Failure(
                text: "a schedule sets lists and maps as a whole: write = and not += or -=", code: 64)
        }
        return ScheduledSettings(target: change.target, set: change.set, unset: change.unset)
    }

    /// - Parameter target: as ``SettingsTarget`` writes it.
    static func request(for target: String, _ changes: [String], unset: [String]) throws -> ChangeRequest {
        guard !changes.isEmpty || !unset.isEmpty else {
            throw Failure(text: "nothing to change: SETTING=VALUE or --unset SETTING", code: 64)
        }
        if let word = changes.first(where: { !$0.contains("=") }) {
            throw Failure(
                text:
                    "‘\(word)’ is not SETTING=VALUE: write no spaces around ‘=’, and name a node or a group with --node or --group",
                code: 64)
        }
        let assignments = try changes.map { try SettingAssignment($0, files: .local) }
        let change = try SettingsChange(target: target, assignments, unset: unset)
        return ChangeRequest(edits: [.init(settings: change)])
    }
}

extension SettingAssignment.Files {
    /// The files of this host.
    package static var local: Self {
        Self(
            text: { path, definition in
                if path == "-", definition.isSecret, PasswordInput.isTyped {
                    return try PasswordInput.read("\(definition.name): ")
                }
                // File contents are kept to the byte; everything else is text, whatever editor saved it.
                return try definition.kind == .map ? InputFile.exactText(path) : InputFile.text(path)
            },
            map: { path, definition in
                if path.hasSuffix(".yaml") || path.hasSuffix(".yml") || path.hasSuffix(".json") {
                    var section = try YAMLSection.parse(InputFile.text(path), file: path)
                    return try section.texts().map { ($0.key, $0.value) }
                }
                return try InputFile.text(path).split(separator: "\n").filter { line in
                    !line.allSatisfy(\.isWhitespace) && !line.hasPrefix("#")
                }.map { try SettingDefinition.pair($0, of: definition.name) }
            })
    }
}

/// `roost set`: changes settings of the site, a group, an image, a rule or a node.
struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change settings of the site, a group, an image, a match rule or a node.",
        discussion: """
            roost set image=debian@stable                 for the whole site
            roost set --group /school loader=ipxe         for a group
            roost set --image debian@7 modules=zfs=load   for the nodes that boot one version of an image
            roost set --node pc-7 'kernel-arguments=quiet isolcpus=1,2'
            roost set ssh-authorized-keys+=@key.pub       adds one; -= removes one
            roost set files=/usr/local/bin/hello:755=@hello.sh,/etc/motd='Hello, world'
            roost set root-password=@-                    asks for it, and stores only its hash
            Lists and maps take commas between their entries. @FILE is the content of a file, in place of any value or entry: \
            lists have one entry in each line, maps lines KEY=VALUE, or YAML in a file called .yaml; @- is standard input, and @@ a plain @.
            ‘roost plan’ takes the same words and shows what would change; ‘roost undo’ takes a change back.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "List all settings with their defaults.") var list = false
    @OptionGroup var edit: SettingsEdit
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func validate() throws {
        guard !list, output.json || output.output != .table else { return }
        throw ValidationError("-o and --json go with --list")
    }

    func run() async throws {
        if list {
            return try await reportingFailure {
                try output.write(SettingDefinition.all.map(ListedSetting.init), table: Self.text)
            }
        }
        try await reportingFailure {
            if try later.isLater {
                return try await later.schedule(.set(edit.scheduled()), on: server.client)
            }
            try await server.client.send(.POST, "changes", json: edit.request())
        }
    }

    private static func text(_ settings: [ListedSetting]) -> String {
        var table = TextTable(["SETTING", "TYPE", "DEFAULT", "APPLIES AT", "MEANING"])
        for setting in settings {
            table.add([
                setting.name, setting.type, setting.default.description, setting.appliesAt, setting.meaning,
            ])
        }
        return table.text
    }
}

/// A setting in the list of all.
private struct ListedSetting: Encodable {
    var name: String
    var type: String
    var `default`: SettingValue
    var appliesAt: String
    var meaning: String

    init(_ definition: SettingDefinition) {
        (name, type) = (definition.name, definition.kindDescription.english)
        (`default`, appliesAt) = (definition.defaultValue, definition.phase.rawValue)
        meaning = definition.summary
    }
}

/// `roost plan`: what `roost set` with the same arguments, or `roost apply` with the same files, would do.
struct Plan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Show what a change of settings, or files of the configuration, would change; nothing is saved.",
        discussion: """
            roost plan --group /school loader=grub     the same words as for ‘roost set’
            roost plan -f fleet                        what ‘roost apply -f fleet’ would do
            With files, the exit status is 0 where nothing would change, 2 where something would, and 4 where ‘roost apply’ would refuse \
            because others have changed something.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var edit: SettingsEdit
    @OptionGroup var files: DeclaredOptions
    @Flag(help: "As ‘roost apply --prune’.") var prune = false
    @Flag(help: "As ‘roost apply --overwrite’.") var overwrite = false

    func run() async throws {
        try await reportingFailure {
            if !files.file.isEmpty {
                guard edit.isEmpty else {
                    throw Failure(text: "either files or settings: not both", code: 64)
                }
                return try await DeclarationPlan(files: files, prune: prune, overwrite: overwrite)
                    .run(server, output)
            }
            let data = try await server.client.send(.POST, "plan", json: edit.request())
            try output.write(JSONDecoder().decode(ChangePlan.self, from: data), table: PlanTable.text)
        }
    }
}

/// `roost get`: the effective settings of a node.
struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show the effective settings of a node, or one of them.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @Argument(help: "The setting; without it, all.", completion: .settings) var key: String?
    @Flag(help: "Show where each value comes from, what it hides, and when a change of it reaches the node.")
    var origin = false
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "nodes/\(APIClient.escaped(node))" + time.query
            var settings = try await server.client.get(path, NodeAnswer.self).settings
            if let key {
                settings = settings.filter { $0.name == key }
                guard !settings.isEmpty else {
                    throw Failure(text: "there is no setting ‘\(key)’ (roost set --list shows all)", code: 3)
                }
            }
            let isAlone = key != nil && !origin
            try output.write(settings) { isAlone ? "\($0[0].value)\n" : text($0) }
        }
    }

    private func text(_ settings: [SettingAnswer]) -> String {
        var table = TextTable(
            origin ? ["SETTING", "VALUE", "FROM", "APPLIES AT", "HIDES"] : ["SETTING", "VALUE"])
        for setting in settings {
            let value = setting.value.description.replacingOccurrences(of: "\n", with: "⏎")
            let hides = setting.hides.map { "\($0.origin): \($0.value)" }.joined(separator: "; ")
            table.add(
                origin
                    ? [setting.name, value, setting.origin, setting.appliesAt, hides] : [setting.name, value])
        }
        return table.text
    }
}
