import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// Which files, and for whom.
struct DeclaredOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A file of the configuration, or a directory with such files (- is standard input); may be given several times.",
            valueName: "path"), completion: .file())
    var file: [String] = []
    @Option(
        help: ArgumentHelp(
            "The name by which the server remembers what these files have applied; default: ‘source’ in the files, or ‘files’.",
            valueName: "name"))
    var source: String?

    /// Of files without a name of their own.
    private static let usualSource = "files"

    func read(prune: Bool = false, overwrite: Bool = false) throws -> (DeclaredFiles, DeclarationRequest) {
        guard !file.isEmpty else { throw Failure(text: "no files: name them with -f", code: 64) }
        let files = try DeclaredFiles(reading: file)
        let named = try source.map { try SourceName($0) } ?? files.source
        guard named != nil || !prune else {
            throw Failure(
                text:
                    "--prune removes what a source applied: name it with --source, or as ‘source:’ in the files",
                code: 64)
        }
        let name = try named ?? SourceName(Self.usualSource)
        // All mistakes at once, before a server is asked.
        _ = try Declaration(source: name, items: files.items, prunes: prune)
        return (
            files, DeclarationRequest(source: name, items: files.items, prune: prune, overwrite: overwrite)
        )
    }
}

/// `roost apply`: makes the configuration as files want it.
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Apply files of the configuration, as one change or not at all.",
        discussion: """
            roost export --output fleet            the configuration as files
            roost apply -f fleet                   from now on the server knows what they applied
            roost plan -f fleet                    what would change; the exit status says whether something would
            roost apply -f fleet --prune           also removes what they applied before and no longer name
            What files do not name stays as it is. What others have changed since is shown, and nothing is applied: take it into the \
            files (roost export --output), or overwrite it.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @OptionGroup var files: DeclaredOptions
    @Flag(help: "Remove records that these files applied before and no longer name.") var prune = false
    @Flag(help: "Overwrite values that others have changed.") var overwrite = false
    @Option(
        help: ArgumentHelp(
            "Only if the configuration still has this revision, such as the one that ‘roost plan’ showed.",
            valueName: "number"))
    var ifRevision: Int?

    func run() async throws {
        try await reportingFailure {
            let (_, request) = try files.read(prune: prune, overwrite: overwrite)
            let data = try await server.client.send(
                .POST, "apply", json: request, ifMatch: ifRevision.map { "\"\($0)\"" })
            try output.write(try JSONDecoder().decode(DeclarationAnswer.self, from: data)) {
                DeclarationTable.text($0) + "\($0.summary); revision \($0.revision)\n"
            }
        }
    }
}

/// `roost plan -f`: what `roost apply` with the same files would do.
struct DeclarationPlan {
    /// Something would change, and nothing stands against it.
    private static let changesCode: Int32 = 2
    /// Others have changed what would be overwritten.
    private static let conflictCode: Int32 = 4

    let files: DeclaredOptions
    let prune: Bool
    let overwrite: Bool

    func run(_ server: ServerOptions, _ output: OutputOptions) async throws {
        let (_, request) = try files.read(prune: prune, overwrite: overwrite)
        let data = try await server.client.send(.POST, "apply?plan=yes", json: request)
        let answer = try JSONDecoder().decode(DeclarationAnswer.self, from: data)
        try output.write(answer) {
            DeclarationTable.text($0) + ($0.plan.map(PlanTable.text) ?? "")
                + "\($0.changeCount == 0 ? "nothing would change" : $0.summary); nothing is saved (revision \($0.revision))\n"
        }
        if !answer.foreign.isEmpty, !overwrite { throw ExitCode(Self.conflictCode) }
        if answer.changeCount > 0 { throw ExitCode(Self.changesCode) }
    }
}

/// `roost diff`: files and what is there, as text.
struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare files of the configuration with what is there, line by line.",
        discussion: """
            Lines with - are there, lines with + are in the files. Only records that the files name are compared: ‘roost plan -f’ says what \
            applying them would do. The exit status is 0 where nothing differs, and 2 otherwise.
            """)
    private static let differenceCode: Int32 = 2

    @OptionGroup var server: ServerOptions
    @OptionGroup var files: DeclaredOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let (read, _) = try files.read()
            let answer = try await server.client.send(.GET, "export?" + time.furtherQuery, body: nil)
            let export = DeclaredExport(records: try DeclaredRecords(answer), wanted: [])
            var isDifferent = false
            for file in read.files {
                let difference = TextDifference.unified(
                    try export.updated(file), file.text, oldName: "there", newName: file.path)
                if !difference.isEmpty { isDifferent = true }
                print(difference, terminator: "")
            }
            if isDifferent { throw ExitCode(Self.differenceCode) }
        }
    }
}

/// `roost schema`: the JSON Schema of files of the configuration.
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of files of the configuration, for editors.",
        discussion: """
            roost schema >roost.schema.json
            An editor with a YAML language server finds it by a first line such as
            # yaml-language-server: $schema=roost.schema.json
            """)

    func run() throws { print(json: try OutputOptions.data(DeclaredSchema.schema)) }
}

/// `roost source …`
struct SourceCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source", abstract: "Show or forget what files have applied.",
        subcommands: [SourceList.self, SourceForget.self])
}

struct SourceList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract:
            "List who has applied files: people, and directories that the server watches (fleet-files in roost.yaml).",
        discussion: "Files that are refused change nothing, and what was applied before stays in force.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("sources", [AppliedSourceAnswer].self)) { sources in
                var table = TextTable(["SOURCE", "RECORDS", "PATH", "STATE"])
                var lines = ""
                for source in sources {
                    let state = source.path == nil ? "-" : source.problems.isEmpty ? "in effect" : "refused"
                    table.add([source.name.text, String(source.recordCount), source.path ?? "-", state])
                    lines += source.problems.map { "error: \($0)\n" }.joined()
                }
                return table.text + lines
            }
        }
    }
}

struct SourceForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Forget what a source has applied. The records stay as they are.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The source's name.") var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "sources/\(APIClient.escaped(name))", body: nil)
        }
    }
}

/// What files would change, for people.
enum DeclarationTable {
    /// Records of each kind of change that are shown.
    private static let shownLimit = 200

    static func text(_ answer: DeclarationAnswer) -> String {
        var lines: [String] = []
        for change in answer.changes where change.act != .adopt {
            lines.append("\(change.act.rawValue) \(change.kind) \(change.key)")
            guard change.act == .change else { continue }
            lines += change.fields.map { field in
                "  \(field.name): \(field.before?.description ?? "-") → \(field.after?.description ?? "-")"
            }
        }
        if lines.count > shownLimit {
            lines = lines.prefix(shownLimit) + ["and \(counted(lines.count - shownLimit, "more line"))"]
        }
        lines += answer.foreign.map { "changed by others: \($0)" }
        lines += answer.left.map { "no longer named, and stays: \($0) (--prune removes it)" }
        lines += answer.notes
        return lines.map { "\($0)\n" }.joined()
    }
}
