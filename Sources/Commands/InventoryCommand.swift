import ArgumentParser
import Foundation
import NIOHTTP1

/// `roost inventory`: the nodes' hardware, for other programs.
struct Inventory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the hardware of nodes as JSON, CSV or GLPI inventories.",
        discussion: "roost inventory --format csv 'memory<4GiB' >small.csv")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Only nodes that match this condition.", completion: .nodes) var query: [String] = []
    @Option(help: "json, csv or glpi.") var format = "json"
    @Flag(help: "The same as --format json.") var json = false
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let words =
                "format=\(APIClient.escaped(format))&q=\(APIClient.escaped(query.joined(separator: " ")))"
                + time.furtherQuery
            let inventory = try await server.client.send(.GET, "inventory?\(words)", body: nil)
            guard format == "csv" else { return print(json: inventory) }
            print(csv: inventory)
        }
    }
}
