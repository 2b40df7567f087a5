import API
import Fleet
import Wire

/// Machines that are not nodes yet, each with its approval form.
struct MachinesView: TemplateView {
    static let template = PageTemplate("machines", Embedded.machines_mustache)

    /// How they are handled until then.
    var policy: String
    var failure: String?
    var table: TableView<Row>?
    var pages: PagerView
    /// How those that are ticked become nodes; nil for callers who may approve none.
    var bulk: Bulk?

    struct Bulk: View {
        var pattern = ""
        var groups: [OptionView]
    }

    struct Row: View {
        var mac: String
        var id: String
        var code: String
        var address: String
        var state: StateView
        var seen: String
        var hardware: String?
        var isTicked = false
        var approval: Approval?
    }

    struct Approval: View {
        /// The name typed at the machine.
        var suggestion: String?
        /// What was typed in a form that was refused.
        var typed: String?
        var groups: [OptionView]
    }

    /// - Parameter groups: groups that the caller may put nodes into; nil if there are none.
    init(
        _ machines: [MachineAnswer], _ pager: Pager, policy: Enrolment, groups: [String]?, failure: String?,
        _ words: Words
    ) {
        self.policy = words(policy.explanation)
        self.failure = failure
        pages = pager.links(count: machines.count)
        if let groups { bulk = Bulk(groups: groups.map { OptionView(text: $0, isChosen: false) }) }
        guard !machines.isEmpty else { return }
        var table = TableView(
            words("Unknown machines"),
            columns: words.all("Code", "MAC", "Hardware", "Address", "State", "Seen"),
            rows: pager.rows(of: machines).map { Row($0, groups: groups, words) })
        if groups != nil {
            table.columns.insert(ColumnView(title: words("Select all"), selectsAll: true), at: 0)
            table.columns.append(ColumnView(title: words("Name and group")))
        }
        self.table = table
    }

    /// The same with what a refused form had in it.
    ///
    /// - Parameter machine: the machine whose own form it was; nil: that of the ticked ones.
    func filled(with form: Form?, of machine: MACAddress?) -> Self {
        guard let form else { return self }
        var view = self
        if let machine {
            for (index, row) in (table?.rows ?? []).enumerated() where row.mac == machine.description {
                view.table?.rows[index].approval?.typed = form["name"]
                view.table?.rows[index].approval?.groups = (row.approval?.groups ?? []).map {
                    OptionView(text: $0.text, isChosen: $0.text == form["group"])
                }
            }
            return view
        }
        let (ticked, group) = (Set(form.all("machine")), form["group"])
        view.bulk?.pattern = form["pattern"]
        if let groups = bulk?.groups {
            view.bulk?.groups = groups.map { OptionView(text: $0.text, isChosen: $0.text == group) }
        }
        for index in view.table?.rows.indices ?? 0..<0 {
            let mac = view.table?.rows[index].mac
            view.table?.rows[index].isTicked = mac.map { ticked.contains($0) } ?? false
        }
        return view
    }
}

extension MachinesView.Row {
    init(_ machine: MachineAnswer, groups: [String]?, _ words: Words) {
        mac = machine.macAddress?.description ?? ""
        id = machine.name.text
        code = machine.code ?? ""
        address = machine.address?.description ?? ""
        state = StateView(machine, words)
        seen = Format.time(millisecond: machine.seenAt)
        hardware = machine.hardware
        approval = groups.map { groups in
            MachinesView.Approval(
                suggestion: machine.wantedName?.text,
                groups: groups.map {
                    OptionView(text: $0, isChosen: $0 == machine.wantedGroup?.description)
                })
        }
    }
}
