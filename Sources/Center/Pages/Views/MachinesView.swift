import API
import Fleet
import Wire

/// Machines that are not nodes yet, each with its approval form.
struct MachinesView: TemplateView {
    static let template = PageTemplate("machines", Embedded.machines_mustache)

    /// How many there are.
    var summary: String
    /// How they are handled until then.
    var policy: String
    /// Where that is chosen; nil for callers who may not.
    var settings: String?
    /// Whether they wait with their codes on their screens.
    var wait: Bool
    var failure: String?
    var table: TableView<Row>?
    var pages: PagerView
    /// How those that are ticked become nodes; nil for callers who may approve none.
    var bulk: Bulk?

    struct Bulk: View {
        /// Until machines come live.
        var isHidden: Bool
        var pattern = ""
        var groups: [OptionView]
    }

    struct Row: View {
        var mac: String
        var id: String
        var code: String
        /// Empty, like its hardware, while it is not known.
        var address: String
        var hardware: String
        /// The kind of firmware that asked.
        var firmware: String
        var state: StateView
        /// When it asked for the first time in its present boot.
        var since: String
        /// How long ago it was last seen: `seen 3 s ago`.
        var seen: String
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

    /// - Parameters:
    ///   - groups: groups that the caller may put nodes into; nil if there are none.
    ///   - firmware: of each machine, as far as it is known.
    ///   - settings: where the policy is chosen, for callers who may.
    init(
        _ machines: [MachineAnswer], _ pager: Pager, policy: Enrolment, groups: [String]?,
        firmware: [MACAddress: String] = [:], settings: String? = nil, failure: String?, _ words: Words
    ) {
        self.settings = settings
        summary = words("Machines: %1", Format.number(machines.count, words.language))
        self.policy = words(policy.explanation)
        wait = policy == .quarantine
        self.failure = failure
        pages = pager.links(count: machines.count)
        let options = groups.map { $0.map { Self.option($0, isChosen: false, words) } }
        if let options { bulk = Bulk(isHidden: machines.isEmpty, groups: options) }
        guard !machines.isEmpty else { return }
        var table = TableView(
            words("Unknown machines"),
            // Only machines that wait show one.
            columns: words.all(wait ? "Code on its screen" : "Code", "Machine", "State", "Since"),
            rows: pager.rows(of: machines).map { machine in
                Row(
                    machine, policy, firmware: machine.macAddress.flatMap { firmware[$0] } ?? "",
                    groups: options, words)
            })
        if groups != nil {
            table.columns.insert(ColumnView(title: words("Select all"), selectsAll: true), at: 0)
            table.columns.append(ColumnView(title: words("Name and group")))
        }
        self.table = table
    }

    /// A group to choose. The site has a name there, and the path of the root as its value.
    private static func option(_ path: String, isChosen: Bool, _ words: Words) -> OptionView {
        OptionView(
            text: path == GroupPath.site.description ? words("Site") : path, value: path, isChosen: isChosen)
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
                    $0.chosen(if: form["group"])
                }
            }
            return view
        }
        let (ticked, group) = (Set(form.all("machine")), form["group"])
        view.bulk?.pattern = form["pattern"]
        if let groups = bulk?.groups {
            view.bulk?.groups = groups.map { $0.chosen(if: group) }
        }
        for index in view.table?.rows.indices ?? 0..<0 {
            let mac = view.table?.rows[index].mac
            view.table?.rows[index].isTicked = mac.map { ticked.contains($0) } ?? false
        }
        return view
    }
}

extension MachinesView.Row {
    init(
        _ machine: MachineAnswer, _ policy: Enrolment, firmware: String, groups: [OptionView]?, _ words: Words
    ) {
        mac = machine.macAddress?.description ?? ""
        id = machine.name.text
        code = machine.code ?? ""
        address = machine.address?.description ?? ""
        state = StateView(machine, words)
        // One that gets nothing further until it is approved does not hang.
        let waitsAt: [BootStage] = policy == .open ? [.dhcp] : [.dhcp, .loader, .script]
        if machine.state == .stuck, let stage = machine.stage, waitsAt.contains(stage) {
            state = StateView(kind: "waiting", text: words("waiting"), title: state.text)
        }
        self.firmware = firmware
        since = Format.time(millisecond: machine.startedAt ?? machine.seenAt)
        seen = machine.seenAt.map { words("seen %1 ago", Format.age(max(0, Clock.millisecond - $0))) } ?? ""
        hardware = machine.hardware ?? ""
        approval = groups.map { groups in
            MachinesView.Approval(
                suggestion: machine.wantedName?.text,
                groups: groups.map { $0.chosen(if: machine.wantedGroup?.description ?? "") })
        }
    }
}
