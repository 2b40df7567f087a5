import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost node import`: many nodes from a list.
struct NodeImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add or change many nodes from a list (CSV).",
        discussion: """
            The first row names the columns: name, mac, uuid, group, address, tags, and settings by their names; without it \
            they are name, mac, group, address, tags. Only these columns change; an empty cell changes nothing, ‘-’ removes \
            a value. Commas, semicolons or tabs separate cells; any encoding that a spreadsheet saves will do.
            Either all rows are imported or none: --plan shows the result for each. ‘-’ reads standard input.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "The file.", completion: .file()) var file: String
    @Flag(name: [.long, .customLong("dry-run")], help: "Show the result for each row, and save nothing.")
    var plan = false
    @Flag(help: "Create missing groups.") var makeGroups = false

    /// As much as the server takes.
    private static let byteLimit = 8 << 20

    func run() async throws {
        try await reportingFailure {
            let list = try InputFile.bytes(file, limit: Self.byteLimit)
            let query = "plan=\(plan ? "yes" : "no")&groups=\(makeGroups ? "yes" : "no")"
            let data: Data
            do {
                data = try await server.client.send(
                    .POST, "nodes/import?\(query)", body: list, contentType: "text/csv")
            } catch var failure as Failure {
                // What is wrong with the list as a whole is said of the file.
                if failure.code == 1 { failure.text = "\(file): \(failure.text)" }
                throw failure
            }
            let answer = try JSONDecoder().decode(ImportAnswer.self, from: data)
            try output.write(answer, table: plan ? Self.preview : Self.result)
            if plan, answer.rows.contains(where: { $0.fate == .refused }) { throw ExitCode(1) }
        }
    }

    private static func result(_ answer: ImportAnswer) -> String {
        let unchanged = answer.plan == nil ? "nothing is changed" : "revision \(answer.revision ?? 0)"
        return notes(answer) + "\(answer.summary), \(unchanged)\n"
    }

    private static func preview(_ answer: ImportAnswer) -> String {
        var table = TextTable(["LINE", "NODE", "RESULT", "WHY OR WHAT"])
        for row in answer.rows {
            table.add([
                String(row.line), row.node, row.fate.rawValue,
                row.reason?.english ?? row.changes.joined(separator: "; "),
            ])
        }
        return table.text + notes(answer) + "\(answer.summary)\n" + (answer.plan.map(PlanTable.text) ?? "")
    }

    private static func notes(_ answer: ImportAnswer) -> String {
        let columns = answer.unusedColumns.joined(separator: ", ")
        return (answer.unusedColumns.isEmpty ? "" : "unknown columns: \(columns)\n")
            + answer.groups.map { "group \($0) is created\n" }.joined()
    }
}
