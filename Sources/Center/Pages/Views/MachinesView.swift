import API
import Fleet
import Wire

/// Machines that are not nodes yet, each with its approval form.
struct MachinesView: TemplateView {
    static let template = PageTemplate("machines", Embedded.machines_mustache)

    /// How they are handled until then.
    var policy: String
    var failure: String?
    var rows: [Row]
    var pages: PagerView

    struct Row: View {
        var mac: String
        var id: String
        var code: String
        var address: String
        var state: StateView
        var seen: String
        var hardware: String?
        var approval: Approval?
    }

    struct Approval: View {
        /// The name typed at the machine.
        var suggestion: String?
        var groups: [OptionView]
    }

    /// - Parameter groups: groups that the caller may put nodes into; nil if there are none.
    init(
        _ machines: [MachineAnswer], _ pager: Pager, policy: Enrolment, groups: [String]?, failure: String?,
        _ words: Words
    ) {
        self.policy = words(policy.explanation)
        self.failure = failure
        rows = pager.rows(of: machines).map { Row($0, groups: groups, words) }
        pages = pager.links(count: machines.count)
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
