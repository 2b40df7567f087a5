import API
import Fleet
import Foundation
import Hummingbird

/// Who changed what, and taking it back.
struct HistoryRoutes {
    /// Revisions that are read at once, and at most for one answer.
    private static let (batchSize, lookLimit) = (100, 5_000)

    let services: CenterServices

    func add(to api: Routes) {
        api.get("revisions", .audit) { request, _, caller in
            let filter = RevisionFilter(
                kind: request.query("kind"), key: request.query("key"), who: request.query("who"),
                before: request.query("before").flatMap { Int($0) },
                limit: try request.query("limit", 1...1_000, default: 50))
            let (revisions, next) = try await revisions(filter, caller)
            return try JSONAnswer(
                revisions, next: next.map { "/api/v1/revisions?before=\($0)&limit=\(filter.limit)" })
        }
        api.get("revisions/:number", .audit) { _, context, caller in
            try await JSONAnswer(revision(Self.number(context), caller))
        }
        api.post("revisions/:number/undo", .configure) { _, context, caller in
            let snapshot = try await undo(Self.number(context), caller)
            return try JSONAnswer(RevisionAnswer(revision: snapshot.revision))
        }
    }

    private static func number(_ context: CenterContext) throws -> Int {
        let text = try context.parameter("number")
        guard let number = Int(text), number > 0 else {
            throw Problem(422, "Invalid number", "‘\(text)’ is not a revision's number")
        }
        return number
    }

    /// The revisions that fit, without those of which the caller may see nothing, and the last one's number when there are more.
    func revisions(_ filter: RevisionFilter, _ caller: Caller) async throws -> ([Revision], next: Int?) {
        let found = try await services.fleet.store.revisions(filter)
        let next = found.count == filter.limit ? found.last?.number : nil
        if caller.allows(.audit, in: .site) { return (found, next) }
        return try await visibleRevisions(filter, caller)
    }

    /// The same for those who may not see all: however many of others' lie in between, what is theirs is found.
    private func visibleRevisions(_ wanted: RevisionFilter, _ caller: Caller) async throws -> (
        [Revision], next: Int?
    ) {
        var (filter, shown, looked) = (wanted, [Revision](), 0)
        filter.limit = Self.batchSize
        while looked < Self.lookLimit {
            let found = try await services.fleet.store.revisions(filter)
            for one in found {
                filter.before = one.number
                guard var revision = try await visible(one.number, caller) else { continue }
                revision.edits = []
                shown.append(revision)
                if shown.count == wanted.limit { return (shown, one.number) }
            }
            if found.count < filter.limit { return (shown, nil) }
            looked += found.count
        }
        return (shown, filter.before)
    }

    /// A revision as far as the caller may see it, with secrets hidden.
    func revision(_ number: Int, _ caller: Caller) async throws -> Revision {
        guard let revision = try await visible(number, caller) else {
            throw Problem(
                403, "Forbidden", "\(caller.name) may see nothing of what revision \(number) changed")
        }
        return revision
    }

    /// Nil when the caller may see nothing of it.
    private func visible(_ number: Int, _ caller: Caller) async throws -> Revision? {
        try caller.requireSomewhere(.audit)
        var revision = try await services.fleet.store.revision(number)
        if !caller.allows(.audit, in: .site) {
            let edits = revision.edits.filter { mayAudit($0, caller) }
            guard !edits.isEmpty else { return nil }
            // Its line for people speaks of all that it changed.
            if edits.count < revision.edits.count { revision.what = Self.summary(of: edits) }
            revision.edits = edits
        }
        revision.edits = revision.edits.map {
            Revision.Edit(
                kind: $0.kind, key: $0.key, before: Redaction.of(json: $0.before),
                after: Redaction.of(json: $0.after))
        }
        return revision
    }

    private static func summary(of edits: [Revision.Edit]) -> String {
        let first = edits[0]
        let act = first.before == nil ? "added" : first.after == nil ? "removed" : "changed"
        return "\(first.kind) \(first.key) \(act)" + (edits.count > 1 ? ", and \(edits.count - 1) more" : "")
    }

    private func mayAudit(_ edit: Revision.Edit, _ caller: Caller) -> Bool {
        switch edit.kind {
        case "group": (try? GroupPath(edit.key)).map { caller.allows(.audit, in: $0) } ?? false
        case "node": groups(ofNode: edit).allSatisfy { caller.allows(.audit, in: $0) }
        default: false
        }
    }

    /// Where a node was before an edit and after it, and where it is now, if it is anywhere.
    private func groups(ofNode edit: Revision.Edit) -> [GroupPath] {
        struct Record: Decodable { var group: GroupPath? }
        let then = [edit.before, edit.after].compactMap { $0 }.map { json in
            (try? JSONDecoder().decode(Record.self, from: Data(json.utf8)))?.group ?? .site
        }
        let now = (try? NodeName(edit.key)).flatMap { services.fleet.snapshot.nodes[$0]?.group }
        // An edit without a record is the whole site's.
        return then.isEmpty ? [.site] : then + (now.map { [$0] } ?? [])
    }

    @discardableResult
    func undo(_ number: Int, _ caller: Caller) async throws -> FleetSnapshot {
        // Before anything else: that something was changed since is not for those who may not see it.
        let undone = try await revision(number, caller)
        let edits = try await services.fleet.store.inverse(of: number)
        return try await services.fleet.change(
            by: caller.name, what: "revision \(number) undone: \(undone.what)"
        ) {
            try caller.requireLeave(for: edits, in: $0)
            return edits
        }
    }
}
