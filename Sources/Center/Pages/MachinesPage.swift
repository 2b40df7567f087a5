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
        let policy = pages.fleet.snapshot.enrolment(at: await pages.services.policy().server)
        let view = MachinesView(
            machines, try Pager(request, path: "/machines"), policy: policy,
            groups: caller.grants.allowSomewhere(.enrol) ? pages.groups(caller) : nil, failure: failure, words
        )
        return try pages.show(
            view, "Unknown machines", section: "/machines", request, context,
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
