import API
import Fleet

/// Files on the server for nodes, with what names them.
struct FilesView: TemplateView {
    static let template = PageTemplate("files", Embedded.files_mustache)

    var failure: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// The open form.
    var form: FormView?
    /// Before a file is removed.
    var removal: Removal?
    /// Whether a new one may be added.
    var mayAdd: Bool
    /// Where the setting is that delivers them; nil for those who may only look.
    var setting: String?

    struct Row: View {
        var name: String
        /// Its form; nil for those who may only look.
        var edit: String?
        var size: String
        var digest: String
        var at: String
        var uses: [String]
        var remove: String?
    }

    struct Removal: View {
        var name: String
        var uses: [String]
        var confirm: ConfirmView
    }

    /// The contents of the form.
    struct Typed {
        var name: String
        var text: String
        var isNew: Bool
        /// On nodes; of a new one.
        var path = ""
        /// What was refused.
        var form: Form?
    }

    /// - Parameters:
    ///   - removal: the name of the file to be removed.
    ///   - groups: those that the form of a new one offers.
    init(
        _ files: [StoredFileAnswer], failure: String?, typed: Typed? = nil, removal: String? = nil,
        mayEdit: Bool, groups: [String] = [], _ words: Words
    ) {
        self.failure = failure
        if !files.isEmpty {
            table = TableView(
                words("Files for nodes"),
                columns: words.all("Name", "Size", "SHA-256", "Changed", "Used by", "Actions"),
                rows: files.map { Row($0, mayEdit: mayEdit, words) })
        }
        mayAdd = mayEdit && typed == nil
        guard mayEdit else { return }
        setting = "/settings#setting-\(Settings.files.name)"
        form = typed.map { Self.form($0, groups, words) }
        self.removal = files.first { $0.name.text == removal }.map { file in
            Removal(
                name: file.name.text, uses: file.uses.map { words($0) },
                confirm: ConfirmView(
                    path: "/files/\(file.name)/remove", label: words("Remove %1", file.name.text),
                    isDanger: true, back: LinkView(path: "/files", label: words("Cancel"))))
        }
    }

    private static func form(_ typed: Typed, _ groups: [String], _ words: Words) -> FormView {
        let text = FieldView(
            "text", words("Text"), hint: words("A file that is not text is put here with roost file put."),
            LinesView(rows: 16, text: typed.text))
        return FormView(
            path: "/files", style: "card settings",
            heading: typed.isNew ? words("New file") : typed.name,
            hidden: typed.isNew ? [] : [HiddenView("name", typed.name)],
            fields: typed.isNew
                ? [
                    FieldView(
                        "name", words("Name"),
                        InputView(value: typed.name, isRequired: true, isFocused: true, maximumLength: 100)),
                    FieldView(
                        "path", words("File on the node"),
                        hint: words("Empty: no node gets it until a setting files names it"),
                        InputView(value: typed.path, placeholder: "/etc/motd")),
                    .group(
                        groups, first: groups.first ?? GroupPath.site.description, typed: typed.form, words),
                    text,
                ] : [text],
            submit: typed.isNew ? words("Add file") : words("Save"), cancel: "/files")
    }
}

extension FilesView.Row {
    init(_ file: StoredFileAnswer, mayEdit: Bool, _ words: Words) {
        let escaped = Escape.component(file.name.text)
        name = file.name.text
        size = Format.size(file.byteCount)
        digest = String(file.digest.text.prefix(12))
        at = Format.time(second: file.changedAt)
        uses = file.uses.map { words($0) }
        if mayEdit {
            (edit, remove) = ("/files?name=\(escaped)", "/files?remove=\(escaped)")
        }
    }
}
