import API
import Fleet

/// The agents of terminal servers, and how another one joins.
struct AgentsView: TemplateView {
    static let template = PageTemplate("agents", Embedded.agents_mustache)

    var tabs: TabsView
    var failure: String?
    /// What to run on a terminal server, with the token just made.
    var command: String?
    /// Nil when there is none.
    var table: TableView<Row>?
    /// Nil without leave to add servers.
    var added: FormView?

    struct Row: View {
        var name: String
        var link: String
        var state: StateView
        var until: String
        var menu: ActionMenuView?
    }

    init(
        _ agents: [AgentAnswer], command: String?, failure: String?, typed: Form? = nil, groups: [GroupPath],
        mayRevoke: (TerminalName) -> Bool, _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/agents", words)
        (self.command, self.failure) = (command, failure)
        if !agents.isEmpty {
            table = TableView(
                words("Agents"), columns: words.all("Server", "State", "Certificate until", "Actions"),
                rows: agents.map { Row($0, mayRevoke: mayRevoke($0.server), words) })
        }
        guard !groups.isEmpty else { return }
        added = FormView(
            path: "/desktops/agents", style: "card settings", heading: words("Let a terminal server join"),
            fields: [
                FieldView(
                    "server", words("Its name here (empty: its host name)"),
                    InputView(value: typed?["server"], maximumLength: 63, placeholder: "ts-1")),
                FieldView(
                    "group", words("Group"),
                    options: groups.map {
                        OptionView(text: $0.description, isChosen: $0.description == typed?["group"])
                    }),
            ], submit: words("Create"))
    }
}

extension AgentsView.Row {
    fileprivate init(_ agent: AgentAnswer, mayRevoke: Bool, _ words: Words) {
        name = agent.server.text
        link = "/desktops/servers/\(agent.server)"
        state =
            agent.isListening
            ? StateView(kind: "ready", text: words("connected"))
            : StateView(kind: "failed", text: words("not connected"))
        until = Format.time(second: agent.validUntil)
        if mayRevoke {
            menu = ActionMenuView(actions: [
                ActionView(
                    path: "/desktops/agents/\(agent.server)/revoke", label: words("Revoke"),
                    style: "quiet danger")
            ])
        }
    }
}
