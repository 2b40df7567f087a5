import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// What happened: leases, boots, and every change with the way back.
struct HistoryPages {
    private static let rowLimit = 100

    let pages: Pages

    private var history: HistoryRoutes { HistoryRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("leases", .read) { request, context, caller in try await leases(request, context, caller) }
        routes.get("boots", .read) { request, context, caller in try await boots(request, context, caller) }
        routes.get("history", .audit) { request, context, caller in
            try await revisions(request, context, caller)
        }
        routes.get("history/:number", .audit) { request, context, caller in
            try await revision(number(context), nil, request, context, caller)
        }
        routes.post("history/:number/undo", .configure) { request, context, caller in
            let number = try number(context)
            do {
                let snapshot = try await history.undo(number, caller)
                return pages.redirect(Back.done("/history/\(snapshot.revision)", snapshot.revision))
            } catch StoreError.conflict(let detail) {
                return try await revision(number, detail, request, context, caller)
            }
        }
    }

    private func number(_ context: CenterContext) throws -> Int {
        guard let number = Int(try context.parameter("number")), number > 0 else {
            throw Problem(404, "Not found", "there is no such revision")
        }
        return number
    }

    private func leases(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws
        -> Response
    {
        let snapshot = pages.fleet.snapshot
        let leases = await pages.services.leases().sorted { $0.address < $1.address }
            .map { LeaseAnswer($0, snapshot: snapshot) }
            .filter { lease in caller.sees(lease.node.flatMap { snapshot.nodes[$0]?.group }) }
        let view = LeasesView(leases, try Pager(request, path: "/leases"), pages.renderer.words(context))
        return try pages.show(view, "Leases", section: "/leases", request, context)
    }

    private func boots(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws
        -> Response
    {
        let (snapshot, words) = (pages.fleet.snapshot, pages.renderer.words(context))
        let boots = try await pages.fleet.store.boots(of: nil, limit: Self.rowLimit)
        let rows = boots.compactMap { boot -> BootsView.Row? in
            let node = snapshot.node(at: boot.macAddress)
            return caller.sees(node?.group) ? BootsView.Row(boot, of: node, words) : nil
        }
        return try pages.show(BootsView(rows, words), "Boots", section: "/boots", request, context)
    }

    private func revisions(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws
        -> Response
    {
        let filter = RevisionFilter(
            kind: request.query("kind"), key: request.query("key"), who: request.query("who"),
            before: request.query("before").flatMap { Int($0) }, limit: Self.rowLimit)
        let (revisions, next) = try await history.revisions(filter, caller)
        let view = HistoryView(revisions, filter, next: next, pages.renderer.words(context))
        return try pages.show(view, "History", section: "/history", request, context)
    }

    private func revision(
        _ number: Int, _ failure: String?, _ request: Request, _ context: CenterContext, _ caller: Caller
    ) async throws -> Response {
        let revision = try await history.revision(number, caller)
        let view = RevisionView(
            revision, failure: failure, mayUndo: caller.grants.allowSomewhere(.configure),
            pages.renderer.words(context))
        return try pages.show(
            view, "Revision", section: "/history", request, context,
            status: failure == nil ? .ok : .conflict)
    }
}
