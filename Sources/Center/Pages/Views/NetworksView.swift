import API
import Fleet
import Wire

/// Networks with what is leased, addresses that are kept, and loader rules.
struct NetworksView: TemplateView {
    static let template = PageTemplate("networks", Embedded.networks_mustache)

    var table: TableView<Row>
    /// Whether interfaces are served as they are: there is no record.
    var isBare: Bool
    /// Nil for callers who may not see what is reserved: reservations are of the whole site.
    var reservations: Reservations?
    var rules: [Rule]
    var hasRules: Bool
    var mayEdit: Bool
    var reserving: FormView?
    var ruling: FormView?

    struct Row: View {
        /// Nil: there is no record, the interface is served as it is.
        var name: String?
        /// The page that changes it, or makes it a record.
        var path: String
        var interface: String
        var subnet: String
        var pools: String
        var router: String
        /// How much of the pools is leased; nil where there are none.
        var leased: ShareView?
        /// The page of these leases.
        var leases: String
        /// Another server gives the addresses.
        var isProxy: Bool
        var problem: String?
    }

    /// The reservations that fit a search.
    struct Reservations: View {
        var query: String
        /// The number of all that fit.
        var count: String
        /// Whether there is anything to search.
        var isSearched: Bool
        /// Nil when there are none.
        var kept: TableView<Kept>?
        var pages: PagerView
    }

    struct Kept: View {
        var machine: String
        var address: String
        /// Nil for callers who may only read.
        var removal: ActionView?
    }

    struct Rule: View {
        var name: String
        var fits: String
        var loader: String
        var priority: Int
        var removal: ActionView
    }

    init(
        _ networks: [NetworkAnswer], reservations: Reservations?, rules: [LoaderRule], mayEdit: Bool,
        _ words: Words
    ) {
        table = TableView(
            words("Networks"),
            columns: words.all("Name", "Interface", "Subnet", "Pools", "Default router", "Leased"),
            rows: networks.map { Row($0, words) })
        isBare = !networks.contains { $0.name != nil }
        self.reservations = reservations
        self.rules = rules.map { Rule($0, words) }
        hasRules = !rules.isEmpty
        self.mayEdit = mayEdit
        guard mayEdit else { return }
        reserving = FormView(
            path: "/networks/reserve", style: "settings",
            fields: [
                FieldView(
                    "machine", words("Machine"), hint: words("Hardware address, UUID, or client:BYTES"),
                    InputView(isRequired: true, placeholder: "52:54:00:12:34:56")),
                FieldView(
                    "address", words("Address"), InputView(isRequired: true, placeholder: "10.77.0.10")),
            ], submit: words("What would change?"))
        ruling = FormView(
            path: "/networks/loader-rule", style: "settings",
            fields: [
                FieldView("name", words("Name"), InputView(isRequired: true, pattern: #"[a-z0-9\-]{1,63}"#)),
                FieldView("mac", words("Hardware address begins with"), InputView(placeholder: "52:54:00:*")),
                FieldView(
                    "architecture", words("Client architecture (DHCP option 93)"),
                    InputView(numberIn: 0...65_535)),
                FieldView(
                    "vendor-class", words("Vendor class begins with (DHCP option 60)"),
                    InputView(placeholder: "PXEClient")),
                FieldView("loader", words("Loader"), InputView(isRequired: true, placeholder: "snponly.efi")),
                FieldView(
                    "priority", words("Priority"), InputView(type: "number", value: "0", isRequired: true)),
            ], submit: words("What would change?"))
    }
}

extension NetworksView.Row {
    init(_ network: NetworkAnswer, _ words: Words) {
        name = network.name?.text
        path =
            name.map { "/networks/edit?name=\(Escape.component($0))" }
            ?? "/networks/edit?interface=\(Escape.component(network.interface))"
        interface = network.interface
        subnet = network.network
        pools = network.pools.joined(separator: ", ")
        router = network.router?.description ?? ""
        leases = "/leases?q=\(Escape.component(network.network))"
        leased =
            network.size == 0
            ? nil
            : ShareView(
                Double(network.leased) / Double(network.size),
                text: [
                    Format.number(network.leased, words.language), words("of"),
                    Format.number(network.size, words.language),
                ].joined(separator: " "))
        isProxy = network.isProxy
        problem = network.problem.map { words($0) }
    }
}

extension NetworksView.Reservations {
    init(_ page: Acts.Page<DHCPReservation>, _ pager: Pager, mayEdit: Bool, _ words: Words) {
        (query, count) = (pager.query, Format.number(page.count, words.language))
        isSearched = page.count > 0 || !pager.query.isEmpty
        pages = pager.links(count: page.count)
        guard !page.rows.isEmpty else { return }
        let columns = mayEdit ? words.all("Address", "Machine", "Actions") : words.all("Address", "Machine")
        kept = TableView(
            words("Reserved addresses"), columns: columns,
            rows: page.rows.map { NetworksView.Kept($0, mayEdit: mayEdit, words) })
    }
}

extension NetworksView.Kept {
    init(_ reservation: DHCPReservation, mayEdit: Bool, _ words: Words) {
        machine = reservation.identity.description
        address = reservation.address.description
        guard mayEdit else { return }
        removal = ActionView(
            path: "/networks/reserve", label: words("Remove"), style: "quiet",
            spoken: "\(words("Remove")) \(machine)",
            hidden: [HiddenView("machine", machine), HiddenView("remove", "yes")])
    }
}

extension NetworksView.Rule {
    init(_ rule: LoaderRule, _ words: Words) {
        name = rule.name.text
        fits = [
            rule.macPattern?.description, rule.architecture.map { "\(words("architecture")) \($0.rawValue)" },
            rule.vendorClass,
        ].compactMap { $0 }.joined(separator: ", ")
        (loader, priority) = (rule.loader, rule.priority)
        removal = ActionView(
            path: "/networks/loader-rule", label: words("Remove"), style: "quiet",
            spoken: "\(words("Remove")) \(name)",
            hidden: [HiddenView("name", name), HiddenView("remove", "yes")])
    }
}
