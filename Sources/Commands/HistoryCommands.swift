import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost history`: who changed what.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the changes of the configuration, or one of them with before and after.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A revision's number; without it, the last changes.") var revision: Int?
    @Option(help: "At most this many.") var limit = 50
    @Option(help: "Only changes of this node.", completion: .nodes) var node: String?
    @Option(help: "Only changes of this group.", completion: .groups) var group: String?
    @Option(help: "Only changes that this administrator made.") var who: String?

    func run() async throws {
        try await reportingFailure {
            if let revision {
                return try output.write(
                    try await server.client.get("revisions/\(revision)", Revision.self), table: Self.text)
            }
            var query = "limit=\(limit)"
            if let node { query += "&kind=node&key=\(APIClient.escaped(node))" }
            if let group { query += "&kind=group&key=\(APIClient.escaped(group))" }
            if let who { query += "&who=\(APIClient.escaped(who))" }
            try output.write(try await server.client.get("revisions?\(query)", [Revision].self)) {
                revisions in
                var table = TextTable(["REVISION", "AT", "WHO", "WHAT"])
                for revision in revisions {
                    table.add([
                        String(revision.number), Shown.time(second: revision.at), revision.who, revision.what,
                    ])
                }
                return table.text
            }
        }
    }

    private static func act(_ edit: Revision.Edit) -> String {
        edit.before == nil ? "added" : edit.after == nil ? "removed" : "changed"
    }

    private static func text(_ revision: Revision) -> String {
        var text = """
            revision  \(revision.number)
            at        \(Shown.time(second: revision.at))
            who       \(revision.who)
            what      \(revision.what)

            """
        for edit in revision.edits {
            text += "\n\(edit.kind) \(edit.key) \(Self.act(edit))\n"
            for line in RecordDifference.lines(from: edit.before, to: edit.after) { text += "  \(line)\n" }
        }
        return text
    }
}

/// `roost undo`: reverts a change.
struct Undo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Undo a change of the configuration; the undo can be undone, too.",
        discussion: """
            Without a number, the last change that you may see. It first says what it takes back, and is refused when part of \
            that was changed again since.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "The revision's number; without it, the last one.") var revision: Int?

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let undone: Revision?
            if let revision {
                undone = try await client.get("revisions/\(revision)", Revision.self)
            } else {
                undone = try await client.get("revisions?limit=1", [Revision].self).first
            }
            guard let undone else {
                throw Failure(text: "there is no change that you may see", code: 3)
            }
            let number = undone.number
            printError(
                "taking back revision \(number) of \(Shown.time(second: undone.at)), by \(undone.who): \(undone.what)"
            )
            let data = try await client.send(.POST, "revisions/\(number)/undo", body: nil)
            try output.write(JSONDecoder().decode(RevisionAnswer.self, from: data)) {
                "revision \(number) is undone by revision \($0.revision)\n"
            }
        }
    }
}
