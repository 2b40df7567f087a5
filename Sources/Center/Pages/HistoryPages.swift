import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// What happened: leases, boots, and every change with the way back.
struct HistoryPages {
    private static let rowLimit = 100
    private static let kinds = ["node", "group", "rule", "channel", "version", "administrator", "token"]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("leases", .read) { request, context, acts in try await leases(request, context, acts) }
        routes.get("boots", .read) { request, context, acts in try await boots(request, context, acts) }
        routes.get("history", .audit) { request, context, acts in
            try await revisions(request, context, acts)
        }
        routes.get("history/:number", .audit) { request, context, acts in
            try await revision(number(context), nil, request, context, acts)
        }
        routes.post("history/:number/undo", .configure) { request, context, acts in
            let number = try number(context)
            do {
                let revision = try await acts.undo(number)
                return pages.redirect(Back.done("/history/\(revision)", revision))
            } catch StoreError.conflict(let detail) {
                return try await revision(number, detail, request, context, acts)
            }
        }
    }

    private func number(_ context: CenterContext) throws -> Int {
        guard let number = Int(try context.parameter("number")), number > 0 else {
            throw Problem(404, "Not found", "there is no such revision")
        }
        return number
    }

    private func leases(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let leases = try await acts.leases().sorted { $0.address < $1.address }
        let pager = try Pager(request, path: "/leases")
        let rows = pager.rows(of: leases).map { lease -> [String: Any] in
            var row: [String: Any] = [
                "address": lease.address.description, "holder": lease.holder, "hostName": lease.hostName,
                "node": lease.node?.text ?? "",
            ]
            row["expires"] = lease.expiresAt.map { Format.time(second: $0) } ?? ""
            return row
        }
        let fields = pager.links(count: leases.count).merging(["rows": rows, "count": leases.count]) { $1 }
        return try pages.show("leases", "Leases", section: "/leases", fields, request, context)
    }

    private func boots(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let words = pages.renderer.words(context)
        let boots = try await acts.boots(of: nil, limit: Self.rowLimit)
        let rows = boots.map { boot, node -> [String: Any] in
            [
                "started": Format.time(millisecond: boot.startedAt),
                "name": (node ?? NodeName(unknown: boot.macAddress)).text,
                "state": pages.shown(boot, words), "kind": pages.kind(boot.entries.last?.stage),
                "readyAfter": Format.duration(boot.readyAfter), "detail": boot.entries.last?.detail ?? "",
            ]
        }
        return try pages.show("boots", "Boots", section: "/boots", ["rows": rows], request, context)
    }

    private func revisions(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let filter = RevisionFilter(
            kind: request.query("kind"), key: request.query("key"), who: request.query("who"),
            before: request.query("before").flatMap { Int($0) }, limit: Self.rowLimit)
        let (revisions, next) = try await acts.revisions(filter)
        var fields: [String: Any] = [
            "rows": revisions.map {
                [
                    "number": $0.number, "at": Format.time(second: $0.at), "who": $0.who, "what": $0.what,
                ] as [String: Any]
            },
            "who": filter.who ?? "", "key": filter.key ?? "",
            "kinds": Self.kinds.map { ["word": $0, "chosen": $0 == filter.kind] as [String: Any] },
        ]
        if let next {
            let rest = [("who", filter.who), ("kind", filter.kind), ("key", filter.key)].compactMap {
                name, value in
                value.map { "&\(name)=\(Escape.component($0))" }
            }
            fields["next"] = "/history?before=\(next)\(rest.joined())"
        }
        return try pages.show("history", "History", section: "/history", fields, request, context)
    }

    private func revision(
        _ number: Int, _ failure: String?, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let revision = try await acts.revision(number)
        var fields: [String: Any] = [
            "number": number, "at": Format.time(second: revision.at), "who": revision.who,
            "what": revision.what,
            "second": revision.at, "mayUndo": acts.maySomewhere(.configure),
            "edits": revision.edits.map { edit -> [String: Any] in
                ["kind": edit.kind, "key": edit.key, "fields": Self.differences(edit)]
            },
        ]
        fields["failure"] = failure
        return try pages.show(
            "revision", "Revision", section: "/history", fields, request, context,
            status: failure == nil ? .ok : .conflict)
    }

    /// The fields of a record that an edit changed, settings one by one.
    private static func differences(_ edit: Revision.Edit) -> [[String: String]] {
        let (before, after) = (fields(of: edit.before), fields(of: edit.after))
        return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }.map {
            ["name": $0, "before": before[$0] ?? "", "after": after[$0] ?? ""]
        }
    }

    private static func fields(of json: String?) -> [String: String] {
        guard let json else { return [:] }
        guard
            let object = try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed),
            let record = object as? [String: Any]
        else { return ["value": json] }
        var fields: [String: String] = [:]
        for (name, value) in record where name != "settings" { fields[name] = text(value) }
        for (name, value) in record["settings"] as? [String: Any] ?? [:] { fields[name] = text(value) }
        return fields
    }

    private static func text(_ value: Any) -> String {
        switch value {
        case let text as String: text
        case let list as [Any]: list.map(text).joined(separator: ", ")
        case let map as [String: Any]:
            map.sorted { $0.key < $1.key }.map { "\($0.key)=\(text($0.value))" }.joined(separator: ", ")
        default: "\(value)"
        }
    }
}
