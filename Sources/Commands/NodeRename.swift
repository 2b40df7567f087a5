import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

struct NodeRenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a node another name.",
        discussion: """
            Its cards, group, settings, address, volume, TPM, secrets, SSH host key, roll-outs and terminal server stay, and its history, \
            logs and boots. Its host name changes at its next start. Rules for it alone (name = NODE) follow; other rules, and files that \
            name it, stay as they are; rules and schedules that then fit another machine, or none, are named.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @Argument(help: "The new name.") var newName: String
    @Flag(name: [.long, .customLong("dry-run")], help: "Show what would change, and save nothing.") var plan =
        false

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let name = try NodeName(newName)
            let (answer, tag) = try await client.getTagged(
                "nodes/\(APIClient.escaped(node))", NodeAnswer.self)
            guard answer.isKnown else {
                throw Failure(
                    text: "\(node) is an unknown machine (roost node approve makes it a node)", code: 3)
            }
            guard !plan else {
                var node = answer.node
                node.name = name
                let edits = [
                    ChangeRequest.Edit(.node(answer.node.name, nil)),
                    ChangeRequest.Edit(.node(name, node), isNew: true),
                ]
                let data = try await client.send(.POST, "plan", json: ChangeRequest(edits: edits))
                print(PlanTable.text(try JSONDecoder().decode(ChangePlan.self, from: data)), terminator: "")
                return
            }
            let data = try await client.send(
                .POST, "nodes/\(answer.node.name)/rename", json: RenameRequest(name: name), ifMatch: tag)
            let renamed = try JSONDecoder().decode(RenamedNode.self, from: data)
            for warning in renamed.warnings ?? [] { printError("warning: \(warning)") }
        }
    }
}
