import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost image set`: the settings of an image or a version.
struct ImageSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change settings of all nodes that boot an image, or one version of it.",
        discussion: """
            roost image set debian kernel-arguments+=quiet     for the image, in all its versions
            roost image set debian@7 modules=zfs=load          for one version
            roost image set debian --unset console
            They are stronger than groups and weaker than match rules. ‘roost plan --image debian …’ shows what would change.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "NAME or NAME@VERSION.", completion: .versions) var reference: String
    @Option(
        help: ArgumentHelp(
            "Remove a setting from this level; may be given several times.", valueName: "setting"),
        completion: .settings)
    var unset: [String] = []
    @Argument(help: "SETTING=VALUE …", completion: .assignments) var changes: [String] = []

    func run() async throws {
        try await reportingFailure {
            let target = "\(SettingsTarget.image(reference))"
            let request = try SettingsEdit.request(for: target, changes, unset: unset)
            try await server.client.send(.POST, "changes", json: request)
        }
    }
}

/// `roost image settings`: what an image and its versions set.
struct ImageSettingsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Show the settings of an image and of its versions.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var time: TimeOptions
    @Argument(help: "The image's name.", completion: .images) var image: String

    func run() async throws {
        try await reportingFailure {
            let path = "images/\(APIClient.escaped(image))/settings" + time.query
            try output.write(try await server.client.get(path, [ImageSettings].self), table: text)
        }
    }

    private func text(_ records: [ImageSettings]) -> String {
        guard !records.isEmpty else { return "no settings of its own (roost image set \(image) …)\n" }
        var table = TextTable(["OF", "SETTING", "VALUE", "COPIED FROM"])
        for record in records {
            for (name, value) in record.settings.sorted(by: { $0.key < $1.key }) {
                table.add([
                    record.key.description, name, value.description.replacingOccurrences(of: "\n", with: "⏎"),
                    record.source ?? "",
                ])
            }
        }
        return table.text
    }
}
