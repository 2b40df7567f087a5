import API
import Fleet

/// What would be done with several sessions, before it is; then with which of them it was not done.
struct SessionHelpView: TemplateView {
    static let template = PageTemplate("sessionhelp", Embedded.sessionhelp_mustache)

    var heading: String
    /// What it means for the people.
    var meaning: String?
    var problem: String?
    /// Why it was not done, a line for each session.
    var failures: [String] = []
    /// Who it is about, with where each of them is.
    var people: [Person]
    /// Where a message is written.
    var message: FormView?
    /// Nil for a message.
    var confirmed: ConfirmView?

    struct Person: View {
        var user: String
        var server: String
        /// Empty: it is not known.
        var place: String
    }

    /// What a form of several sessions asks for.
    struct Wish {
        var act: Act
        /// The search of the list, to which it leads back.
        var query: String
        /// Of a message.
        var text = ""

        enum Act: String {
            case message, disconnect, end
        }

        var back: String {
            let path = "/desktops/sessions"
            return query.isEmpty ? path : "\(path)?q=\(Escape.component(query))"
        }
    }

    /// - Parameter failures: with which of them it was not done.
    init(
        _ wish: Wish, _ sessions: [TerminalSessionAnswer], failures: [Acts.HelpFailure] = [],
        problem: String? = nil, _ words: Words
    ) {
        let count = "\(sessions.count)"
        switch wish.act {
        case .message: heading = words("Message to the selected sessions (%1)", count)
        case .disconnect:
            heading = words("Disconnect the selected sessions (%1)", count)
            meaning = words(
                "No display shows the session any more. It goes on, and its owner can come back to it.")
        case .end:
            heading = words("End the selected sessions (%1)", count)
            meaning = words("What is not saved in the session is lost.")
        }
        self.problem = problem
        let users = Dictionary(
            sessions.map { (Acts.SessionPick(server: $0.server, id: $0.id), $0.user) },
            uniquingKeysWith: { one, _ in one })
        self.failures = failures.map { one in
            "\(users[one.pick] ?? one.pick.id) · \(one.pick.server): \(words(one.why))"
        }
        people = sessions.map { Person(user: $0.user, server: $0.server.text, place: $0.place) }
        let hidden =
            sessions.map { HiddenView("session", "\($0.server)/\($0.id)") } + [
                HiddenView("act", wish.act.rawValue), HiddenView("q", wish.query),
                HiddenView("confirmed", "yes"),
            ]
        if sessions.isEmpty { return }
        if wish.act == .message {
            message = FormView(
                path: "/desktops/sessions", hidden: hidden,
                fields: [
                    FieldView(
                        "text", words("Message"),
                        InputView(value: wish.text, isRequired: true, isFocused: true, maximumLength: 500))
                ], submit: words("Send"), cancel: wish.back)
        } else {
            confirmed = ConfirmView(
                path: "/desktops/sessions", hidden: hidden, label: heading, isDanger: wish.act == .end,
                back: LinkView(path: wish.back, label: words("Cancel")))
        }
    }
}
