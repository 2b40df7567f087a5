import API
import Fleet
import Wire

/// The nodes that match a search.
struct NodesView: TemplateView {
    static let template = PageTemplate("nodes", Embedded.nodes_mustache)

    /// The search, as typed and as escaped for a link.
    var query: String
    var queryEscaped: String
    /// The order, for the search that keeps it; nil: the usual one.
    var sort: String?
    /// The order in words, and the way to the other one.
    var order: String
    var resort: LinkView
    /// The searchable attributes.
    var attributes: String
    /// The time that is viewed; nil: now.
    var at: String?
    /// The query that keeps links to nodes at that time.
    var atQuery: String
    /// Frequent searches.
    var chips: [Chip]
    /// The search's error.
    var problem: String?
    /// The number of all matches.
    var count: Int
    var table: TableView<Row>
    var pages: PagerView
    var mayEdit: Bool
    /// Groups that nodes can be moved to.
    var groups: [String]
    /// The form for a new node.
    var added: FormView?

    struct Chip: View {
        var path: String
        var title: String
        /// Nodes that it shows.
        var count: Int
        var isNone: Bool
        var isCurrent: Bool
    }

    struct Row: View {
        var name: String
        var group: String
        var groupEscaped: String
        var tags: [String]
        var address: String
        /// Why it is held.
        var held: String?
        var state: StateView
        /// Since when it is in that state; nil: not known.
        var since: String?
        /// How long a ready node took.
        var readyAfter: String
        /// What it and the rows below it have in common; nil: nothing, or it is said above.
        var alike: Alike?
        /// Why its boot failed or is stuck, where no heading says that.
        var cause: String?
        var version: String
        /// The version that it runs, if it would boot another one now.
        var booted: String?
        /// Why it boots nothing.
        var lack: String?
        var hardware: String
    }

    /// The heading of rows that failed, or got stuck, alike.
    struct Alike: View {
        /// Nodes of the list that did; the page may have a part of them.
        var count: String
        var text: String
        var fix: String
        /// Rows below it that it speaks of.
        var rows: Int
    }

    /// The search, and what the caller may do with the results.
    struct Question {
        var query: String
        var order = Acts.NodeOrder.worst
        var offset: Int
        /// Rows per page.
        var limit: Int
        /// The time that is viewed, in seconds since 1970; nil: now.
        var at: Int?
        var mayEdit: Bool
        var mayEnrol: Bool
        /// Groups that the caller may put nodes into.
        var groups: [String]

        fileprivate func link(_ offset: Int) -> String {
            Self.path(["offset=\(offset)", "q=\(Escape.component(query))", sort(order), time])
        }

        /// The same search in another order.
        fileprivate func sorted(_ order: Acts.NodeOrder) -> String {
            Self.path([query.isEmpty ? nil : "q=\(Escape.component(query))", sort(order), time])
        }

        /// Another search at the same time, in the same order; empty: all nodes.
        fileprivate func searching(_ query: String) -> String {
            Self.path([query.isEmpty ? nil : "q=\(Escape.component(query))", sort(order), time])
        }

        private var time: String? { at.map { "at=\($0)" } }

        private func sort(_ order: Acts.NodeOrder) -> String? {
            order == .worst ? nil : "order=\(order.rawValue)"
        }

        private static func path(_ parts: [String?]) -> String {
            let parts = parts.compactMap(\.self)
            return "/nodes" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
        }
    }

    /// - Parameters:
    ///   - tally: for the chips.
    ///   - since: milliseconds since 1970 since when nodes are in their states.
    ///   - causes: why nodes are not up.
    ///   - problem: the search's error.
    init(
        _ question: Question, _ machines: [MachineAnswer], count: Int, next: Int?,
        tally: Acts.NodeTally = Acts.NodeTally(), since: [NodeName: Int] = [:],
        causes: [NodeName: Acts.Cause] = [:], problem: String?, _ words: Words
    ) {
        switch question.order {
        case .worst:
            order = words("worst first")
            resort = LinkView(path: question.sorted(.name), label: words("Sort by name"))
        case .name:
            sort = question.order.rawValue
            order = words("by name")
            resort = LinkView(path: question.sorted(.worst), label: words("Show the worst first"))
        }
        query = question.query
        queryEscaped = Escape.component(question.query)
        attributes = NodeAttribute.allCases.map(\.rawValue).joined(separator: ", ")
        at = question.at.map { Format.time(second: $0) }
        atQuery = question.at.map { "?at=\($0)" } ?? ""
        chips = Self.chips(question, tally, words)
        self.problem = problem
        self.count = count
        mayEdit = question.mayEdit && question.at == nil
        groups = question.groups
        table = TableView(
            words("Nodes"), live: "nodes",
            columns: words.all(
                "Name", "State", "Since", "Group", "Address", "Version", "Hardware"),
            rows: machines.map { Row($0, since: since[$0.name], cause: causes[$0.name], words) })
        if mayEdit {
            table.columns.insert(ColumnView(title: words("Select all"), selectsAll: true), at: 0)
        }
        pages = PagerView(
            previous: question.offset > 0 ? question.link(max(0, question.offset - question.limit)) : nil,
            next: next.map(question.link),
            range: PagerView.Range(offset: question.offset, limit: question.limit, count: count))
        if question.mayEnrol, question.at == nil { added = Self.form(words) }
        if question.order == .worst { fold(machines.map { causes[$0.name] }, words) }
    }

