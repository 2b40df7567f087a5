import API
import Fleet

/// The kept files, each with its errors and warnings.
struct KeptFilesView: TemplateView {
    static let template = PageTemplate("keptfiles", Embedded.keptfiles_mustache)

    var table: TableView<Row>

    struct Row: View {
        var path: String
        var scope: String
        /// Nil: it was never read.
        var kind: String?
        var sectionCount: Int
        var state: StateView
        var problems: [String]
    }

    init(_ files: [KeptFileAnswer], _ words: Words) {
        table = TableView(
            words("Kept files"), live: "kept-files",
            columns: words.all("Path", "Applies to", "Kind", "Sections", "State"),
            rows: files.map { file in
                Row(
                    path: file.path, scope: file.scope == "site" ? words("Site") : file.scope,
                    kind: file.kind,
                    sectionCount: file.sectionCount,
                    state: file.isRefused
                        ? StateView(kind: "failed", text: words("refused: what was read before counts"))
                        : StateView(kind: "ready", text: words("in effect")),
                    problems: file.problems.map(\.description))
            })
    }
}
