package import API
import Fleet
import Foundation
import NIOHTTP1

extension APIClient {
    /// Makes the edit, or shows what it would do.
    package func make(_ edit: ChangeRequest.Edit, asPlan: Bool = false) async throws {
        let request = ChangeRequest(edits: [edit])
        guard asPlan else {
            let data = try await send(.POST, "changes", json: request)
            let made = try JSONDecoder().decode(RevisionAnswer.self, from: data)
            for warning in made.warnings ?? [] { printError("warning: \(warning)") }
            return
        }
        let data = try await send(.POST, "plan", json: request)
        print(PlanTable.text(try JSONDecoder().decode(ChangePlan.self, from: data)), terminator: "")
    }

    /// Changes the record of a node, which is named by its name or a hardware address, for the state that was read: what another person has
    /// changed meanwhile is not overwritten.
    func changeNode(_ node: String, _ change: (inout Node) throws -> Void) async throws {
        let (answer, tag) = try await getTagged("nodes/\(Self.escaped(node))", NodeAnswer.self)
        var record = answer.node
        try change(&record)
        try await send(.PUT, "nodes/\(record.name)", json: record, ifMatch: tag)
    }

    /// The same for several nodes, as one change.
    func changeNodes(_ names: Swift.Set<NodeName>, _ change: (inout Node) throws -> Void) async throws {
        let export = try await get("export", ConfigurationExport.self)
        let edits = try export[Node.self].filter { names.contains($0.name) }.map { node in
            var record = node
            try change(&record)
            return ChangeRequest.Edit(.node(record.name, record))
        }
        try await send(
            .POST, "changes", json: ChangeRequest(edits: edits), ifMatch: "\"\(export.revision)\"")
    }
}
