import Fleet

/// One group beside the tree of groups, in tabs; or only the settings of the site.
struct GroupsView: TemplateView {
    static let template = PageTemplate("groups", Embedded.groups_mustache)

    var heading: String
    var path: String
    /// Nil on the settings page.
    var tree: Tree?
    /// The same.
    var tabs: TabsView?
    /// One of these is set.
    var overview: Overview?
    var image: ImageForm?
    var configuration: Configuration?
    var history: NodeView.History?
    /// What the settings page is about; nil: this is another one.
    var scope: String?
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

    /// Its own settings beside the inherited ones.
    struct Configuration: View {
        /// Where its form returns to.
        var back: String
        var mayEdit: Bool
        var mayRemove: Bool
        /// The path to rename it to; nil for the site, which keeps its path.
        var newPath: String?
        var fields: SettingFieldsView
    }

    /// Another image at a time, and the restart that brings it.
    struct ImageForm: View {
        /// As the setting is there now; nil: it is not set.
        var current: String?
        var failure: String?
        /// Nil where there is no image.
        var form: FormView?
    }

    struct Tree: View {
        var branches: [Branch]
    }

    struct Branch: View {
        /// The path, escaped for a query.
        var escaped: String
        var path: String
        var label: String
        /// The label in a list to choose from.
        var choice: String
        var depth: Int
        /// Nodes in it and below it that failed or are stuck; nil: none.
        var failed: String?
        /// The same as pictures with numbers.
        var marks: [Mark]
        /// Nodes in it and below it.
        var count: Int
        var isCurrent: Bool
    }

    struct Mark: View {
        var kind: String
        var count: Int
    }

    /// - Parameters:
    ///   - current: the tab; nil on the settings page.
    ///   - at: the time that is viewed, in seconds since 1970; nil: now.
    ///   - refusal: what was typed as its settings, and refused.
    init(
        _ details: Acts.GroupDetails, current: GroupTab?, tabs: [GroupTab], at: Int?,
        refusal: SettingFieldsView.Refusal? = nil, _ words: Words
    ) {
        let path = details.path
        if let current {
            tree = Tree(
                branches: details.tree.map { group, count in
                    let marks = [
                        Mark(kind: "failed", count: details.failed[group] ?? 0),
                        Mark(kind: "stuck", count: details.stuck[group] ?? 0),
                    ].filter { $0.count > 0 }
                    let trouble =
                        marks.isEmpty
                        ? nil : marks.map { "\($0.count) \(words($0.kind))" }.joined(separator: ", ")
                    return Branch(
                        escaped: Escape.component(group.description), path: group.description,
                        label: group == .site ? words("Site") : group.lastPart,
                        choice: ([group == .site ? words("Site") : group.description, "\(count)"]
                            + [trouble].compactMap(\.self)).joined(separator: " · "),
                        depth: min(5, group.parts.count), failed: trouble, marks: marks, count: count,
                        isCurrent: group == path)
                })
            self.tabs = TabsView(tabs, of: path, current: current, at: at, words)
        }
        self.path = path.description
        heading = current == nil ? words("Settings") : path == .site ? words("Site") : path.description
        scope = current == nil ? words("For the whole site; groups, rules and nodes may differ.") : nil
        nodeCount = details.nodeCount
        nodesQuery = Escape.component("group=\(path)")
        boards = details.mayConfigure ? "/boards?group=\(Escape.component(path.description))" : nil
        later =
            details.mayConfigure
            ? "/schedules?act=restart&unless=yes&when=22:00&window=8h&on=\(nodesQuery)" : nil
        self.at = at.map { Format.time(second: $0) }
        mayEdit = details.mayConfigure
        guard current == nil || current == .settings else { return }
        configuration = Configuration(details, isSitePage: current == nil, refusal, words)
    }
}

extension GroupsView.Configuration {
    fileprivate init(
        _ details: Acts.GroupDetails, isSitePage: Bool, _ refusal: SettingFieldsView.Refusal?, _ words: Words
    ) {
        let path = details.path
        back = isSitePage ? "/settings" : GroupTab.settings.path(of: path, at: nil)
        mayEdit = details.mayConfigure
        mayRemove = path != .site
        let typed = refusal?.typed["new-path"] ?? ""
        newPath = path == .site ? nil : typed.isEmpty ? path.description : typed
        fields =
            details.settings.map {
                SettingFieldsView(
                    $0.effective.definitions.filter { path == .site || !$0.isSiteWide }, own: $0.own,
                    effective: $0.effective, mayEdit: details.mayConfigure, refusal: refusal, words)
            } ?? SettingFieldsView([], own: [:], effective: EffectiveSettings(levels: []), words)
    }
}

extension GroupsView.ImageForm {
    /// What the form sends.
    static let fields = ["image", "when", "window", "unless"]
    /// What is in it at first: tonight, where no one works.
    static let usual = ["when": "22:00", "window": "8h", "unless": "yes"]

    /// - Parameters:
    ///   - typed: what is in the fields.
    ///   - failure: why it was refused.
    init(_ offer: Acts.ImageOffer, typed: [String: String] = usual, failure: String? = nil, _ words: Words) {
        current = offer.current.map(\.description)
        self.failure = failure
        guard !offer.choices.isEmpty else { return }
        let chosen = typed["image"] ?? offer.choices[0].reference.description
        form = FormView(
            path: "/groups/image", style: "card settings",
            hidden: [HiddenView("path", offer.path.description)],
            fields: [
                FieldView(
                    "image", words("Image"),
                    options: offer.choices.map { choice in
                        let text = choice.reference.description
                        return OptionView(
                            text: Self.text(of: choice, words), value: text, isChosen: text == chosen)
                    }),
                FieldView(
                    "when", words("When"), hint: words("22:00, 2026-12-01 22:00, +2h"),
                    InputView(value: typed["when"], isRequired: true)),
                .window(typed["window"], words),
                FieldView(
                    "unless", words("Not where people are logged in"),
                    isTicked: typed["unless"]?.isEmpty == false),
            ], submit: words("Schedule it"))
    }

    private static func text(of choice: Acts.ImageOffer.Choice, _ words: Words) -> String {
        if choice.isNewest { return "\(choice.reference) (\(words("newest")))" }
        if case .channel = choice.reference.selector { return "\(choice.reference) → \(choice.number)" }
        return choice.reference.description
    }
}
