import API
import Fleet

/// The kept files, each with its errors and warnings.
struct KeptFilesView: TemplateView {
    static let template = PageTemplate("keptfiles", Embedded.keptfiles_mustache)

    var table: TableView<Row>
    var sources: TableView<SourceRow>

    struct Row: View {
        var path: String
        var scope: String
        /// Nil: it was never read.
        var kind: String?
        var sectionCount: Int
        var state: StateView
        var problems: [String]
    }

    struct SourceRow: View {
        var name: String
        var recordCount: Int
        /// Nil: people apply it.
        var path: String?
        /// The same.
        var state: StateView?
        var problems: [String]
    }

    init(_ files: [KeptFileAnswer], _ sources: [AppliedSourceAnswer], _ words: Words) {
        self.sources = TableView(
            words("Files of the configuration"), live: "sources",
            columns: words.all("Source", "Records", "Path", "State"),
            rows: sources.map { source in
                SourceRow(
                    name: source.name.text, recordCount: source.recordCount, path: source.path,
                    state: source.path.map { _ in
                        source.problems.isEmpty
                            ? StateView(kind: "ready", text: words("in effect"))
                            : StateView(
                                kind: "failed", text: words("refused: what was read before stays in force"))
                    }, problems: source.problems.map { words($0) })
            })
        table = TableView(
            words("Kept files"), live: "kept-files",
            columns: words.all("Path", "Applies to", "Kind", "Sections", "State"),
            rows: files.map { file in
                Row(
                    path: file.path, scope: file.scope == "site" ? words("Site") : file.scope,
                    kind: file.kind,
                    sectionCount: file.sectionCount,
                    state: file.isRefused
                        ? StateView(
                            kind: "failed", text: words("refused: what was read before stays in force"))
                        : StateView(kind: "ready", text: words("in effect")),
                    problems: file.problems.map { words($0.sentence) })
            })
    }
}
