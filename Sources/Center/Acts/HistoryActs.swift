import API
import Fleet
import Foundation

/// The history of changes, and undo.
extension Acts {
    /// Revisions read at once, and at most for one answer.
    private static let (batchSize, lookLimit) = (100, 5_000)

    /// The matching revisions with anything visible to the caller, and the last one's number when there are more.
    func revisions(_ filter: RevisionFilter) async throws -> ([Revision], next: Int?) {
        try require(.audit)
        let found = try await store.revisions(filter)
        let next = found.count == filter.limit ? found.last?.number : nil
        if may(.audit, in: .site) { return (found, next) }
        return try await visibleRevisions(filter)
    }

    /// The same for callers who may not see everything: it searches past any number of others' revisions.
    private func visibleRevisions(_ wanted: RevisionFilter) async throws -> (
        [Revision], next: Int?
    ) {
        var (filter, shown, looked) = (wanted, [Revision](), 0)
        filter.limit = Self.batchSize
        while looked < Self.lookLimit {
            let found = try await store.revisions(filter)
            for one in found {
                filter.before = one.number
                guard var revision = try await visible(one.number)?.shown else { continue }
                revision.edits = []
                shown.append(revision)
                if shown.count == wanted.limit { return (shown, one.number) }
            }
            if found.count < filter.limit { return (shown, nil) }
            looked += found.count
        }
        return (shown, filter.before)
    }

    /// Edits that are read for one list.
    private static let editBudget = 5_000

    /// The edit of each revision that has only one, as far as the caller may see it, with secrets hidden. Where revisions are large, those
    /// of the first ones.
    func singleEdits(of revisions: [Revision]) async throws -> [Int: Revision.Edit] {
        try require(.audit)
        var (edits, budget) = ([Int: Revision.Edit](), Self.editBudget)
        for one in revisions where budget > 0 {
            let (revision, count) = try await revision(one.number, offset: 0, limit: 1)
            budget -= max(1, count)
            if count == 1 { edits[one.number] = revision.edits.first }
        }
        return edits
    }

    /// A revision as far as the caller may see it, with secrets hidden.
    func revision(_ number: Int) async throws -> Revision {
        try await revision(number, offset: 0, limit: .max).revision
    }

    /// The same with a part of its edits, and how many there are.
    func revision(_ number: Int, offset: Int, limit: Int) async throws -> (revision: Revision, count: Int) {
        let whole = try await seen(number)
        return (Self.part(of: whole.shown, offset, limit), whole.shown.edits.count)
    }

    /// A revision for its page: a part of its edits, how many there are, and why it cannot be undone. Callers who may not see all of it learn
    /// nothing of the last; nor is one with very many edits looked at before it is undone.
    func undoableRevision(_ number: Int, offset: Int, limit: Int) async throws -> (
        revision: Revision, count: Int, undoProblem: Sentence?
    ) {
        let whole = try await seen(number)
        let count = whole.shown.edits.count
        let isWhole = count == whole.editCount && count < Revision.editLimit
        let problem = try isWhole ? undoProblem(of: whole.shown) : nil
        return (Self.part(of: whole.shown, offset, limit), count, problem)
    }

    private static func part(of revision: Revision, _ offset: Int, _ limit: Int) -> Revision {
        var revision = revision
        revision.edits = revision.edits.dropFirst(offset).prefix(limit).map {
            Revision.Edit(
                kind: $0.kind, key: $0.key, before: Redaction.of(json: $0.before, kind: $0.kind),
                after: Redaction.of(json: $0.after, kind: $0.kind))
        }
        return revision
    }

    private func seen(_ number: Int) async throws -> (shown: Revision, editCount: Int) {
        guard let seen = try await visible(number) else {
            throw Problem(
                403, "Forbidden", "\(caller.name) may not see what revision \(number) changed")
        }
        return seen
    }

    /// As far as the caller may see it, with secrets in its edits, and how many edits it has in all; nil when that is nothing.
    private func visible(_ number: Int) async throws -> (shown: Revision, editCount: Int)? {
        try require(.audit)
        var revision = try await store.revision(number)
        let count = revision.edits.count
        if !may(.audit, in: .site) {
            let edits = revision.edits.filter { mayAudit($0) }
            guard !edits.isEmpty else { return nil }
            // Its summary describes all of its edits.
            if edits.count < revision.edits.count { revision.what = Self.summary(of: edits) }
            revision.edits = edits
        }
        return (revision, count)
    }

    private static func summary(of edits: [Revision.Edit]) -> String {
        let first = edits[0]
        let act = first.before == nil ? "added" : first.after == nil ? "removed" : "changed"
        return "\(first.kind) \(first.key) \(act)" + (edits.count > 1 ? ", and \(edits.count - 1) more" : "")
    }

