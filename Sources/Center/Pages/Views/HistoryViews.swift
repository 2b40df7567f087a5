import API
import Fleet
import Foundation
import Wire

/// Every change, newest first.
struct HistoryView: TemplateView {
    static let template = PageTemplate("history", Embedded.history_mustache)
    private static let shownKinds = FleetRecords.all.map { $0.kind } + [ImageVersion.historyKind]

    var who: String
    var key: String
    var kinds: [OptionView]
    /// Whether only some of the changes are shown.
    var isFiltered: Bool
    var table: TableView<ChangeView>
    var next: String?

    /// - Parameters:
    ///   - edits: of those revisions that have one only.
    ///   - next: where older changes begin.
    init(
        _ revisions: [Revision], edits: [Int: Revision.Edit] = [:], _ filter: RevisionFilter, next: Int?,
        _ words: Words
    ) {
        who = filter.who ?? ""
        key = filter.key ?? ""
        isFiltered = [filter.who, filter.key, filter.kind].contains { $0?.isEmpty == false }
        kinds = Self.shownKinds.map { OptionView(text: $0, isChosen: $0 == filter.kind) }
        table = TableView(
            words("History"), live: "history",
            columns: words.all("Revision", "When", "Who", "What"),
            rows: revisions.map { ChangeView($0, edit: edits[$0.number], words) })
        self.next = next.map { next in
            let rest = [("who", filter.who), ("kind", filter.kind), ("key", filter.key)].compactMap {
                name, value in
                value.map { "&\(name)=\(Escape.component($0))" }
            }
            return "/history?before=\(next)\(rest.joined())"
        }
    }
}

/// One change in a list of them.
struct ChangeView: View {
    var number: Int
    var at: String
    var who: String
    var what: String
    /// The same with a way to what was changed, and without what the values say.
    var said: Said
    /// The values that it changed, where they are few and short: `loader: auto → ipxe`.
    var values: [String] = []

    /// A sentence around the name of its object.
    struct Said: View {
        var before: String
        /// Nil: there is no page of it, or it is gone.
        var object: LinkView?
        var after: String
    }

    /// Values that have room in a row, and letters of each.
    private static let (valueLimit, lengthLimit) = (3, 60)

    /// - Parameter edit: the only one of the revision; nil: there are several, or it is not known.
    init(_ revision: Revision, edit: Revision.Edit? = nil, _ words: Words) {
        if let edit, edit.before != nil, edit.after != nil {
            let fields = DifferenceView.fields(of: edit)
            let isShort = fields.allSatisfy { max($0.before.count, $0.after.count) <= Self.lengthLimit }
            if isShort, fields.count <= Self.valueLimit {
                values = fields.map { field in
                    let (before, after) = (field.before, field.after)
                    return
                        "\(field.name): \(before.isEmpty ? "–" : before) → \(after.isEmpty ? "–" : after)"
                }
            }
        }
        number = revision.number
        at = Format.time(second: revision.at)
        who = revision.who
        what = words.told(revision.what)
        var text = what
        let names = values.compactMap { $0.split(separator: ":").first }.joined(separator: ", ")
        if !names.isEmpty, text.hasSuffix(names) {
            text = String(text.dropLast(names.count))
            while let last = text.last, ": \u{A0}\u{202F}".contains(last) { text.removeLast() }
        }
        said = Said(text, edit)
    }
}

extension ChangeView.Said {
    /// - Parameter edit: the only one; nil: there are several.
    init(_ text: String, _ edit: Revision.Edit?) {
        (before, object, after) = (text, nil, "")
        guard let edit, edit.after != nil, let path = Self.path(edit.kind, edit.key) else { return }
        // The name itself, and not a part of another one.
        func goesOn(_ character: Character?) -> Bool {
            character.map { $0.isLetter || $0.isNumber || "-/".contains($0) } ?? false
        }
        for range in text.ranges(of: edit.key)
        where !goesOn(text[..<range.lowerBound].last) && !goesOn(text[range.upperBound...].first) {
            before = String(text[..<range.lowerBound])
            object = LinkView(path: path, label: edit.key)
            after = String(text[range.upperBound...])
            return
        }
    }

