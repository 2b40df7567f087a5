import Fleet

/// What was found by its name, best first, and the keys of every page.
struct FindView: TemplateView {
    static let template = PageTemplate("find", Embedded.find_mustache)

    var query: String
    var rows: [Row]
    var keys: [Key]

    struct Row: View {
        var path: String
        /// What is done there; nil: it is opened.
        var verb: String?
        var name: String
        var kind: String
        var detail: String
        /// A class of a node's state.
        var square: String?
    }

    struct Key: View {
        var keys: [String]
        var effect: String
    }

    /// - Parameters:
    ///   - menu: the pages that the caller may open.
    ///   - mayRestart: whether the caller may restart nodes somewhere.
    init(
        _ question: FindQuestion, _ found: [Acts.Found], menu: [LayoutView.Entry], mayRestart: Bool,
        _ words: Words
    ) {
        query = question.text
        let verbs = FindQuestion.Verb.allCases.filter { $0 != .restart || mayRestart }
        rows = found.filter { question.verb == nil || $0.kind == .node || $0.kind == .group }.map {
            Row($0, verb: verbs.first { $0 == question.verb }, words)
        }
        // With the node that was meant come all its acts.
        if question.verb == nil, let node = found.first(where: { $0.kind == .node }),
            found.count(where: { $0.kind == .node }) == 1
                || node.name.lowercased() == question.name.lowercased()
        {
            let place = rows.firstIndex { $0.name == node.name }.map { $0 + 1 } ?? rows.count
            rows.insert(contentsOf: verbs.map { Row(node, verb: $0, words) }, at: place)
        }
        let typed = question.text.lowercased()
        if question.verb == nil {
            let pages = menu.filter { typed.isEmpty || $0.title.lowercased().contains(typed) }
            rows += pages.map {
                Row(path: $0.path, name: $0.title, kind: words("Page"), detail: "")
            }
        }
        keys = Self.keys(words)
    }

    private static func keys(_ words: Words) -> [Key] {
        [
            Key(keys: ["Ctrl", "K"], effect: words("find anything by its name")),
            Key(keys: ["/"], effect: words("search nodes")),
            Key(keys: ["g", "d"], effect: words("Dashboard")),
            Key(keys: ["g", "n"], effect: words("Nodes")),
            Key(keys: ["g", "g"], effect: words("Groups")),
            Key(keys: ["g", "u"], effect: words("Unknown machines")),
            Key(keys: ["g", "s"], effect: words("Sessions")),
            Key(keys: ["g", "i"], effect: words("Images")),
            Key(keys: ["g", "b"], effect: words("Boots")),
            Key(keys: ["g", "h"], effect: words("History")),
            Key(keys: ["↑", "↓"], effect: words("the row above or below")),
            Key(keys: ["←", "→"], effect: words("the tab beside")),
            Key(keys: ["Esc"], effect: words("close")),
            Key(keys: ["?"], effect: words("these keys")),
        ]
    }
}

extension FindView.Row {
    init(_ found: Acts.Found, verb: FindQuestion.Verb?, _ words: Words) {
        let escaped = Escape.component(found.name)
        (name, detail) = (found.name, found.kind == .setting ? words(found.detail) : found.detail)
        square = found.state?.rawValue
        switch found.kind {
        case .node:
            (kind, path) = (words("Node"), verb?.path(of: escaped) ?? "/nodes/\(escaped)")
            self.verb = verb.map { words($0.label) }
        case .group:
            let tab =
                verb == .settings || verb == .history
                ? "&tab=\(verb == .settings ? "settings" : "history")" : ""
            (kind, path) = (words("Group"), "/groups?path=\(escaped)\(tab)")
            self.verb = tab.isEmpty ? nil : verb.map { words($0.label) }
        case .image: (kind, path) = (words("Image"), "/images#image-\(escaped)")
        case .server: (kind, path) = (words("Terminal server"), "/desktops/servers/\(escaped)")
        case .pool: (kind, path) = (words("Server pool"), "/desktops/place?pool=\(escaped)")
        case .account: (kind, path) = (words("Account"), "/desktops/accounts?q=\(escaped)")
        case .administrator: (kind, path) = (words("Administrator"), "/administrators?name=\(escaped)")
        case .setting: (kind, path) = (words("Setting"), "/settings#value-\(escaped)")
        }
    }
}
