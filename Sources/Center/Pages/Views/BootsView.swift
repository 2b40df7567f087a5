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

/// The last boots, the worst or the newest first.
struct BootsView: TemplateView {
    static let template = PageTemplate("boots", Embedded.boots_mustache)

    /// How many there are, and how many of them fit.
    var summary: String
    /// When the oldest one began; nil: there is none.
    var since: String?
    var filter: FilterView
    /// The order in words, and the way to the other one.
    var order: String
    var resort: LinkView
    /// Boots that ended alike, on the first page.
    var alike: [Alike]
    /// Very many that went well, by group, below the others; nil: they are among the rows.
    var ready: TableView<Group>?
    /// What the rows are beside boots that share a line; nil: there are none of those.
    var heading: String?
    /// Nil when none matches.
    var table: TableView<Row>?
    /// Why there is no row.
    var none: String
    var pages: PagerView

    struct Alike: View {
        /// With how many there are.
        var state: StateView
        /// Empty: they told nothing.
        var detail: String
        var machines: [LinkView]
    }

    /// Boots of one group that went well.
    struct Group: View {
        var group: LinkView
        var state: StateView
        var nodes: LinkView
        var median: String
        var slowest: String
    }

    struct Row: View {
        var started: String
        var name: String
        var link: String
        /// The hardware address of a machine that is not a node.
        var mac: String?
        var group: LinkView
        var state: StateView
        /// How long it took, or has taken so far.
        var took: String
        /// The stage that it is at, where its state does not say that.
        var stage: String
        var detail: String

        /// - Parameter now: milliseconds since 1970.
        init(_ seen: Acts.SeenBoot, now: Int, _ words: Words) {
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
            let last = boot.entries.last
            took = Self.took(seen, last, now: now, words)
            stage = [.stuck, .booting, .broken].contains(seen.outcome) ? last?.stage.rawValue ?? "" : ""
            detail = words.told(last?.detail ?? "")
        }

        private static func took(
            _ seen: Acts.SeenBoot, _ last: BootTimeline.Entry?, now: Int, _ words: Words
        ) -> String {
            switch seen.outcome {
            case .ready, .off: Format.duration(seen.boot.readyAfter)
            case .booting, .stuck:
                words("%1 so far", Format.age(max(0, now - seen.boot.startedAt)))
            case .failed, .broken: Format.duration(last.map { $0.at - seen.boot.startedAt })
            }
        }
    }

    /// - Parameters:
    ///   - order: of the list.
    ///   - now: milliseconds since 1970.
    init(_ list: Acts.BootList, _ pager: Pager, _ order: Acts.BootOrder = .time, now: Int, _ words: Words) {
        since = list.since.map { Format.time(millisecond: $0) }
        let search = pager.query.isEmpty ? [] : ["q=\(Escape.component(pager.query))"]
        switch order {
        case .worst:
            self.order = words("worst first")
            let parts = ["order=\(Acts.BootOrder.time.rawValue)"] + search
            resort = LinkView(path: "/boots?\(parts.joined(separator: "&"))", label: words("Sort by time"))
        case .time:
            self.order = words("newest first")
            resort = LinkView(
                path: (["/boots"] + search).joined(separator: "?"), label: words("Show the worst first"))
        }
        alike = pager.offset > 0 ? [] : list.alike.map { Alike($0, now: now, words) }
        if pager.offset == 0, !list.ready.isEmpty {
            ready = TableView(
                words("Boots that went well"),
                columns: words.all("Group", "State", "Nodes", "Median", "Slowest"),
                rows: Self.slowestFirst(list.ready).compactMap { Group($0, words) })
        }
        summary = words("Last boots: %1", Format.number(list.total, words.language))
        if !pager.query.isEmpty {
            summary += " · " + words("matching: %1", Format.number(list.page.count, words.language))
        }
        filter = FilterView(
            "/boots", query: pager.query, label: words("Show boots that match"),
            chips: Acts.BootOutcome.allCases.map {
                ("state=\($0.rawValue)", StateView($0, words).text, list.outcomes[$0] ?? 0)
            } + [("state=\(Acts.BootList.strangers)", words("unknown machines"), list.unknown)])
        let folded = (list.alike + list.ready).reduce(0) { $0 + $1.boots.count }
        none = folded > 0 ? "" : list.total == 0 ? words("No boot was seen yet.") : words("No boot matches.")
        if folded > 0, !list.page.rows.isEmpty {
            let areUnknown = list.page.rows.allSatisfy { $0.node == nil }
            heading = areUnknown ? words("Unknown machines") : words("Other boots")
        }
        // Those that share a line have no row.
        pages = pager.links(count: list.page.count - folded)
        guard !list.page.rows.isEmpty else { return }
        table = TableView(
            words("Boots"),
            columns: words.all("Started", "Machine", "Group", "State", "Took", "Last stage"),
            rows: list.page.rows.map { Row($0, now: now, words) })
    }

    /// Groups as they are, but those with a slower boot before others.
    private static func slowestFirst(_ groups: [Acts.AlikeBoots]) -> [Acts.AlikeBoots] {
        let slowest = groups.map { $0.boots.compactMap(\.boot.readyAfter).max() ?? 0 }
        return groups.indices.sorted { (slowest[$1], $0) < (slowest[$0], $1) }.map { groups[$0] }
    }
}

extension BootsView.Alike {
    /// Machines that are named.
    private static let nameLimit = 100

    /// - Parameter now: milliseconds since 1970.
    init(_ alike: Acts.AlikeBoots, now: Int, _ words: Words) {
        state = StateView(alike.outcome, words)
        if let stage = alike.stage { state.text = words("stuck after %1", stage.rawValue) }
        state.text = "\(Format.number(alike.boots.count, words.language)) × \(state.text)"
        // How long the one that waits longest has taken.
        let oldest = alike.stage == nil ? nil : alike.boots.map(\.boot.startedAt).min()
        detail = [
            words.told(alike.detail),
            oldest.map { words("%1 so far", Format.age(max(0, now - $0))) } ?? "",
        ].filter { !$0.isEmpty }.joined(separator: " · ")
        machines = alike.boots.prefix(Self.nameLimit).map {
            LinkView(path: "/nodes/\($0.node?.name ?? NodeName(unknown: $0.boot.macAddress))", label: $0.name)
        }
    }
}

extension BootsView.Group {
    /// Nil: those of no group.
    init?(_ alike: Acts.AlikeBoots, _ words: Words) {
        guard let path = alike.group else { return nil }
        let times = alike.boots.compactMap(\.boot.readyAfter).sorted()
        let name = path == .site ? words("Site") : path.description
        group = LinkView(path: "/groups?path=\(Escape.component(path.description))", label: name)
        state = StateView(alike.outcome, words)
        nodes = LinkView(
            path: "/nodes?q=" + Escape.component("group=\(path) state=ready"),
            label: Format.number(alike.boots.count, words.language))
        median = times.isEmpty ? "" : Format.duration(times[(times.count - 1) / 2])
        slowest = times.last.map { Format.duration($0) } ?? ""
    }
}
