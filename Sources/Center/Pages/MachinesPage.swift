import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Unknown machines: approved, named and placed in one act.
struct MachinesPage: FleetPage {
    static let views: [any TemplateView.Type] = [MachinesView.self]
    static let menu = [MenuEntry("/machines", "Unknown machines", .nodes, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("machines", .read) { request, context, acts in
            try await show(nil, request, context, acts)
        }
        routes.post("machines/approve", .enrol) { request, context, acts in
            try await approveAll(request, context, acts)
        }
        routes.post("machines/:mac/approve", .enrol) { request, context, acts in
            try await approve(request, context, acts)
        }
    }

    private func approveAll(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let form = try pages.form(context)
        let machines = form.all("machine").compactMap { MACAddress($0) }
        do {
            let approval = ApprovalsRequest(
                machines: machines, pattern: form["pattern"],
                group: try form.group)
            return pages.redirect(Back.done("/machines", try await acts.approveAll(approval).revision))
        } catch let error as InvalidName {
            return try await show(pages.renderer.words(context)(error), request, context, acts, form)
        } catch let problem as Problem where problem.status == 422 {
            return try await show(pages.renderer.words(context)(problem), request, context, acts, form)
        } catch StoreError.conflict(let detail) {
            return try await show(pages.renderer.words(context)(detail), request, context, acts, form)
        }
    }

    /// - Parameter form: one that was refused: it comes back as it was filled in.
    private func show(
        _ failure: String?, _ request: Request, _ context: CenterContext, _ acts: Acts, _ form: Form? = nil,
        of machine: MACAddress? = nil
    ) async throws -> Response {
        let words = pages.renderer.words(context)
        // In the order in which they were switched on: rows of names are given in it.
        let machines = try await acts.unknownMachines().sorted {
            ($0.startedAt ?? 0, $0.name.text) < ($1.startedAt ?? 0, $1.name.text)
        }
        let view = MachinesView(
            machines, try Pager(request, path: "/machines", limit: 50), policy: try await acts.enrolment(),
            groups: acts.maySomewhere(.enrol) ? acts.groupPaths().map(\.description) : nil,
            firmware: try await acts.firmware(),
            settings: acts.may(.configure, in: .site) ? "/settings#setting-enrolment" : nil,
            failure: failure, words
        ).filled(with: form, of: machine)
        return try pages.show(
            view, "Unknown machines", section: "/machines", request, context,
            failure: failure)
    }

    private func approve(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let form = try pages.form(context)
        let machine = try context.macAddress()
        do {
            let approval = ApprovalRequest(
                name: try NodeName(form["name"]),
                group: try form.group)
            let saved = try await acts.approve(machine, approval)
            return pages.redirect(Back.done("/machines", saved.revision))
        } catch let error as InvalidName {
            return try await show(
                pages.renderer.words(context)(error), request, context, acts, form, of: machine)
        } catch StoreError.conflict(let detail) {
            return try await show(
                pages.renderer.words(context)(detail), request, context, acts, form, of: machine)
        }
    }
}
