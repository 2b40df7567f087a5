import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

struct NodeApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Have a running node carry out the steps of its configuration that have changed.",
        discussion: """
            Shows first what differs, and what of it waits for the next start.
            roost node apply pc-1 --dry-run                   shows it only
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Show what differs, and change nothing.") var dryRun = false
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                guard !dryRun else {
                    throw ValidationError("--dry-run shows what differs now, and waits for no time")
                }
                return try await later.schedule(.apply(nodes: node), on: client)
            }
            let path = "nodes/\(APIClient.escaped(node))/apply"
            let changes = try await client.get(path, StepChangesAnswer.self)
            try output.write(changes) { Self.text($0) }
            guard !dryRun, changes.readyCount > 0 else { return }
            try await client.send(
                .POST, path, body: try JSONEncoder().encode(ApplyRequest(tag: changes.tag)))
            if !output.json {
                print(
                    "\(node) carries out \(counted(changes.readyCount, "step")) within seconds; "
                        + "roost node steps \(node) shows how they end")
            }
        }
    }

    private static func text(_ changes: StepChangesAnswer) -> String {
        if changes.steps.isEmpty { return "the node has carried out its configuration as it is now\n" }
        var table = TextTable(["STEP", "PHASE", "SETTING", "CHANGE", "TAKES EFFECT"])
        for step in changes.steps {
            let setting = step.setting.map { name in name + (step.origin.map { " (\($0))" } ?? "") }
            let effect =
                switch step.waits {
                case nil: "at once"
                case .start: "at the next start"
                case .inUse: "at the next start: what it changes may be in use"
                }
            table.add([step.name, step.phase.rawValue, setting ?? "-", step.change.rawValue, effect])
        }
        return table.text
    }
}