    /// Whether the caller may see the history of all groups in which the record lay before and after, and lies now.
    private func mayAudit(_ edit: Revision.Edit) -> Bool {
        // What cannot be read belongs to the whole site.
        guard let type = FleetRecords.named(edit.kind) else { return may(.audit, in: .site) }
        func places<Record: FleetRecord>(of _: Record.Type) -> [GroupPath] {
            let then = [edit.before, edit.after].compactMap(\.self).map { json in
                (try? JSONDecoder().decode(Record.self, from: Data(json.utf8)))?.place ?? .site
            }
            let key = try? Record.Key(recordKey: edit.key)
            let now = key.flatMap { Record.record(at: $0, in: fleet.snapshot.contents)?.place }
            return then.isEmpty ? [.site] : then + (now.map { [$0] } ?? [])
        }
        return places(of: type).allSatisfy { may(.audit, in: $0) }
    }

    /// Why a revision cannot be undone; nil: it can, as far as its records tell.
    private func undoProblem(of revision: Revision) throws -> Sentence? {
        do {
            let past = try revision.edits.map { try PastEdit($0) }
            let edits = try Self.undoing(past, of: revision.number, in: fleet.snapshot)
            return edits.isEmpty ? "there is nothing in it to undo" : nil
        } catch StoreError.conflict(let reason) {
            return reason
        }
    }

    /// What records named is theirs again, whether the caller may see it or not: they choose none of it. But it must be there still.
    private static func undoing(
        _ past: [PastEdit], of number: Int, madeAt date: Int? = nil, in snapshot: FleetSnapshot
    ) throws(StoreError) -> [FleetEdit] {
        let edits = try snapshot.undoing(past, of: number, madeAt: date)
        if let unknown = snapshot.unknownName(in: edits, in: NameSight()) {
            throw .conflict("revision \(number) cannot be undone: \(unknown.problem)")
        }
        return edits
    }

    /// Undoes a revision.
    ///
    /// - Returns: the new revision.
    func undo(_ number: Int) async throws -> Int {
        // Before anything else: callers who may not see it must not learn that something changed since.
        let undone = try await revision(number)
        let past = try await store.edits(of: number)
        let after = try await change(
            what: "revision \(number) undone: \(undone.what)", naming: .all
        ) { current in
            let edits = try Self.undoing(past, of: number, madeAt: undone.at, in: current)
            return edits + current.edits(revokingTokensAfter: edits)
        }
        for hook in past.compactMap({ $0.records?.before.of(WebHook.Record.self) }) where hook.after == nil {
            services.webHooks.end(.number(hook.key))
        }
        return after.revision
    }
}

extension PastEdit {
    /// What a store has told as JSON.
    fileprivate init(_ edit: Revision.Edit) throws {
        func records<Record: FleetRecord>(_: Record.Type) throws -> PastEdit.Records {
            func record(_ json: String?) throws -> Record? {
                try json.map { try JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
            }
            return PastEdit.Records(
                try Record.Key(recordKey: edit.key), before: try record(edit.before),
                after: try record(edit.after))
        }
        // What is not undone is not read: its form may be that of an older server.
        let type = FleetRecords.named(edit.kind).flatMap { $0.undo == .restores ? $0 : nil }
        self.init(kind: edit.kind, key: edit.key, records: try type.map { try records($0) })
    }
}

/// Hides secrets in history's text, and gives its moments the form that they have everywhere else in the API.
///
/// It works on JSON and not on records, because history also has forms of records that are not read any more.
enum Redaction {
    /// A record's JSON as stored in history.
    static func of(json: String?, kind: String) -> String? {
        guard let json, let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) else {
            return json
        }
        let told = FleetRecords.named(kind).flatMap { Self.told(json, $0) }
        guard var record = dated(object, as: told) as? [String: Any] else { return json }
        if var settings = record["settings"] as? [String: Any] {
            for name in settings.keys where SettingDefinition.isSecret(name) {
                settings[name] = RecordSettings.hidden.description
            }
            record["settings"] = settings
        } else if let texts = record["texts"] as? [String: [String]] {
            // Those of a kept file.
            record["texts"] = texts.mapValues(KeptFile.redacted)
        }
        let data = try? JSONSerialization.data(
            withJSONObject: record, options: [.sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// The record as an answer of the API tells it; nil where its form is one that is not read any more.
    private static func told<Record: FleetRecord>(_ json: String, _: Record.Type) -> Any? {
        let record = try? JSONDecoder().decode(Record.self, from: Data(json.utf8))
        return record.flatMap { try? JSONSerialization.jsonObject(with: JSONEncoder().encode($0)) }
    }

    /// The stored value with the moments of `told`: stores keep them as numbers, and tell everything else as it was.
    private static func dated(_ stored: Any, as told: Any?) -> Any {
        if let members = stored as? [String: Any], let told = told as? [String: Any] {
            var dated = members
            for (name, value) in members { dated[name] = Self.dated(value, as: told[name]) }
            return dated
        }
        if let entries = stored as? [Any], let told = told as? [Any], entries.count == told.count {
            return zip(entries, told).map { dated($0, as: $1) }
        }
        return (stored as? NSNumber).flatMap { _ in told as? String } ?? stored
    }
}
