import API
import Fleet

/// A list as a table; the page's template has the cells of a row, as the block `row`.
struct TableView<Row: View>: TemplateView {
    static var template: PageTemplate { PageTemplate("table", Embedded.table_mustache) }

    /// For those who cannot see it.
    var label: String
    /// What the browser looks for to show newer rows.
    var live: String?
    var columns: [ColumnView]
    var rows: [Row]

    /// - Parameter columns: their titles.
    init(_ label: String, live: String? = nil, columns: [String], rows: [Row]) {
        self.label = label
        self.live = live
        self.columns = columns.map { ColumnView(title: $0) }
        self.rows = rows
    }
}

/// That of the part itself, which knows no rows.
struct NoRow: View {}

struct ColumnView: View {
    var title: String
    /// Whether it ticks all rows.
    var selectsAll = false
}

/// The ways to the neighbours of one page of a long list.
struct PagerView: TemplateView {
    static let template = PageTemplate("pager", Embedded.pager_mustache)

    var previous: String?
    var next: String?
}

/// A button that does one thing: a form without fields.
struct ActionView: TemplateView {
    static let template = PageTemplate("action", Embedded.action_mustache)

    var path: String
    var label: String
    /// Classes of the button.
    var style: String?
    /// What is said for the label, where that is a sign.
    var spoken: String?
    var hidden: [HiddenView] = []
}

/// What may be done with one thing, in the order in which it is offered.
struct ActionMenuView: TemplateView {
    static let template = PageTemplate("actions", Embedded.actions_mustache)

    var actions: [ActionView]
}

/// A question before something is done, with the way out.
struct ConfirmView: TemplateView {
    static let template = PageTemplate("confirm", Embedded.confirm_mustache)

    var path: String
    var hidden: [HiddenView] = []
    var label: String
    var isDanger = false
    var back: LinkView?
}

struct LinkView: View {
    var path: String
    var label: String
}

/// What a form brings along unseen.
struct HiddenView: View {
    var name: String
    var value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// How something stands, as a coloured word.
struct StateView: TemplateView {
    static let template = PageTemplate("state", Embedded.state_mustache)

    /// The class in the style sheet.
    var kind: String
    var text: String
}

extension StateView {
    /// How far a boot has come.
    init(_ stage: BootStage?, failure: String, _ words: Words) {
        switch stage {
        case nil: self.init(kind: "unseen", text: words("no boot seen"))
        case .ready: self.init(kind: "ready", text: words("ready"))
        case .failed: self.init(kind: "failed", text: "\(words("failed")): \(failure)")
        case let stage?: self.init(kind: "booting", text: words("at %1", stage.rawValue))
        }
    }

    init(_ boot: BootTimeline?, _ words: Words) {
        self.init(boot?.entries.last?.stage, failure: boot?.entries.last?.detail ?? "", words)
    }

    init(_ machine: MachineAnswer, _ words: Words) {
        self.init(machine.stage, failure: machine.failure ?? "", words)
    }
}
