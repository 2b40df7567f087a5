import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// Imports a file as one change, or shows what it would be.
struct LTSPImportRun {
    let file: LTSPFile
    let dryRun: Bool

    /// What a command prints as JSON.
    struct Answer: Encodable {
        var lines: [LTSPImport.Row]
        var problems: [LTSPProblem]
        var notes: [String]
        /// The number of lines of each fate.
        var counts: [String: Int]
        /// Nil where nothing would change, or no server was asked.
        var plan: ChangePlan?
        /// Nil while nothing is saved.
        var revision: Int?
    }

    func run(_ server: ServerOptions, _ output: AnswerOptions) async throws {
        let client = server.client
        var fleet = LTSPImport.Fleet()
        // What is planned and saved is for the configuration that was looked at.
        var revision: Int?
        do {
            (fleet, revision) = try await self.fleet(of: client)
        } catch let failure as Failure where failure.code == 5 && dryRun {
            printError("roost: \(failure.text); the report knows no nodes, images and groups")
        }
        let result = LTSPImport(file, into: fleet)
        var answer = Answer(
            lines: result.rows, problems: result.problems, notes: result.notes,
            counts: Dictionary(
                uniqueKeysWithValues: LTSPTranslation.Fate.allCases.map { ($0.rawValue, result.count($0)) }))
        if !result.isRefused, !result.isEmpty, let revision {
            let change = Self.change(result, in: fleet, file)
            let plan = try await client.send(.POST, "plan", json: change)
            answer.plan = try JSONDecoder().decode(ChangePlan.self, from: plan)
            if !dryRun {
                let saved = try await client.send(
                    .POST, "changes", json: change, ifMatch: "\"\(revision)\"")
                answer.revision = try JSONDecoder().decode(RevisionAnswer.self, from: saved).revision
            }
        }
        try output.write(answer, table: Self.text)
        Self.tell(result.problems, output)
        if result.isRefused { throw ExitCode(1) }
    }

    /// Errors and warnings, for people; JSON has them already.
    static func tell(_ problems: [LTSPProblem], _ output: AnswerOptions) {
        guard output.isForPeople else { return }
        for problem in problems {
            printError(problem.isError ? "roost: \(problem)" : "warning: \(problem)")
        }
    }

    // MARK: The change

    /// What the server has, at one revision.
    private func fleet(of client: APIClient) async throws -> (LTSPImport.Fleet, revision: Int) {
        let export = try await client.get("export", ConfigurationExport.self)
        let images = try? await client.get("images", [VersionAnswer].self)
        let fleet = LTSPImport.Fleet(
            nodes: export[Node.self].sorted { $0.name < $1.name },
            groups: Swift.Set(export[NodeGroup.self].map(\.path)),
            images: images.map { Swift.Set($0.map(\.image.description)) } ?? [])
        return (fleet, export.revision)
    }

    /// Records that are there keep what the file does not set.
    private static func change(_ result: LTSPImport, in fleet: LTSPImport.Fleet, _ file: LTSPFile)
        -> ChangeRequest
    {
        var edits: [ChangeRequest.Edit] = []
        func set(_ settings: [String: SettingValue], of target: String) {
            guard !settings.isEmpty else { return }
            var change = SettingsChange(target: target)
            for (name, value) in settings {
                if case .map = value { change.add[name] = value } else { change.set[name] = value }
            }
            edits.append(ChangeRequest.Edit(settings: change))
        }
        set(result.site, of: "/")
        for group in result.groups {
            if fleet.groups.contains(group.path) {
                set(group.settings, of: group.path.description)
            } else {
                edits.append(ChangeRequest.Edit(.group(group.path, group), isNew: true))
            }
        }
        edits += result.rules.map { ChangeRequest.Edit(.rule($0.name, $0)) }
        edits += result.newNodes.map { ChangeRequest.Edit(.node($0.name, $0), isNew: true) }
        for (name, settings) in result.nodes.sorted(by: { $0.key < $1.key }) { set(settings, of: name.text) }
        return ChangeRequest(edits: edits, summary: "import of \(file.dialect.rawValue)")
    }

    // MARK: For people

    private static func text(_ answer: Answer) -> String {
        var table = TextTable(["LINE", "SECTION", "VARIABLE", "RESULT", "WHAT OR WHY"])
        for row in answer.lines {
            table.add(["\(row.file):\(row.line)", row.section, row.variable, row.fate.rawValue, row.text])
        }
        let counts = LTSPTranslation.Fate.allCases.compactMap { fate in
            answer.counts[fate.rawValue].flatMap { $0 > 0 ? "\($0) \(fate.rawValue)" : nil }
        }
        var text = table.text + answer.notes.map { "\($0)\n" }.joined()
        text += ([counted(answer.lines.count, "line")] + counts).joined(separator: ", ")
        let isRefused = answer.problems.contains(where: \.isError)
        text +=
            answer.revision.map { "; revision \($0)\n" }
            ?? (isRefused ? "; the file is refused, and nothing is saved\n" : "; nothing is saved\n")
        return text + (answer.plan.map(PlanTable.text) ?? "")
    }
}
