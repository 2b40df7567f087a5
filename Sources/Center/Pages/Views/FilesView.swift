import API
import Fleet

/// Files on the server for nodes, with what names them.
struct FilesView: TemplateView {
    static let template = PageTemplate("files", Embedded.files_mustache)

    var failure: String?
    var table: TableView<Row>
    /// Nil for those who may only look.
    var added: FormView?

    struct Row: View {
        var name: String
        var size: String
        var digest: String
        var at: String
        var uses: [String]
        var menu: ActionMenuView
    }

    /// - Parameter typed: a form that was refused: it comes back as it was filled in.
    init(_ files: [StoredFileAnswer], failure: String?, typed: Form? = nil, mayEdit: Bool, _ words: Words) {
        self.failure = failure
        table = TableView(
            words("Files for nodes"),
            columns: words.all("Name", "Size", "SHA-256", "Changed", "Used by", "Actions"),
            rows: files.map { file in
                Row(
                    name: file.name.text, size: Format.size(file.byteCount),
                    digest: String(file.digest.text.prefix(12)), at: Format.time(second: file.changedAt),
                    uses: file.uses,
                    menu: ActionMenuView(
                        actions: mayEdit
                            ? [
                                ActionView(
                                    path: "/files/\(file.name)/remove", label: words("remove"),
                                    style: "quiet danger")
                            ] : []))
            })
        guard mayEdit else { return }
        added = FormView(
            path: "/files", style: "card settings", heading: words("New file of text, or another content"),
            fields: [
                FieldView("name", words("Name"), InputView(value: typed?["name"], isRequired: true)),
                FieldView("text", words("Text"), LinesView(rows: 12, text: typed?["text"] ?? "")),
            ], submit: words("Save"))
    }
}
