import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost import lbsconfig`.
struct LBSConfigImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lbsconfig", abstract: "Take over the lbsconfig.xml of LTSP-Cluster’s load balancer.",
        discussion: """
            roost import lbsconfig lbsconfig.xml --dry-run     what becomes of each element, and what would change
            Its nodes become terminal servers, its groups pools, its rules the rule of each pool. The usual group becomes the \
            pool of all nodes that have no other. The file does not say how a server is reached: --protocol does.
            A file with an error is refused as a whole.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Flag(
        name: [.long, .customLong("plan")],
        help: "Show what becomes of each element and what would change, and save nothing.")
    var dryRun = false
    @Option(
        name: .customLong("protocol"),
        help: "What the servers offer: rdp, ssh, x2go or vnc. May be repeated; ssh if nothing is given.")
    var protocols: [String] = []
    @Option(help: "The group in which servers and pools lie.", completion: .groups) var group = "/"
    @Flag(help: "Replace servers and pools that exist already.") var replace = false
    @Argument(help: "The file.", completion: .file()) var file: String

    /// What the command prints as JSON.
    struct Answer: Encodable {
        var lines: [LBSImport.Row]
        var problems: [LTSPProblem]
        /// The number of elements of each fate.
        var counts: [String: Int]
        /// Nil where nothing would change, or no server was asked.
        var plan: ChangePlan?
        /// Nil while nothing is saved.
        var revision: Int?
    }

    func run() async throws {
        try await reportingFailure {
            let group = try GroupPath(group)
            let result = LBSImport(
                Array(try InputFile.bytes(file)), file: name, ports: try ports(), group: group)
            var answer = Answer(
                lines: result.rows, problems: result.problems,
                counts: Dictionary(
                    uniqueKeysWithValues: LBSImport.Fate.allCases.map { ($0.rawValue, result.count($0)) }))
            if !result.isRefused, !result.isEmpty {
                try await change(change(result, in: group), &answer)
            }
            try output.write(answer, table: Self.text)
            LTSPImportRun.tell(result.problems, output)
            if result.isRefused { throw ExitCode(1) }
        }
    }

    private var name: String {
        file == "-" ? "standard input" : URL(fileURLWithPath: file).lastPathComponent
    }

    private func ports() throws -> [SessionProtocol: Int] {
        let kinds = try protocols.map { text in
            guard let kind = SessionProtocol(rawValue: text) else {
                throw Failure(text: "‘\(text)’ is not a protocol: rdp, ssh, x2go or vnc", code: 64)
            }
            return kind
        }
        return Dictionary((kinds.isEmpty ? [.ssh] : kinds).map { ($0, $0.usualPort) }) { first, _ in first }
    }

    private func change(_ result: LBSImport, in group: GroupPath) -> ChangeRequest {
        let isNew: Bool? = replace ? nil : true
        var edits = result.servers.map { ChangeRequest.Edit(.terminal($0.name, $0), isNew: isNew) }
        edits += result.pools.map { ChangeRequest.Edit(.pool($0.name, $0), isNew: isNew) }
        if let pool = result.usualPool {
            var settings = SettingsChange(target: group.description)
            settings.set[Settings.pool.name] = .text(pool.text)
            edits.append(ChangeRequest.Edit(settings: settings))
        }
        return ChangeRequest(edits: edits, summary: "import of lbsconfig.xml")
    }

    private func change(_ change: ChangeRequest, _ answer: inout Answer) async throws {
        let client = server.client
        do {
            let plan = try await client.send(.POST, "plan", json: change)
            answer.plan = try JSONDecoder().decode(ChangePlan.self, from: plan)
        } catch let failure as Failure where failure.code == 5 && dryRun {
            printError("roost: \(failure.text); the report does not say what would change")
        }
        guard !dryRun else { return }
        let saved = try await client.send(.POST, "changes", json: change)
        answer.revision = try JSONDecoder().decode(RevisionAnswer.self, from: saved).revision
    }

    private static func text(_ answer: Answer) -> String {
        var table = TextTable(["LINE", "ELEMENT", "RESULT", "WHAT OR WHY"])
        for row in answer.lines {
            table.add(["\(row.file):\(row.line)", row.element, row.fate.rawValue, row.text])
        }
        let counts = LBSImport.Fate.allCases.compactMap { fate in
            answer.counts[fate.rawValue].flatMap { $0 > 0 ? "\($0) \(fate.rawValue)" : nil }
        }
        var text = table.text + ([counted(answer.lines.count, "element")] + counts).joined(separator: ", ")
        let isRefused = answer.problems.contains(where: \.isError)
        text +=
            answer.revision.map { "; revision \($0)\n" }
            ?? (isRefused ? "; the file is refused, and nothing is saved\n" : "; nothing is saved\n")
        return text + (answer.plan.map(PlanTable.text) ?? "")
    }
}
