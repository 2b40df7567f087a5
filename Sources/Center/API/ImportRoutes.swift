import API
import Fleet
import Foundation
import Hummingbird

/// Nodes from lists: one reading and one preview for the API, the command line and the pages.
struct ImportRoutes {
    /// Refused rows that an error names.
    private static let refusalLimit = 20

    let services: CenterServices

    func add(to api: Routes) {
        api.post("nodes/import", .enrol) { request, _, caller in
            let body = try await request.body.collect(upTo: 8 << 20)
            let makesGroups = try request.wants("groups")
            let bytes = Array(body.readableBytesView)
            guard try request.wants("plan") else {
                return try JSONAnswer(try await save(bytes, makesGroups: makesGroups, caller))
            }
            return try JSONAnswer(preview(bytes, makesGroups: makesGroups, caller).answer)
        }
    }

    /// What the list would do now; saves nothing.
    ///
    /// - Returns: with the revision of the configuration that it was compared with.
    func preview(_ bytes: [UInt8], makesGroups: Bool, _ caller: Caller) throws -> (
        answer: ImportAnswer, edits: [FleetEdit], revision: Int
    ) {
        let snapshot = services.fleet.snapshot
        let table = try DelimitedText(bytes)
        let list = try NodeImport(
            table, in: snapshot, within: services.fleet.addressPlan, makesGroups: makesGroups)
        var answer = ImportAnswer(
            rows: list.rows, groups: list.groups, unusedColumns: list.unusedColumns, encoding: table.encoding)
        if !list.edits.isEmpty {
            answer.plan = try FleetRoutes(services: services).plan(of: list.edits, in: snapshot, for: caller)
        }
        return (answer, list.edits, snapshot.revision)
    }

    /// All rows or none.
    private func save(_ bytes: [UInt8], makesGroups: Bool, _ caller: Caller) async throws -> ImportAnswer {
        let table = try DelimitedText(bytes)
        let plan = services.fleet.addressPlan
        var answer = try preview(bytes, makesGroups: makesGroups, caller).answer
        let what = answer.summary
        let snapshot = try await services.fleet.change(by: caller.name, what: "list of nodes: \(what)") {
            let list = try NodeImport(table, in: $0, within: plan, makesGroups: makesGroups)
            try Self.requireWhole(list)
            try caller.requireLeave(for: list.edits, in: $0)
            return list.edits
        }
        answer.revision = snapshot.revision
        return answer
    }

    private static func requireWhole(_ list: NodeImport) throws {
        let refused = list.refused
        guard !refused.isEmpty else { return }
        let lines = refused.prefix(refusalLimit).map { "line \($0.line) (\($0.node)): \($0.reason ?? "")" }
        let more = refused.count > lines.count ? ["and \(refused.count - lines.count) more"] : []
        throw Problem(
            422, "Unreadable CSV",
            "refused: \(refused.count) of \(counted(list.rows.count, "row")); nothing is saved:\n"
                + (lines + more).joined(separator: "\n"))
    }
}

extension ChangeRequest.Edit {
    /// Nil for what an import never makes.
    init?(_ edit: FleetEdit) {
        if let node = edit.of(Node.self)?.after {
            self.init(node: node)
        } else if let group = edit.of(NodeGroup.self)?.after {
            self.init(group: group)
        } else {
            return nil
        }
    }
}
