import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Machines that nobody has enrolled: approved, named and placed in one act.
struct MachinesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("machines", .read) { request, context, caller in
            try await show(nil, request, context, caller)
        }
        routes.post("machines/:mac/approve", .enrol) { request, context, caller in
            try await approve(request, context, caller)
        }
    }

    private func show(
        _ failure: String?, _ request: Request, _ context: CenterContext, _ caller: Caller
    ) async throws -> Response {
        let words = pages.renderer.words(context)
        let machines = await FleetViews(services: pages.services, caller: caller).unknownMachines()
        let pager = try Pager(request, path: "/machines")
        let snapshot = pages.fleet.snapshot
        let policy = snapshot.enrolment(at: await pages.services.policy().server)
        let groups = pages.groups(caller)
        let rows = pager.rows(of: machines).map { machine -> [String: Any] in
            [
                "mac": machine.macAddress?.description ?? "", "id": machine.name.text,
                "code": machine.code ?? "", "address": machine.address?.description ?? "",
                "state": pages.shown(machine, words), "kind": pages.kind(machine.stage),
                "seen": Format.time(millisecond: machine.seenAt), "hardware": machine.hardware ?? "",
                "suggestion": machine.wantedName?.text ?? "", "wanted": machine.wantedName != nil,
                "groups": groups.map {
                    ["path": $0, "chosen": $0 == machine.wantedGroup?.description] as [String: Any]
                },
            ]
        }
        var fields = pager.links(count: machines.count)
        fields.merge([
            "rows": rows, "policy": words(policy.explanation),
            "mayEnrol": caller.grants.allowSomewhere(.enrol),
        ]) { $1 }
        fields["failure"] = failure
        return try pages.show(
            "machines", "Unknown machines", section: "/machines", fields, request, context,
            status: failure == nil ? .ok : .unprocessableContent)
    }

    private func approve(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws
        -> Response
    {
        let form = try pages.form(context)
        let text = try context.parameter("mac")
        guard let mac = MACAddress(text) else {
            throw Problem(422, "Invalid address", "‘\(text)’ is not a hardware address")
        }
        do {
            let approval = ApprovalRequest(
                name: try NodeName(form["name"]),
                group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]))
            let snapshot = try await NodeRoutes(services: pages.services).approve(mac, approval, caller)
            return pages.redirect(Back.done("/machines", snapshot.revision))
        } catch let error as InvalidName {
            return try await show(error.description, request, context, caller)
        } catch StoreError.conflict(let detail) {
            return try await show(detail, request, context, caller)
        }
    }
}
