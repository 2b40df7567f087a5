import API
import ArgumentParser
import Foundation
import NIOHTTP1

/// `roost export`: the configuration as text.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print groups, match rules, nodes, networks and reservations as JSON.",
        discussion: """
            roost export >fleet.json               all of it, in a stable order: two exports differ where the configuration does
            roost export --group /school           the nodes and groups there and below
            Secrets are shown as ‘(set)’.
            """)
    @OptionGroup var server: ServerOptions
    @Option(help: "Only nodes and groups of this group and below.", completion: .groups) var group: String?
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            // Without a group: all that this person sees.
            let query = (group.map { "group=\(APIClient.escaped($0))" } ?? "") + time.furtherQuery
            let answer = try await server.client.send(.GET, "export?\(query)", body: nil)
            let object = try JSONSerialization.jsonObject(with: answer)
            print(
                json: try JSONSerialization.data(
                    withJSONObject: object, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]))
        }
    }
}
