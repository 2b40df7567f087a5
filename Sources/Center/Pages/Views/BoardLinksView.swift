import API
import Fleet

/// The links of wall boards, and the form for a new one.
struct BoardLinksView: TemplateView {
    static let template = PageTemplate("boards", Embedded.boards_mustache)

    var failure: String?
    /// The link just created.
    var link: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the form can be opened.
    var mayAdd: Bool
    /// While there is none: the group whose form opens.
    var start: FieldView?
    /// The open form.
    var added: FormView?

    struct Row: View {
        var name: String
        var group: String
        var creator: String
        var created: String
        /// Nil: never.
        var expires: String?
        var used: String?
        var menu: ActionMenuView
    }

    /// - Parameters:
    ///   - group: what the form for a new link begins with; nil: it is not open.
    ///   - groups: those that the form offers.
    ///   - typed: what was refused.
    init(
        _ links: [BoardLinkAnswer], link: String?, failure: String?, group: String?, groups: [String],
        typed: Form? = nil, _ words: Words
    ) {
        self.link = link
        self.failure = failure
        if !links.isEmpty {
            table = TableView(
                words("Wall boards"),
                columns: words.all(
                    "Name", "Group", "Created by", "Created", "Expires", "Last used", "Actions"),
                rows: links.map { Row($0, words) })
        }
        mayAdd = group == nil
        if links.isEmpty, group == nil {
            start = .group(groups, first: groups.first ?? GroupPath.site.description, typed: nil, words)
        }
        added = group.map { Self.form(for: $0, groups, typed: typed, words).filled(from: typed) }
    }

    private static func form(
        for group: String, _ groups: [String], typed: Form?, _ words: Words
    ) -> FormView {
        FormView(
            path: "/boards", style: "card settings", heading: words("New wall board"),
            fields: [
                FieldView(
                    "name", words("Label, such as staff room TV"),
                    InputView(isRequired: true, isFocused: true, maximumLength: 100)),
                .group(groups, first: group, typed: typed, words),
                FieldView(
                    "days", words("Days until it expires (0: never)"),
                    InputView(type: "number", value: "0", minimum: 0, maximum: 3_650)),
            ], submit: words("Add wall board"), cancel: "/boards")
    }
}

extension BoardLinksView.Row {
    init(_ link: BoardLinkAnswer, _ words: Words) {
        name = link.name
        group = link.group == .site ? words("whole site") : link.group.description
        creator = link.createdBy
        created = Format.time(second: link.createdAt)
        expires = link.expiresAt.map { Format.time(second: $0) }
        used = link.usedAt.map { Format.time(second: $0) }
        menu = ActionMenuView(actions: [
            ActionView(path: "/boards/\(link.id)/revoke", label: words("Revoke"), style: "quiet danger")
        ])
    }
}
