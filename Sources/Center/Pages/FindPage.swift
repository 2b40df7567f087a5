import Fleet
import Hummingbird

/// Everything that has a name, and what can be done with it: the palette of every page, and a page of its own.
struct FindPage: FleetPage {
    static let views: [any TemplateView.Type] = [FindView.self]

    /// The most of each kind.
    private static let limit = 7

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("find", .read) { request, context, acts in
            let words = pages.renderer.words(context)
            let question = FindQuestion(request.query("q") ?? "", words)
            let found = try await acts.search(question.name, limit: Self.limit)
            let menu = LayoutView.menu("", grants: context.caller?.grants ?? [], words).flatMap(\.entries)
            let view = FindView(
                question, found, menu: menu, mayRestart: acts.maySomewhere(.enrol), words)
            return try pages.show(view, "Find", section: "", request, context)
        }
    }
}

/// A search: a name, with a verb if an act is wanted.
struct FindQuestion {
    /// What may come before or after a name.
    enum Verb: CaseIterable {
        case restart, explain, log, settings, boots, hardware, history

        /// In the language of the pages, as in English.
        var label: String {
            switch self {
            case .restart: "Restart"
            case .explain: "Explain"
            case .log: "Log"
            case .settings: "Settings"
            case .boots: "Boots"
            case .hardware: "Hardware"
            case .history: "History"
            }
        }

        fileprivate var tab: NodeTab? {
            switch self {
            case .restart: nil
            case .explain: .overview
            case .log: .log
            case .settings: .settings
            case .boots: .boots
            case .hardware: .hardware
            case .history: .history
            }
        }

        /// Where it is done with a node.
        func path(of node: String) -> String {
            guard let tab else { return "/nodes/\(node)/restart" }
            return "/nodes/\(node)" + (tab == .overview ? "#next" : "?tab=\(tab.rawValue)")
        }
    }

    /// As it was typed.
    let text: String
    let name: String
    let verb: Verb?

    init(_ text: String, _ words: Words) {
        self.text = text
        let parts = text.split(whereSeparator: \.isWhitespace).map(String.init)
        func verb(_ word: String?) -> Verb? {
            guard parts.count > 1, let word = word?.lowercased() else { return nil }
            return Verb.allCases.first { [$0.label, words($0.label)].contains { $0.lowercased() == word } }
        }
        if let first = verb(parts.first) {
            (self.verb, name) = (first, parts.dropFirst().joined(separator: " "))
        } else if let last = verb(parts.last) {
            (self.verb, name) = (last, parts.dropLast().joined(separator: " "))
        } else {
            (self.verb, name) = (nil, text)
        }
    }
}
