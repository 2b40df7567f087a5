import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost image where`
struct ImageWhere: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "where", abstract: "Show which servers have which versions of an image.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The image's name.", completion: .images) var image: String

    func run() async throws {
        try await reportingFailure {
            let places = try await server.client.get(
                "images/\(APIClient.escaped(image))/places", [PlaceAnswer].self)
            try output.write(places) { places in
                guard !places.isEmpty else { return "no server that is known here has \(image)\n" }
                var table = TextTable(["SERVER", "VERSION THERE", "DIGEST", "COMPLETE", "SEEN"])
                for place in places {
                    table.add([
                        place.isHere ? "\(place.server) (this one)" : place.server,
                        place.number.map { "\(place.image)@\($0)" } ?? "", place.digest.short,
                        String(format: "%.0f %%", (place.share * 100).rounded(.down)),
                        Shown.time(second: place.seenAt),
                    ])
                }
                return table.text
            }
        }
    }
}

/// `roost image pull`
struct ImagePull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract:
            "Copy what is new on the servers that this one copies from (image-sources in roost.yaml), now.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Only show how it goes; the server looks by itself every minute.") var status = false

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if !status {
                let data = try await client.send(.POST, "replication", body: nil)
                let round = try JSONDecoder().decode(RoundAnswer.self, from: data).round
                var shown = ""
                while true {
                    try await Task.sleep(for: .milliseconds(500))
                    let sources = try await client.get("replication", [SourceAnswer].self)
                    let lines = sources.compactMap { source in
                        source.current.map { Self.line($0, source.url) }
                    }.joined(separator: "\n")
                    if lines != shown, !lines.isEmpty {
                        printError(lines)
                    }
                    shown = lines
                    let isOver = sources.allSatisfy { $0.round >= round }
                    if isOver { break }
                }
            }
            let sources = try await client.get("replication", [SourceAnswer].self)
            try output.write(sources) { sources in
                var table = TextTable(["SOURCE", "CHECKED", "NOW"])
                for source in sources {
                    table.add([
                        source.url, source.checkedAt.map { Shown.time(second: $0) } ?? "never",
                        source.problem ?? source.current.map { Self.line($0, "") } ?? "nothing to copy",
                    ])
                }
                return table.text
            }
            if let problem = sources.compactMap(\.problem).first, !status {
                throw Failure(text: problem, code: 1)
            }
        }
    }

    private static func line(_ current: SourceAnswer.Current, _ url: String) -> String {
        let share = current.byteCount == 0 ? 100 : current.receivedByteCount * 100 / current.byteCount
        return
            "\(current.image) \(current.digest.short): \(Shown.size(current.receivedByteCount)) of \(Shown.size(current.byteCount)), \(share) %\(url.isEmpty ? "" : " from \(url)")"
    }
}
