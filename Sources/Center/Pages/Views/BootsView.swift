import API
import Fleet
import Wire

extension StateView {
    /// How a boot went.
    init(_ outcome: Acts.BootOutcome, _ words: Words) {
        switch outcome {
        case .failed: self.init(kind: "failed", text: words("failed"))
        case .stuck: self.init(kind: "stuck", text: words("stuck"))
        case .booting: self.init(kind: "booting", text: words("booting"))
        case .broken: self.init(kind: "unseen", text: words("broken off"))
        case .ready: self.init(kind: "ready", text: words("ready"))
        case .off: self.init(kind: "off", text: words("off"))
        }
    }
}

/// The last boots, newest first.
struct BootsView: TemplateView {
    static let template = PageTemplate("boots", Embedded.boots_mustache)

    /// How many there are, and how many of them fit.
    var summary: String
    var filter: FilterView
    /// Nil when none matches.
    var table: TableView<Row>?
    /// Why there is no row.
    var none: String
    var pages: PagerView

    struct Row: View {
        var started: String
        var name: String
        var link: String
        /// The hardware address of a machine that is not a node.
        var mac: String?
        var group: LinkView
        var state: StateView
        var readyAfter: String
        /// The stage that it is at, where its state does not say that.
        var stage: String
        var detail: String

        init(_ seen: Acts.SeenBoot, _ words: Words) {
            let boot = seen.boot
            started = Format.time(millisecond: boot.startedAt)
            // The page of unknown machines names them by the code on their screens.
            name = seen.name
            link = "/nodes/\(seen.node?.name ?? NodeName(unknown: boot.macAddress))"
            mac = seen.node == nil ? boot.macAddress.description : nil
            group =
                seen.node.map {
                    LinkView(
                        path: "/groups?path=\(Escape.component($0.group.description))",
                        label: $0.group.description)
                } ?? LinkView(path: "/machines", label: words("unknown"))
            state = StateView(seen.outcome, words)
            readyAfter = Format.duration(boot.readyAfter)
            let last = boot.entries.last
            stage = [.stuck, .booting, .broken].contains(seen.outcome) ? last?.stage.rawValue ?? "" : ""
            detail = words.told(last?.detail ?? "")
        }
    }

    init(_ list: Acts.BootList, _ pager: Pager, _ words: Words) {
        summary = words("Last boots: %1", Format.number(list.total, words.language))
        if !pager.query.isEmpty {
            summary += " · " + words("matching: %1", Format.number(list.page.count, words.language))
        }
        filter = FilterView(
            "/boots", query: pager.query, label: words("Show boots that match"),
            chips: Acts.BootOutcome.allCases.map {
                ("state=\($0.rawValue)", StateView($0, words).text, list.outcomes[$0] ?? 0)
            })
        none = list.total == 0 ? words("No boot was seen yet.") : words("No boot matches.")
        pages = pager.links(count: list.page.count)
        guard !list.page.rows.isEmpty else { return }
        table = TableView(
            words("Boots"),
            columns: words.all("Started", "Machine", "Group", "State", "Ready after", "Last stage"),
            rows: list.page.rows.map { Row($0, words) })
    }
}