    /// Says once what several rows have in common.
    ///
    /// - Parameter causes: of each row.
    private mutating func fold(_ causes: [Acts.Cause?], _ words: Words) {
        var start = 0
        while start < causes.count {
            let cause = causes[start]
            let end = causes[start...].firstIndex { $0 != cause } ?? causes.count
            if let cause, end - start > 1 {
                // Others with the same mark differ in something else, and have a heading of their own.
                let isAll = ![start > 0 ? causes[start - 1] : nil, end < causes.count ? causes[end] : nil]
                    .contains { $0?.state == cause.state && $0?.mark == cause.mark }
                table.rows[start].alike = Alike(
                    count: Format.number(isAll ? max(cause.count, end - start) : end - start, words.language),
                    text: words(cause.text), fix: words(cause.fix), rows: end - start)
                for index in start..<end { table.rows[index].cause = nil }
            }
            start = end
        }
    }

    /// A link each, which shows all again once it is chosen.
    private static func chips(_ question: Question, _ tally: Acts.NodeTally, _ words: Words) -> [Chip] {
        let states = [MachineState.failed, .stuck, .lost, .booting, .ready, .off, .unseen].map {
            (query: "state=\($0.rawValue)", title: words($0.word), count: tally.states[$0] ?? 0)
        }
        let others = [
            (query: "state=held", title: words("held"), count: tally.held),
            (query: "outdated=yes", title: words("outdated"), count: tally.outdated),
            (query: Acts.NodeTally.smallMemory, title: words("less than 4 GiB"), count: tally.small),
        ]
        // That no node has little memory is an answer, too.
        return (states + others).filter {
            $0.count > 0 || [question.query, Acts.NodeTally.smallMemory].contains($0.query)
        }.map { query, title, count in
            let isCurrent = question.query == query
            return Chip(
                path: question.searching(isCurrent ? "" : query), title: title, count: count,
                isNone: count == 0, isCurrent: isCurrent)
        }
    }

    private static func form(_ words: Words) -> FormView {
        FormView(
            path: "/nodes/add",
            fields: [
                FieldView(
                    "name", words("Name"), id: "new-name",
                    InputView(isRequired: true, pattern: #"[A-Za-z0-9\-]{1,63}"#)),
                FieldView(
                    "mac", words("Hardware addresses"), id: "new-mac",
                    InputView(isRequired: true, placeholder: "52:54:00:12:34:56")),
                FieldView("group", words("Group"), id: "new-group", InputView(value: "/", list: "groups")),
                FieldView("address", words("Fixed address (optional)"), id: "new-address", InputView()),
            ], submit: words("Add"))
    }
}

extension NodesView.Row {
    /// - Parameters:
    ///   - since: milliseconds since 1970.
    ///   - why: why it is not up.
    init(_ machine: MachineAnswer, since: Int?, cause why: Acts.Cause? = nil, _ words: Words) {
        name = machine.name.text
        group = machine.group?.description ?? ""
        groupEscaped = Escape.component(machine.group?.description ?? "/")
        tags = machine.tags
        address = machine.address?.description ?? ""
        held = machine.held
        state = StateView(machine, words)
        self.since = since.map { Format.time(millisecond: $0) }
        readyAfter = machine.state == .ready ? Format.duration(machine.readyAfter) : ""
        // A line of its own has room for all of it.
        if machine.state == .failed { (cause, state.because) = (state.because, nil) }
        if machine.state == .stuck, let said = why.map({ words($0.text) }), said != state.text {
            cause = said
        }
        version = machine.version ?? ""
        booted = machine.isOutdated ? machine.booted : nil
        lack = machine.version == nil ? machine.lack.map { words($0) } : nil
        hardware = machine.hardware ?? ""
    }
}
