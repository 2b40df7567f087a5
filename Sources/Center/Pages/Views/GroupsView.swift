import Fleet

/// The settings of one group, beside the tree of all; or those of the site alone.
struct GroupsView: TemplateView {
    static let template = PageTemplate("groups", Embedded.groups_mustache)

    var heading: String
    var path: String
    /// Where its form leads back to.
    var back: String
    /// Nil on the page of settings.
    var tree: Tree?
    var nodeCount: Int
    /// The search for its nodes.
    var nodesQuery: String
    /// The link that opens its wall board.
    var wall: String?
    /// When it was so; nil is now.
    var at: String?
    var mayEdit: Bool
    var mayRemove: Bool
    var fields: SettingFieldsView

    struct Tree: View {
        var branches: [Branch]
    }

    struct Branch: View {
        /// The path, as it stands in a query.
        var escaped: String
        var label: String
        var depth: Int
        /// Nodes in it and below it.
        var count: Int
        var isCurrent: Bool
    }

    /// - Parameters:
    ///   - shown: the groups of the tree; nil on the page of settings.
    ///   - wall: the link that opens its wall board, for those who may give it away.
    init(
        _ path: GroupPath, in snapshot: FleetSnapshot, shown: [GroupPath]?, mayRead: Bool, mayEdit: Bool,
        wall: String?, at: Int?, _ words: Words
    ) {
        var counts: [GroupPath: Int] = [:]
        for node in snapshot.nodes.values {
            for ancestor in node.group.lineage { counts[ancestor, default: 0] += 1 }
        }
        tree = shown.map { groups in
            Tree(
                branches: groups.sorted().map {
                    Branch(
                        escaped: Escape.component($0.description),
                        label: $0 == .site ? words("Site") : $0.lastPart, depth: min(5, $0.parts.count),
                        count: counts[$0] ?? 0, isCurrent: $0 == path)
                })
        }
        self.path = path.description
        heading =
            shown == nil ? words("Settings") : path == .site ? words("Site") : path.description
        back = shown == nil ? "/settings" : "/groups?path=\(Escape.component(path.description))"
        nodeCount = counts[path] ?? 0
        nodesQuery = Escape.component("group=\(path)")
        self.wall = wall
        self.at = at.map { Format.time(second: $0) }
        self.mayEdit = mayEdit
        mayRemove = path != .site
        let definitions = SettingDefinition.all.filter { path == .site || !$0.isSiteWide }
        fields = SettingFieldsView(
            mayRead ? definitions : [], own: snapshot.groups[path]?.settings ?? [:],
            effective: snapshot.settings(of: path), words)
    }
}
