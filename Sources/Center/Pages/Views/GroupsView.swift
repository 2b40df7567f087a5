import Fleet

/// The settings of one group, beside the tree of groups; or only those of the site.
struct GroupsView: TemplateView {
    static let template = PageTemplate("groups", Embedded.groups_mustache)

    var heading: String
    var path: String
    /// Where its form returns to.
    var back: String
    /// Nil on the settings page.
    var tree: Tree?
    var nodeCount: Int
    /// The search for its nodes.
    var nodesQuery: String
    /// Where links to its wall board are made; nil for callers who may not.
    var boards: String?
    /// Where its nodes' restart is scheduled; nil for callers who may not.
    var later: String?
    /// The time that is viewed; nil: now.
    var at: String?
    var mayEdit: Bool
    var mayRemove: Bool
    var fields: SettingFieldsView

    struct Tree: View {
        var branches: [Branch]
    }

    struct Branch: View {
        /// The path, escaped for a query.
        var escaped: String
        var label: String
        var depth: Int
        /// Nodes in it and below it.
        var count: Int
        var isCurrent: Bool
    }

    /// - Parameters:
    ///   - hasTree: false on the settings page.
    ///   - at: the time that is viewed, in seconds since 1970; nil: now.
    init(_ details: Acts.GroupDetails, hasTree: Bool, at: Int?, _ words: Words) {
        let path = details.path
        if hasTree {
            tree = Tree(
                branches: details.tree.map { group, count in
                    Branch(
                        escaped: Escape.component(group.description),
                        label: group == .site ? words("Site") : group.lastPart,
                        depth: min(5, group.parts.count), count: count, isCurrent: group == path)
                })
        }
        self.path = path.description
        heading = hasTree ? (path == .site ? words("Site") : path.description) : words("Settings")
        back = hasTree ? "/groups?path=\(Escape.component(path.description))" : "/settings"
        nodeCount = details.nodeCount
        nodesQuery = Escape.component("group=\(path)")
        boards = details.mayConfigure ? "/boards?group=\(Escape.component(path.description))" : nil
        later = details.mayConfigure ? "/schedules?act=restart&unless=yes&on=\(nodesQuery)" : nil
        self.at = at.map { Format.time(second: $0) }
        mayEdit = details.mayConfigure
        mayRemove = path != .site
        fields =
            details.settings.map {
                SettingFieldsView(
                    $0.effective.definitions.filter { path == .site || !$0.isSiteWide }, own: $0.own,
                    effective: $0.effective, words)
            } ?? SettingFieldsView([], own: [:], effective: EffectiveSettings(levels: []), words)
    }
}
