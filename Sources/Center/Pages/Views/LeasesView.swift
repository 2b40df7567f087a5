import API
import Fleet
import Wire

/// Leases by address.
struct LeasesView: TemplateView {
    static let template = PageTemplate("leases", Embedded.leases_mustache)

    /// How many there are, whose they are, and how many of them fit.
    var summary: String
    /// How full the pools of each network are; nil where none has one.
    var pools: Pools?
    /// Networks with hardly a free address, for callers who can give them more.
    var scarce: [String] = []
    var filter: FilterView
    /// The way to the other order.
    var resort: LinkView
    /// Nil when none matches.
    var table: TableView<Row>?
    /// Why there is no row.
    var none: String
    /// Whether an address of the page can be kept.
    var mayReserve: Bool
    var pages: PagerView

    struct Pools: View {
        var rows: [Pool]

        init?(_ networks: [NetworkAnswer], _ words: Words) {
            rows = networks.filter { $0.size > 0 && !$0.isProxy }.map { Pool($0, words) }
            if rows.isEmpty { return nil }
        }
    }

    /// The addresses that the pools of a network have.
    struct Pool: View {
        var network: String
        /// Shows its leases alone.
        var link: String
        var use: ShareView?

        init(_ network: NetworkAnswer, _ words: Words) {
            self.network = [network.name?.text, network.network].compactMap(\.self).joined(separator: " · ")
            link = "/leases?q=\(Escape.component(network.network))"
            let free = max(0, network.size - network.leased)
            let numbers = [network.leased, free].map { Format.number($0, words.language) }
            use = ShareView(
                Double(network.leased) / Double(network.size),
                text: words("%1 used, %2 free", numbers[0], numbers[1]))
        }
    }

    struct Row: View {
        var address: String
        /// Of the node, else what the machine calls itself.
        var name: String
        /// Nil: it is not a node's.
        var link: String?
        /// Of its node; nil: it has none.
        var group: LinkView?
        var state: StateView?
        var holder: String
        /// Nil: never.
        var end: End?
        /// Keeps the address for a machine that is not a node; nil where the caller may not.
        var reserve: ActionView?
    }

    /// When a lease ends.
    struct End: View {
        var at: String
        /// How long it is until then.
        var left: String

        init(_ second: Int, now: Int, _ words: Words) {
            at = Format.time(second: second)
            left =
                second <= now ? words("expired") : words("%1 left", Format.age((second - now) * 1_000))
        }
    }

    /// - Parameters:
    ///   - networks: those whose pools are shown.
    ///   - mayReserve: whether the caller may keep addresses for machines, and mend networks.
    ///   - now: in seconds since 1970.
    init(
        _ list: Acts.LeaseList, _ pager: Pager, _ order: Acts.LeaseOrder = .address,
        networks: [NetworkAnswer] = [], mayReserve: Bool = false, now: Int, _ words: Words
    ) {
        // A column without any button would only take room.
        let reserves = list.page.rows.map { mayReserve ? Self.reserve($0, words) : nil }
        self.mayReserve = reserves.contains { $0 != nil }
        let search = pager.query.isEmpty ? [] : ["q=\(Escape.component(pager.query))"]
        let parts = search + (order == .address ? ["order=\(Acts.LeaseOrder.end.rawValue)"] : [])
        resort = LinkView(
            path: "/leases" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&")),
            label: order == .address ? words("Sort by end") : words("Sort by address"))
        let figures = list.figures
        func shown(_ number: Int) -> String { Format.number(number, words.language) }
        let others = figures.total - figures.ofNodes
        summary = words(
            "Leases: %1 (%2 of nodes, %3 of unknown machines)", shown(figures.total),
            shown(figures.ofNodes), shown(others))
        if !pager.query.isEmpty { summary += " · " + words("matching: %1", shown(list.page.count)) }
        pools = Pools(networks, words)
        if mayReserve { scarce = networks.filter(\.isScarce).map { words(scarce: $0) } }
        filter = FilterView(
            "/leases", query: pager.query, label: words("Show leases that match"),
            chips: [
                ("of=node", words("nodes"), figures.ofNodes),
                ("of=unknown", words("unknown machines"), others),
                ("ends=soon", words("expires within an hour"), figures.ending),
                ("ends=past", words("expired"), figures.past),
            ])
        none = figures.total == 0 ? words("No address is leased.") : words("No lease matches.")
        pages = pager.links(count: list.page.count)
        guard !list.page.rows.isEmpty else { return }
        var table = TableView(
            words("Leases"),
            columns: words.all(
                "Address", "Node or host name", "Group", "State", "Hardware address", "Lease ends"),
            rows: zip(list.page.rows, reserves).map { lease, reserve in
                let node = lease.node.flatMap { list.nodes[$0] }
                return Row(
                    address: lease.address.description, name: lease.node?.text ?? lease.hostName,
                    link: lease.node.map { "/nodes/\($0)" },
                    group: node.map {
                        LinkView(
                            path: "/groups?path=\(Escape.component($0.group.description))",
                            label: $0.group == .site ? words("Site") : $0.group.description)
                    },
                    state: node.map { StateView(kind: $0.state.rawValue, text: words($0.state.word)) },
                    holder: words(lease.holder),
                    end: lease.expiresAt.map { End($0, now: now, words) },
                    reserve: reserve)
            })
        if self.mayReserve { table.columns.append(ColumnView(title: words("Actions"))) }
        self.table = table
    }

    /// A node has its address on its own page, and a machine without a hardware address has nothing to keep one for.
    private static func reserve(_ lease: LeaseAnswer, _ words: Words) -> ActionView? {
        guard lease.node == nil, let machine = MACAddress(lease.holder) else { return nil }
        return ActionView(
            path: "/networks/reserve", label: words("Reserve"), style: "quiet",
            spoken: "\(words("Reserve")): \(lease.address)",
            hidden: [
                HiddenView("machine", machine.description), HiddenView("address", lease.address.description),
            ])
    }
}
