import API
import ArgumentParser
import Foundation

struct NodeLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show the end of what a node logged, and its crashes.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @Option(help: "At most this many lines.") var lines = 200
    @Flag(name: [.customShort("f"), .long], help: "Follow new lines, until Ctrl-C.") var follow = false

    /// Of one look for new lines: as many as the server gives.
    private static let lineLimit = 2_000

    func validate() throws {
        guard follow, output.json || output.output != .table else { return }
        throw ValidationError("--follow prints lines: leave out the other format")
    }

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let log = try await client.log(of: node, lines)
            try output.write(log) { log in
                log.crashes.reversed().map { "--- crash at \(Shown.time(second: $0.at))\n\($0.text)" }
                    .joined()
                    + log.lines.map { "\($0)\n" }.joined()
            }
            if log.lines.isEmpty, log.crashes.isEmpty, output.isForPeople {
                printError(
                    "nothing was logged: only crashes come by themselves; ‘roost set --node \(node) netconsole=yes’ sends the kernel's messages from the next boot on"
                )
            }
            var shown = log.lines
            while follow {
                flushPrinted()
                try await Task.sleep(for: .seconds(1))
                let now = try await client.log(of: node, Self.lineLimit).lines
                for line in Self.news(now, after: shown) { print(line) }
                shown = now
            }
        }
    }

    /// The lines of a log that were not there at the look before.
    static func news(_ lines: [String], after shown: [String]) -> ArraySlice<String> {
        // The end of what was shown is looked for from the end: equal lines may follow each other.
        guard let last = shown.last else { return lines[...] }
        for end in lines.indices.reversed() where lines[end] == last {
            let count = min(end + 1, shown.count)
            if lines[(end + 1 - count)...end].elementsEqual(shown.suffix(count)) {
                return lines[(end + 1)...]
            }
        }
        return lines[...]
    }
}

extension APIClient {
    fileprivate func log(of node: String, _ lines: Int) async throws -> LogAnswer {
        try await get("nodes/\(Self.escaped(node))/log?lines=\(lines)", LogAnswer.self)
    }
}
