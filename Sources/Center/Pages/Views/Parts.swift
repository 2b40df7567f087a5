import API
import Fleet

/// A list as a table; the page's template defines the cells of a row in the block `row`.
struct TableView<Row: View>: TemplateView {
    static var template: PageTemplate { PageTemplate("table", Embedded.table_mustache) }

    /// For screen readers.
    var label: String
    /// The element that the browser refreshes with newer rows.
    var live: String?
    var columns: [ColumnView]
    var rows: [Row]

    /// - Parameter columns: the column titles.
    init(_ label: String, live: String? = nil, columns: [String], rows: [Row]) {
        self.label = label
        self.live = live
        self.columns = columns.map { ColumnView(title: $0) }
        self.rows = rows
    }
}

/// The row of the part itself, which knows no rows.
struct NoRow: View {}

struct ColumnView: View {
    var title: String
    /// Whether it selects all rows.
    var selectsAll = false
}

/// Links to the neighbouring pages of a long list.
struct PagerView: TemplateView {
    static let template = PageTemplate("pager", Embedded.pager_mustache)

    var previous: String?
    var next: String?
    /// Nil where one page has all rows.
    var range: Range?

    /// Which rows the page has.
    struct Range: View {
        var first: Int
        var last: Int
        var count: Int
    }
}

extension PagerView.Range {
    /// Nil where one page has all rows, and beyond the last one.
    init?(offset: Int, limit: Int, count: Int) {
        guard count > limit, offset < count else { return nil }
        self.init(first: offset + 1, last: min(offset + limit, count), count: count)
    }
}

/// The parts of a page, each with its own address.
struct TabsView: TemplateView {
    static let template = PageTemplate("tabs", Embedded.tabs_mustache)

    /// For screen readers.
    var label: String
    var entries: [Entry]

    struct Entry: View {
        var path: String
        var title: String
        var isCurrent: Bool
    }
}

/// A button with one effect: a form without fields.
struct ActionView: TemplateView {
    static let template = PageTemplate("action", Embedded.action_mustache)

    var path: String
    var label: String
    /// Style classes of the button.
    var style: String?
    /// The label for screen readers, when the visible one is a symbol.
    var spoken: String?
    var hidden: [HiddenView] = []
}

/// The available actions on one thing, in order.
struct ActionMenuView: TemplateView {
    static let template = PageTemplate("actions", Embedded.actions_mustache)

    var actions: [ActionView]
}

/// A confirmation before an act, with a way to cancel.
struct ConfirmView: TemplateView {
    static let template = PageTemplate("confirm", Embedded.confirm_mustache)

    var path: String
    var hidden: [HiddenView] = []
    var label: String
    var isDanger = false
    /// Whether the keyboard is on its button at once.
    var isFocused = false
    var back: LinkView?
}

struct LinkView: View {
    var path: String
    var label: String
}

/// A hidden field of a form.
struct HiddenView: View {
    var name: String
    var value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A state as a coloured word.
struct StateView: TemplateView {
    static let template = PageTemplate("state", Embedded.state_mustache)

    /// The style class.
    var kind: String
    var text: String
    /// When its machine was last heard of.
    var title: String?
    /// Why, beside it: in lists, which have no other place for that.
    var because: String?

    /// The state and why, as a text.
    var sentence: String { because.map { "\(text): \($0)" } ?? text }
}

extension StateView {
    /// Milliseconds of silence that are said beside the state.
    private static let oldAfter = HeardMachines.lostAfter

    /// The progress of a boot.
    init(_ stage: BootStage?, _ words: Words) {
        switch stage {
        case nil: self.init(kind: "unseen", text: words(MachineState.unseen.word))
        case .ready: self.init(kind: "ready", text: words("ready"))
        case .off: self.init(kind: "off", text: words("off"))
        case .failed: self.init(kind: "failed", text: words("failed"))
        case let stage?: self.init(kind: "booting", text: words("booting: %1", stage.rawValue))
        }
    }

    init(_ boot: BootTimeline?, _ words: Words) {
        self.init(boot?.entries.last?.stage, words)
    }

    init(_ machine: MachineAnswer, _ words: Words) {
        self.init(machine.stage, words)
        because = machine.failure.flatMap { $0.isEmpty ? nil : words.told($0) }
        note(machine.state, machine.stage, heardAt: machine.heardAt, words)
    }

    /// - Parameter boot: its last one.
    init(_ node: NodeAnswer, _ boot: BootTimeline?, _ words: Words) {
        self.init(boot, words)
        note(node.state, boot?.entries.last?.stage, heardAt: node.heardAt, words)
    }

    /// Says how old the state is.
    private mutating func note(_ state: MachineState, _ stage: BootStage?, heardAt: Int?, _ words: Words) {
        let age = heardAt.map { max(0, Clock.millisecond - $0) }
        if state == .lost { (kind, text) = ("lost", words("lost")) }
        if state == .stuck, let stage { (kind, text) = ("stuck", words("stuck after %1", stage.rawValue)) }
        guard [.ready, .lost].contains(state), let age else { return }
        let heard = words("heard %1 ago", Format.age(age))
        title = heard
        if age >= Self.oldAfter { text += ", \(heard)" }
    }
}

extension MachineState {
    /// The word that people read for it, in chips, tiles, maps and tables alike; the phrase's key.
    var word: String { self == .unseen ? "never booted" : rawValue }
}
