import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost export`: the configuration as text.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Print groups, settings of images, match rules, nodes, networks, reservations, loader rules and secrets, or write them into files.",
        discussion: """
            roost export >fleet.json               all of it, in a stable order: two exports differ where the configuration does
            roost export --group /school           the nodes, groups and secrets there and below
            roost export --output fleet            as YAML, a file for each kind of record
            Files that are there are brought up to date: comments, order and what has not changed stay as they are. ‘roost apply’ reads \
            them. Secret settings are shown as ‘(set)’, and values of secrets are never exported.
            """)
    @OptionGroup var server: ServerOptions
    @Option(help: "Only nodes, groups and secrets of this group and below.", completion: .groups)
    var group: String?
    @Flag(help: "Print YAML.") var yaml = false
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write into this file, or the files of this directory (‘json’ and ‘yaml’ print in that form instead).",
            valueName: "path"))
    var output: String?
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            // Without a group: all that this person sees.
            let query = (group.map { "group=\(APIClient.escaped($0))" } ?? "") + time.furtherQuery
            let answer = try await server.client.send(.GET, "export?\(query)", body: nil)
            if let output, Self.isPath(output) { return try await write(DeclaredRecords(answer), to: output) }
            guard !yaml, output != OutputFormat.yaml.rawValue else {
                return print(YAMLEditor.written(try DeclaredRecords(answer).all), terminator: "")
            }
            let object = try JSONSerialization.jsonObject(with: answer)
            print(
                json: try JSONSerialization.data(
                    withJSONObject: object, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]))
        }
    }

    /// Elsewhere -o is a format: a bare json or yaml is one here, too. Text that is like nothing else is a path.
    static func isPath(_ output: String) -> Bool { !["json", "yaml"].contains(output) }

    private func write(_ shown: DeclaredRecords, to path: String) async throws {
        var records = shown
        if group != nil {
            // Records elsewhere stay in the files.
            records = try DeclaredRecords(
                try await server.client.send(.GET, "export?" + time.furtherQuery, body: nil))
        }
        let export = DeclaredExport(records: records, wanted: shown.all)
        let changes = try export.changes(at: path)
        if DeclaredExport.isDirectory(path), !FileManager.default.fileExists(atPath: path) {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for change in changes {
            try Data(change.after.utf8).write(to: URL(fileURLWithPath: change.path), options: .atomic)
            printError("\(change.path): \(change.before.isEmpty ? "written" : "brought up to date")")
        }
        if changes.isEmpty { printError("\(path) is up to date") }
    }
}
