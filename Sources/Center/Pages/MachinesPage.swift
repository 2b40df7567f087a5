import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Machines that nobody has enrolled: approved, named and placed in one act.
struct MachinesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("machines", .read) { request, context, acts in
            try await show(nil, request, context, acts)
        }
        routes.post("machines/:mac/approve", .enrol) { request, context, acts in
            try await approve(request, context, acts)
        }
    }

    private func show(
        _ failure: String?, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let words = pages.renderer.words(context)
        let machines = try await acts.unknownMachines()
        let pager = try Pager(request, path: "/machines")
        let (policy, groups) = (try await acts.enrolment(), acts.groupPaths())
        let rows = pager.rows(of: machines).map { machine -> [String: Any] in
            [
                "mac": machine.macAddress?.description ?? "", "id": machine.name.text,
                "code": machine.code ?? "", "address": machine.address?.description ?? "",
                "state": pages.shown(machine, words), "kind": pages.kind(machine.stage),
                "seen": Format.time(millisecond: machine.seenAt), "hardware": machine.hardware ?? "",
                "suggestion": machine.wantedName?.text ?? "", "wanted": machine.wantedName != nil,
                "groups": groups.map {
                    ["path": $0.description, "chosen": $0 == machine.wantedGroup] as [String: Any]
                },
            ]
        }
        var fields = pager.links(count: machines.count)
        fields.merge([
            "rows": rows, "policy": words(policy.explanation),
            "mayEnrol": acts.maySomewhere(.enrol),
        ]) { $1 }
        fields["failure"] = failure
        return try pages.show(
            "machines", "Unknown machines", section: "/machines", fields, request, context,
            status: failure == nil ? .ok : .unprocessableContent)
    }

    private func approve(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let form = try pages.form(context)
        let machine = try context.macAddress()
        do {
            let approval = ApprovalRequest(
                name: try NodeName(form["name"]),
                group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]))
            let saved = try await acts.approve(machine, approval)
            return pages.redirect(Back.done("/machines", saved.revision))
        } catch let error as InvalidName {
            return try await show(error.description, request, context, acts)
        } catch StoreError.conflict(let detail) {
            return try await show(detail, request, context, acts)
        }
    }
}
