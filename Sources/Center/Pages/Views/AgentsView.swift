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
        var heard: String
        var version: String
        var sessions: String
        var until: String
        /// The page that confirms revoking its agent; nil for callers without the permission.
        var revoke: String?
        /// For screen readers.
        var spoken: String
    }

    /// - Parameter servers: those that the caller sees.
    init(
        _ agents: [AgentAnswer], on servers: [TerminalName: TerminalAnswer], command: String?,
        failure: String?, typed: Form? = nil, groups: [GroupPath], mayRevoke: (TerminalName) -> Bool,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/agents", words)
        (self.command, self.failure) = (command, failure)
        if !agents.isEmpty {
            table = TableView(
                words("Agents"),
                columns: words.all(
                    "Server", "State", "Heard", "Version", "Sessions", "Certificate until", "Actions"),
                rows: agents.map {
                    Row($0, on: servers[$0.server], mayRevoke: mayRevoke($0.server), words)
                })
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
    fileprivate init(
        _ agent: AgentAnswer, on server: TerminalAnswer?, mayRevoke: Bool, _ words: Words
    ) {
        name = agent.server.text
        link = "/desktops/servers/\(agent.server)"
        let isSilent = server.map { [.silent, .neverHeard].contains($0.state) } ?? false
        // A connection may outlive what the agent tells.
        state =
            isSilent
            ? StateView(kind: "failed", text: words("silent"))
            : agent.isListening
                ? StateView(kind: "ready", text: words("connected"))
                : StateView(kind: "failed", text: words("takes no orders now"))
        heard = server.map { DesktopServerView.heard($0, words) } ?? ""
        version = server?.version ?? ""
        sessions = server.map { DesktopServerView.sessions($0) } ?? ""
        until = Format.time(second: agent.validUntil)
        revoke = mayRevoke ? "/desktops/agents/\(agent.server)/revoke" : nil
        spoken = words("Revoke the agent of %1", agent.server.text)
    }
}

/// Asks whether an agent is not to be let in any more.
struct AgentRevokeView: TemplateView {
    static let template = PageTemplate("agentrevoke", Embedded.agentrevoke_mustache)

    var tabs: TabsView
    var heading: String
    var state: StateView
    /// Who has a session there; nil: no one.
    var people: String?
    var confirmed: ConfirmView

    init(_ answer: TerminalAnswer, _ words: Words) {
        tabs = TabsView(desktops: "/desktops/agents", words)
        heading = words("Revoke the agent of %1", answer.server.name.text)
        state = StateView(answer, words)
        let users = (answer.sessions ?? []).map {
            $0.user == Acts.somePerson ? words("a person") : $0.user
        }
        people = users.isEmpty ? nil : users.joined(separator: ", ")
        confirmed = ConfirmView(
            path: "/desktops/agents/\(answer.server.name)/revoke", label: words("Revoke"), isDanger: true,
            back: LinkView(path: "/desktops/agents", label: words("Cancel")))
    }
}
