import API
import Fleet

/// A class list that becomes accounts: the form that takes it, or what each of its rows would do.
struct AccountImportView: TemplateView {
    static let template = PageTemplate("accountimport", Embedded.accountimport_mustache)

    /// Why the list cannot be read.
    var problem: String?
    /// Nil once there is a list.
    var form: FormView?
    /// Beside the form.
    var sample: Sample?
    var list: List?
    /// What to do where it cannot be saved.
    var hint: String?
    /// Nil while it cannot be saved.
    var saving: ConfirmView?
    /// Where it cannot be saved: leads to the form.
    var back: String?

    /// A list with one account.
    struct Sample: View {
        var text: String
        /// The same as a file that is downloaded.
        var link: String

        init(_ text: String) {
            self.text = text
            link = "data:text/csv;charset=utf-8,\(Escape.component(text))"
        }
    }

    struct List: View {
        var summary: String
        var encoding: String
        var table: TableView<Row>
    }

    struct Row: View {
        var line: Int
        var name: String
        var fullName: String
        var groups: String
        var hasPassword: Bool
        var fate: StateView
        /// Empty: it is not refused.
        var reason: String
    }

    private static let path = "/desktops/accounts/import"
    private static let example = """
        name;full-name;groups;password
        maria;Maria Garcia;class-3a;four random words
        """

    /// The form.
    ///
    /// - Parameters:
    ///   - text: the list that could not be read.
    ///   - replaces: whether accounts that exist are changed.
    init(text: String = "", replaces: Bool = false, problem: String? = nil, _ words: Words) {
        self.problem = problem
        sample = Sample(Self.example)
        form = FormView(
            path: Self.path, style: "settings", hidden: [HiddenView("file", "")],
            parts: [
                FormPart(
                    words("List"),
                    [
                        FieldView(
                            "chosen", words("CSV file"),
                            InputView(type: "file", bytesTo: "file")),
                        FieldView(
                            "list", words("Or paste the list"),
                            hint: words(
                                "First line: the names of the columns. Required: name. Optional: full-name, groups, password, password-hash, uid, expires, disabled. Separate columns with a semicolon, comma or tab, and groups with commas or spaces. An account without a password cannot log in yet."
                            ), LinesView(rows: 8, text: text)),
                        FieldView(
                            "replace", words("Update existing accounts"), isTicked: replaces),
                    ])
            ], submit: words("Preview changes"), cancel: "/desktops/accounts")
    }

    /// What each row would do.
    ///
    /// - Parameter bytes: the list in Base64, which is read again when it is saved.
    init(_ preview: Acts.AccountPreview, bytes: String, replaces: Bool, _ words: Words) {
        list = List(
            summary: Self.summary(preview, words), encoding: preview.encoding.rawValue,
            table: TableView(
                words("Rows of the list"),
                columns: words.all("Line", "Name", "Full name", "Groups", "Password", "Result", "Detail"),
                rows: preview.rows.map { row in
                    Row(
                        line: row.line, name: row.name, fullName: row.fullName,
                        groups: row.groups.joined(separator: ", "), hasPassword: row.hasPassword,
                        fate: StateView(row.fate, words), reason: row.reason.map { words($0) } ?? "")
                }))
        if preview.wish != nil {
            saving = ConfirmView(
                path: Self.path,
                hidden: [HiddenView("file", bytes), HiddenView("save", "yes")]
                    + (replaces ? [HiddenView("replace", "yes")] : []),
                label: words("Save"), back: LinkView(path: Self.path, label: words("Cancel")))
        } else {
            back = Self.path
            if preview.rows.contains(where: { $0.fate == .refused }) {
                hint = words(
                    "Nothing is saved while a row is refused: mend the list, and import it again.")
            }
        }
    }

    /// `added: 24 · refused: 1`.
    private static func summary(_ preview: Acts.AccountPreview, _ words: Words) -> String {
        let fates: [NodeImport.Fate] = [.added, .changed, .unchanged, .refused]
        let parts = fates.compactMap { fate -> String? in
            let count = preview.rows.count { $0.fate == fate }
            return count == 0 ? nil : "\(words(fate.rawValue)): \(count)"
        }
        return parts.isEmpty ? words("The list has no row.") : parts.joined(separator: " · ")
    }
}

extension StateView {
    /// What becomes of a row of a list.
    fileprivate init(_ fate: NodeImport.Fate, _ words: Words) {
        let kind =
            switch fate {
            case .added, .changed: "ready"
            case .unchanged: "unseen"
            case .refused: "failed"
            }
        self.init(kind: kind, text: words(fate.rawValue))
    }
}

/// What becomes of an account that is removed, before it is.
struct AccountRemovalView: TemplateView {
    static let template = PageTemplate("accountremoval", Embedded.accountremoval_mustache)

    var name: String
    var heading: String
    /// Why it was not removed.
    var problem: String?
    /// Nil: there is none, or the caller may not know of it.
    var sessions: Sessions?
    var confirmed: ConfirmView

    /// Where its person is now.
    struct Sessions: View {
        var servers: [LinkView]
    }

    /// - Parameter tag: of the account as it is now.
    init(
        _ name: LogInName, tag: String, sessions: [TerminalName], problem: String? = nil, _ words: Words
    ) {
        self.name = name.text
        heading = words("Remove the account %1", name.text)
        self.problem = problem
        if !sessions.isEmpty { self.sessions = Sessions(servers: sessions.map(LinkView.init(terminal:))) }
        confirmed = ConfirmView(
            path: "/desktops/account",
            hidden: [
                HiddenView("name", name.text), HiddenView("tag", tag), HiddenView("remove", "yes"),
                HiddenView("confirmed", "yes"),
            ], label: words("Remove"), isDanger: true,
            back: LinkView(path: "/desktops/accounts", label: words("Cancel")))
    }
}