    /// The page of a record; nil: it has none of its own.
    private static func path(_ kind: String, _ key: String) -> String? {
        let name = Escape.component(key)
        return switch kind {
        case Node.kind: "/nodes/\(name)"
        case NodeGroup.kind: "/groups?path=\(name)"
        case Schedule.kind: "/schedules?edit=\(name)"
        case TerminalServer.kind: "/desktops/servers/\(name)"
        case TerminalPool.kind: "/desktops/place?pool=\(name)"
        case Network.kind: "/networks/edit?name=\(name)"
        default: nil
        }
    }
}

/// The effects of one change, with undo.
struct RevisionView: TemplateView {
    static let template = PageTemplate("revision", Embedded.revision_mustache)

    var number: Int
    var at: String
    /// The same in seconds since 1970.
    var second: Int
    var who: String
    var what: String
    var failure: String?
    var edits: [Edit]
    /// Of the edits.
    var pages: PagerView
    var undo: ConfirmView?
    /// Why it cannot be undone.
    var undoProblem: String?

    /// Beyond this, records are shown by their names until a click.
    private static let openLimit = 8

    struct Edit: View {
        var kind: String
        var key: String
        var isFolded: Bool
        var fields: TableView<DifferenceView>
    }

    /// - Parameters:
    ///   - failure: why it could not be undone.
    ///   - undoProblem: why it cannot be.
    init(
        _ revision: Revision, _ pages: PagerView, failure: String?, mayUndo: Bool,
        undoProblem: String? = nil, _ words: Words
    ) {
        self.pages = pages
        number = revision.number
        at = Format.time(second: revision.at)
        second = revision.at
        who = revision.who
        what = words.told(revision.what)
        self.failure = failure
        edits = revision.edits.map { edit in
            Edit(
                kind: edit.kind, key: edit.key, isFolded: revision.edits.count > Self.openLimit,
                fields: TableView(
                    edit.key, columns: words.all("Field", "Before", "After"),
                    rows: DifferenceView.fields(of: edit)))
        }
        guard mayUndo else { return }
        guard undoProblem == nil else {
            if failure == nil { self.undoProblem = undoProblem }
            return
        }
        undo = ConfirmView(
            path: "/history/\(revision.number)/undo", label: words("Undo this revision"))
    }
}

/// An old value and a new value.
struct DifferenceView: View {
    var name: String
    var before: String
    var after: String

    /// The fields of a record that an edit changed, settings one by one.
    static func fields(of edit: Revision.Edit) -> [Self] {
        let (before, after) = (JSONText.fields(of: edit.before), JSONText.fields(of: edit.after))
        return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }.map {
            Self(name: $0, before: before[$0] ?? "", after: after[$0] ?? "")
        }
    }
}

/// Any JSON as a line of text.
private enum JSONText: Decodable, CustomStringConvertible {
    case value(String)
    case list([Self])
    case map([String: Self])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let map = try? value.decode([String: Self].self) {
            self = .map(map)
        } else if let list = try? value.decode([Self].self) {
            self = .list(list)
        } else if let text = try? value.decode(String.self) {
            self = .value(text)
        } else if let flag = try? value.decode(Bool.self) {
            self = .value("\(flag)")
        } else if let number = try? value.decode(Int.self) {
            self = .value("\(number)")
        } else {
            self = .value(value.decodeNil() ? "" : "\(try value.decode(Double.self))")
        }
    }

    var description: String {
        switch self {
        case .value(let text): text
        case .list(let list): list.map(\.description).joined(separator: ", ")
        case .map(let map):
            map.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        }
    }

    /// The fields of a record, including its settings.
    static func fields(of json: String?) -> [String: String] {
        guard let json else { return [:] }
        guard case .map(var record)? = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else {
            return ["value": json]
        }
        if case .map(let settings)? = record.removeValue(forKey: "settings") {
            record.merge(settings) { $1 }
        }
        return record.mapValues(\.description)
    }
}
