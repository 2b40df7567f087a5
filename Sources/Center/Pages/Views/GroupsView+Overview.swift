import API
import Fleet

extension GroupsView {
    /// How its nodes are, and what differs among them.
    struct Overview: View {
        var tiles: [DashboardView.Tile]
        /// Nil when all came up.
        var troubles: TableView<DashboardView.Trouble>?
        /// Of the whole site, where nodes are in groups: their groups. The dashboard has the map.
        var groups: TableView<Group>?
        /// Nil while it has no nodes, and where there are groups instead.
        var map: FleetMap?
        /// What its nodes have, most common first.
        var shares: [Share]
    }

    /// A group with nodes.
    struct Group: View {
        var group: LinkView
        var count: Int
        var ready: Int
        /// Nil: none.
        var failed: String?
        var stuck: String?
        /// Those in any other state, so that each node is counted once.
        var others: Int
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
        if path == .site, overview.rooms.count > 1 {
            groups = Self.groups(overview.rooms, words)
        } else if !overview.rooms.isEmpty {
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

    fileprivate static func groups(_ rooms: [GroupPath: [Acts.NodeState]], _ words: Words) -> TableView<
        GroupsView.Group
    > {
        TableView(
            words("Groups"), columns: words.all("Group", "Nodes", "Ready", "Failed", "Stuck", "Other"),
            rows: rooms.keys.inNaturalOrder().map { path in
                let states = rooms[path]?.map(\.state) ?? []
                func count(_ state: MachineState) -> Int { states.count { $0 == state } }
                func trouble(_ count: Int) -> String? { count > 0 ? "\(count)" : nil }
                let (ready, failed, stuck) = (count(.ready), count(.failed), count(.stuck))
                return GroupsView.Group(
                    group: LinkView(
                        path: "/groups?path=\(Escape.component(path.description))",
                        label: path == .site ? words("Site") : path.description),
                    count: states.count, ready: ready, failed: trouble(failed), stuck: trouble(stuck),
                    others: states.count - ready - failed - stuck)
            })
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
