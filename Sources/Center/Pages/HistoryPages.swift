import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// History: leases, boots, and every change with undo.
struct HistoryPages: FleetPage {
    static let views: [any TemplateView.Type] = [
        LeasesView.self, BootsView.self, HistoryView.self, RevisionView.self,
    ]
    static let menu = [
        MenuEntry("/leases", "Leases", .network, .read),
        MenuEntry("/boots", "Boots", .insight, .read),
        MenuEntry("/history", "History", .insight, .audit),
    ]

    private static let rowLimit = 50

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("leases", .read) { request, context, acts in try await leases(request, context, acts) }
        routes.get("boots", .read) { request, context, acts in try await boots(request, context, acts) }
        routes.get("history", .audit) { request, context, acts in
            try await revisions(request, context, acts)
        }
        routes.get("history/:number", .audit) { request, context, acts in
            try await revision(context.number("number", of: "revision"), nil, request, context, acts)
        }
        routes.post("history/:number/undo", .configure) { request, context, acts in
            let number = try context.number("number", of: "revision")
            do {
                let revision = try await acts.undo(number)
                return pages.redirect(Back.done("/history/\(revision)", revision))
            } catch StoreError.conflict(let detail) {
                return try await revision(
                    number, pages.renderer.words(context)(detail), request, context, acts)
            }
        }
    }

    private func leases(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let order = request.query("order").flatMap { Acts.LeaseOrder(rawValue: $0) } ?? .address
        let pager = try Pager(
            request, path: "/leases", limit: 50, sort: order == .address ? nil : order.rawValue)
        let view = LeasesView(
            try await acts.leases(
                pager.query, order, offset: pager.offset, limit: pager.limit, withNodes: true), pager, order,
            networks: try await acts.networks(), mayReserve: acts.may(.configure, in: .site),
            now: Clock.second, pages.renderer.words(context))
        return try pages.show(view, "Leases", section: "/leases", request, context)
    }

    private func boots(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let order = request.query("order").flatMap { Acts.BootOrder(rawValue: $0) } ?? .worst
        let pager = try Pager(
            request, path: "/boots", limit: 50, sort: order == .worst ? nil : order.rawValue)
        let list = try await acts.boots(pager.query, order, offset: pager.offset, limit: pager.limit)
        let view = BootsView(list, pager, order, now: Clock.millisecond, pages.renderer.words(context))
        return try pages.show(view, "Boots", section: "/boots", request, context)
    }

    private func revisions(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let filter = RevisionFilter(
            kind: request.query("kind"), key: request.query("key"), who: request.query("who"),
            before: request.query("before").flatMap { Int($0) }, limit: Self.rowLimit)
        let (revisions, next) = try await acts.revisions(filter)
        let view = HistoryView(
            revisions, edits: try await acts.singleEdits(of: revisions), filter, next: next,
            pages.renderer.words(context))
        return try pages.show(view, "History", section: "/history", request, context)
    }

    private func revision(
        _ number: Int, _ failure: String?, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let pager = try Pager(request, path: "/history/\(number)")
        let (revision, count, problem) = try await acts.undoableRevision(
            number, offset: pager.offset, limit: Pager.rowLimit)
        let words = pages.renderer.words(context)
        let view = RevisionView(
            revision, pager.links(count: count), failure: failure, mayUndo: acts.maySomewhere(.configure),
            undoProblem: problem.map { words($0) }, words)
        return try pages.show(
            view, "Revision", section: "/history", request, context,
            status: failure == nil ? .ok : .conflict)
    }
}
