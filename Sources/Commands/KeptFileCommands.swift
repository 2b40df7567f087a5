import API
import ArgumentParser
import Fleet
import Foundation

/// `roost kept-file …`
struct KeptFileCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kept-file",
        abstract: "Show the files of LTSP that settings are still read from (kept-files in roost.yaml).",
        subcommands: [KeptFileList.self])
}

struct KeptFileList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List kept files with their errors and warnings.",
        discussion: """
            A file with an error is refused as a whole, and what was read before stays in force. ‘roost import lts-conf FILE --dry-run’ says \
            what becomes of each line, ‘roost node show NODE’ from which line each value of a node is.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("kept-files", [KeptFileAnswer].self)) { files in
                var table = TextTable(["PATH", "FOR", "KIND", "SECTIONS", "STATE"])
                var lines = ""
                for file in files {
                    table.add([
                        file.path, file.scope, file.kind ?? "-", String(file.sectionCount),
                        file.isRefused ? "refused" : "in effect",
                    ])
                    for problem in file.problems {
                        lines += "\(problem.isError ? "error" : "warning"): \(problem)\n"
                    }
                }
                return table.text + lines
            }
        }
    }
}
