import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost inventory`: the nodes' hardware, for other programs.
struct Inventory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Print the hardware of nodes as JSON, CSV or GLPI inventories, or the nodes for Ansible.",
        discussion: """
            roost inventory --format csv 'memory<4GiB' >small.csv
            roost inventory --format ansible 'tag=lab'           # as a dynamic inventory: groups, tags, addresses
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "Only nodes that match this condition.", completion: .nodes) var query: [String] = []
    @Option(help: "json, csv, glpi or ansible.") var format = "json"
    @Flag(help: "The same as --format json.") var json = false
    @OptionGroup var time: TimeOptions

    private static let formats = ["json", "csv", "glpi", "ansible"]

    func validate() throws {
        guard Self.formats.contains(format) else {
            throw ValidationError(
                "--format: ‘\(format)’ is not one of \(Self.formats.joined(separator: ", "))")
        }
    }

    func run() async throws {
        try await reportingFailure {
            if format == "ansible" { return try await printForAnsible() }
            let words =
                "format=\(APIClient.escaped(format))&q=\(APIClient.escaped(query.joined(separator: " ")))"
                + time.furtherQuery
            let inventory = try await server.client.send(.GET, "inventory?\(words)", body: nil)
            guard format == "csv" else { return print(json: inventory) }
            print(csv: inventory)
        }
    }

    private func printForAnsible() async throws {
        let client = server.client
        let query = query.joined(separator: " ")
        var export = try await client.get("export" + time.query, ConfigurationExport.self)
        let shown = try await client.nodes(query, at: time.at)
        let names = Swift.Set(shown.map(\.name))
        export[Node.self].removeAll { !names.contains($0.name) }
        let addresses = shown.compactMap { machine in
            machine.address.map { (machine.name, $0.description) }
        }
        let inventory = AnsibleInventory(
            export, addresses: Dictionary(addresses) { first, _ in first })
        print(json: try inventory.json())
    }
}
