package import API
import ArgumentParser
import Foundation
import NIOHTTP1

struct ImageBuildList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "builds", abstract: "List the builds that the server was asked for, or cancel one.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Cancel this build.") var cancel: Int?

    func run() async throws {
        try await reportingFailure {
            if let cancel {
                try await server.client.send(.DELETE, "builds/\(cancel)", body: nil)
                return
            }
            try output.write(try await server.client.get("builds", [BuildAnswer].self)) { builds in
                var table = TextTable(["BUILD", "IMAGE", "STATE", "STARTED", "BY", "RESULT"])
                for build in builds {
                    table.add([
                        String(build.id), build.image, build.state.rawValue,
                        Shown.time(second: build.startedAt), build.by,
                        build.version.map { "\(build.image)@\($0)" } ?? build.failure ?? "",
                    ])
                }
                return table.text
            }
        }
    }
}

extension APIClient {
    /// Shows the log of a build on the server's host until it is over.
    package func follow(_ build: BuildAnswer) async throws -> BuildAnswer {
        var shown = 0
        while true {
            let now = try await get("builds/\(build.id)?after=\(shown)", BuildAnswer.self)
            for line in now.lines ?? [] { printError(line) }
            shown = now.lineCount
            if now.endedAt != nil { return now }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
