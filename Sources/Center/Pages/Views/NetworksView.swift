import API
import Fleet
import Wire

/// Networks with what is leased, addresses that are kept, and loader rules.
struct NetworksView: TemplateView {
    static let template = PageTemplate("networks", Embedded.networks_mustache)

    var table: TableView<Row>
    /// Whether interfaces are served as they are: there is no record.
    var isBare: Bool
    /// Whether the caller may see what is reserved: reservations are of the whole site.
    var showsReservations: Bool
    var reservations: [Kept]
    var hasReservations: Bool
    /// Of the reservations.
    var pages: PagerView
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
        var leased: Int
        var size: Int
        var isScarce: Bool
        var problem: String?
    }

    struct Kept: View {
        var machine: String
        var address: String
        var removal: ActionView
    }

    struct Rule: View {
        var name: String
        var fits: String
        var loader: String
        var priority: Int
        var removal: ActionView
    }

    init(
        _ networks: [NetworkAnswer], reservations: [DHCPReservation]?, _ pager: Pager, rules: [LoaderRule],
        mayEdit: Bool, _ words: Words
    ) {
        table = TableView(
            words("Networks"),
            columns: words.all("Name", "Interface", "Subnet", "Pools", "Default router", "Leased"),
            rows: networks.map { Row($0) })
        isBare = !networks.contains { $0.name != nil }
        showsReservations = reservations != nil
        self.reservations = pager.rows(of: reservations ?? []).map { Kept($0, words) }
        pages = pager.links(count: reservations?.count ?? 0)
        self.rules = rules.map { Rule($0, words) }
        (hasReservations, hasRules) = (!self.reservations.isEmpty, !rules.isEmpty)
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
                    InputView(type: "number", minimum: 0, maximum: 65_535)),
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
    init(_ network: NetworkAnswer) {
        name = network.name?.text
        path =
            name.map { "/networks/edit?name=\(Escape.component($0))" }
            ?? "/networks/edit?interface=\(Escape.component(network.interface))"
        interface = network.interface
        subnet = network.network
        pools = network.pools.joined(separator: ", ")
        router = network.router?.description ?? ""
        (leased, size, isScarce) = (network.leased, network.size, network.isScarce)
        problem = network.problem
    }
}

extension NetworksView.Kept {
    init(_ reservation: DHCPReservation, _ words: Words) {
        machine = reservation.identity.description
        address = reservation.address.description
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
