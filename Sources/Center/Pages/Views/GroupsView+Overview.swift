import API
import Fleet

extension GroupsView {
    /// How its nodes are, and what differs among them.
    struct Overview: View {
        var tiles: [DashboardView.Tile]
        /// Nil when all came up.
        var troubles: TableView<DashboardView.Trouble>?
        /// Nil while it has no nodes, and for a site with groups: the tree says how they are, and the dashboard has the map.
        var map: FleetMap?
        /// What its nodes have, most common first.
        var shares: [Share]
    }

    /// One property of the nodes of a group.
    struct Share: View {
        var title: String
        var rows: [Part]

        struct Part: View {
            var name: String
            /// The search for its nodes; nil where there is none.
            var link: String?
            var count: Int
            /// Percent of all.
            var share: Int
        }
    }
}

extension GroupsView.Overview {
    /// - Parameters:
    ///   - overview: of that group.
    ///   - mayRelease: whether the caller may let a held node of a group boot again.
    ///   - mayRestart: whether the caller may restart nodes of a group.
    init(
        of path: GroupPath, _ overview: Acts.Overview, mayRelease: (GroupPath) -> Bool,
        mayRestart: (GroupPath) -> Bool = { _ in false }, _ words: Words
    ) {
        tiles = MachineState.allCases.map { state in
            DashboardView.Tile(
                kind: state.rawValue, count: overview.figures.states[state] ?? 0,
                label: words(state.word),
                link: "/nodes?q=\(Escape.component("group=\(path) state=\(state.rawValue)"))")
        }
        if !overview.troubles.isEmpty {
            troubles = TableView(
                words("What is wrong now"), columns: words.all("Since", "Where", "Machine", "What", "Fix"),
                rows: overview.troubles.map {
                    DashboardView.Trouble(
                        $0, mayRelease: $0.trouble.group.map(mayRelease) ?? false,
                        mayRestart: $0.trouble.group.map(mayRestart) ?? false, words)
                })
        }
        if !overview.rooms.isEmpty, path != .site || overview.rooms.count == 1 {
            map = FleetMap(overview.rooms, words)
        }
        let query = "group=\(path)"
        shares = [
            GroupsView.Share(
                words("Boots next"),
                overview.counts.next.map { ($0.isEmpty ? words("boots nothing") : $0, $1) }),
            GroupsView.Share(words("Runs"), overview.counts.booted) { "\(query) booted=\($0)" },
            GroupsView.Share(words("Hardware"), Self.hardware(overview, words)),
        ].filter { !$0.rows.isEmpty }
    }
}

extension GroupsView.Overview {
    /// With the nodes that have reported none, where others have.
    private static func hardware(_ overview: Acts.Overview, _ words: Words) -> NodeCounts.Counts {
        let known = overview.counts.hardware
        let missing =
            overview.rooms.values.reduce(0) { $0 + $1.count } - known.reduce(0) { $0 + $1.count }
        return known.isEmpty || missing <= 0 ? known : known + [(words("not reported yet"), missing)]
    }
}

extension GroupsView.Share {
    /// Values that are shown.
    private static let valueLimit = 6

    /// - Parameter query: the search for the nodes with a value.
    fileprivate init(
        _ title: String, _ values: NodeCounts.Counts, query: (String) -> String? = { _ in nil }
    ) {
        self.title = title
        let whole = values.reduce(0) { $0 + $1.count }
        rows = values.prefix(Self.valueLimit).map { name, count in
            Part(
                name: name, link: query(name).map { "/nodes?q=\(Escape.component($0))" }, count: count,
                share: count * 100 / max(1, whole))
        }
    }
}
