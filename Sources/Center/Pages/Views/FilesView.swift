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
    /// Whether that is for a new one.
    var isNew: Bool
    /// What people often put onto nodes: each opens the form with its path.
    var samples: [LinkView]
    /// Before a file is removed.
    var removal: Removal?
    /// Whether a new one may be added.
    var mayAdd: Bool

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
        isNew = mayEdit && typed?.isNew == true
        samples = Self.samples.map { path in
            LinkView(path: "/files?new=yes&path=\(Escape.component(path))", label: path)
        }
        guard mayEdit else { return }
        form = typed.map { Self.form($0, groups, words) }
        self.removal = files.first { $0.name.text == removal }.map { file in
            Removal(
                name: file.name.text, uses: file.uses.map { words($0) },
                confirm: ConfirmView(
                    path: "/files/\(file.name)/remove", label: words("Remove %1", file.name.text),
                    isDanger: true, back: LinkView(path: "/files", label: words("Cancel"))))
        }
    }

    private static let samples = [
        "/etc/motd", "/etc/cups/client.conf", "/etc/firefox/policies/policies.json",
    ]

    /// The field that a chosen file fills in.
    static let upload = "base64"

    private static func form(_ typed: Typed, _ groups: [String], _ words: Words) -> FormView {
        let hidden = [HiddenView(upload, "")] + (typed.isNew ? [] : [HiddenView("name", typed.name)])
        let content = [
            FieldView(
                "file", words("File"), id: "upload",
                hint: words("It goes in place of the text below."),
                InputView(type: "file", bytesTo: upload)),
            FieldView("text", words("Text"), LinesView(rows: 12, text: typed.text)),
        ]
        guard typed.isNew else {
            return FormView(
                path: "/files", style: "card settings", heading: typed.name, hidden: hidden, fields: content,
                submit: words("Save"), cancel: "/files")
        }
        let place = [
            FieldView(
                "path", words("File on the node"),
                hint: words("With :MODE behind it, unless that is 644. Empty: it is only stored"),
                InputView(value: typed.path, isFocused: true, placeholder: "/etc/motd")),
            .group(groups, first: groups.first ?? GroupPath.site.description, typed: typed.form, words),
            FieldView(
                "name", words("Name here"), hint: words("Empty: the last part of the path"),
                InputView(value: typed.name, maximumLength: 100)),
        ]
        return FormView(
            path: "/files", style: "card settings", hidden: hidden, fields: place + content,
            submit: words("Add file"), cancel: "/files")
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
