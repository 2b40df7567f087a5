import API
import Fleet
import Wire

/// Leases by address.
struct LeasesView: TemplateView {
    static let template = PageTemplate("leases", Embedded.leases_mustache)

    var table: TableView<Row>
    var pages: PagerView

    struct Row: View {
        var address: String
        var holder: String
        var node: String?
        var hostName: String
        /// Nil: never.
        var expires: String?
    }

    init(_ leases: Acts.Page<LeaseAnswer>, _ pager: Pager, _ words: Words) {
        pages = pager.links(count: leases.count)
        let rows = leases.rows.map { lease in
            Row(
                address: lease.address.description, holder: lease.holder, node: lease.node?.text,
                hostName: lease.hostName, expires: lease.expiresAt.map { Format.time(second: $0) })
        }
        table = TableView(
            words("Leases"), live: "leases",
            columns: words.all("Address", "Holder", "Node", "Host name", "Expires"), rows: rows)
    }
}
