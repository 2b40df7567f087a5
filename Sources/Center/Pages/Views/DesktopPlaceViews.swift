import API
import Fleet

extension Words {
    /// A sentence of the placement.
    func callAsFunction(_ sentence: PlacementWords) -> String {
        var text = self(sentence.text)
        for (index, value) in sentence.values.enumerated() {
            text = text.replacing("%\(index + 1)", with: value)
        }
        return text
    }

    /// What is wrong with a terminal server or a pool. What its agent says is a text of its own.
    func what(_ trouble: TerminalTrouble) -> String {
        if case .reported(_, let text) = trouble { told(text) } else { self(trouble.what) }
    }

    /// The same with how it is fixed.
    func callAsFunction(_ trouble: TerminalTrouble) -> String { "\(what(trouble)); \(self(trouble.fix))" }

    /// Why servers take no log-in.
    func callAsFunction(_ lack: PlacementLack) -> String {
        lack.count == 1 ? self(lack.words) : "\(lack.count) × \(self(lack.words))"
    }
}

/// Where a person would get a session, and why.
struct DesktopPlaceView: TemplateView {
    static let template = PageTemplate("desktopplace", Embedded.desktopplace_mustache)

    var tabs: TabsView
    var user: String
    var node: String
    var pools: [OptionView]
    var problem: String?
    /// Nil before the question.
    var answer: Answer?

    struct Answer: View {
        var sentence: String
        /// The style class: `good` where a session is got, `problem` where none is.
        var kind: String
        /// Nil where no server is seen.
        var table: TableView<Row>?
        var others: String?
    }

    struct Row: View {
        var level: Int
        var name: String
        var link: String
        /// With the log-in; nil where it was not considered.
        var use: ShareView?
        /// Nil: another one is chosen, or none.
        var chosen: StateView?
        var why: String
    }

    /// What was asked.
    struct Question {
        var user = ""
        var node = ""
        var pool = ""
    }

    init(
        _ question: Question, pools: [PoolName], _ placed: Acts.Placed? = nil, problem: String? = nil,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/place", words)
        (user, node, self.problem) = (question.user, question.node, problem)
        self.pools = ([""] + pools.map(\.text)).map { OptionView(text: $0, isChosen: $0 == question.pool) }
        answer = placed.map { Answer($0, words) }
    }
}

extension DesktopPlaceView.Answer {
    init(_ placed: Acts.Placed, _ words: Words) {
        let answer = placed.answer
        let who = answer.user.isEmpty ? words("a guest") : answer.user
        let pool = answer.pool.text
        let isPlaced = placed.refusal == nil && (answer.server != nil || answer.broker != nil)
        kind = isPlaced ? "good" : "problem"
        if let refusal = placed.refusal {
            sentence = words("Pool %1: %2", pool, words(refusal.words))
        } else if let broker = answer.broker {
            sentence = words("An RD Connection Broker places the log-ins of pool %1: %2", pool, broker)
        } else if let server = answer.server {
            sentence =
                answer.isReconnection
                ? words("%1 comes back to a session on %2.", who, server.text)
                : words("%1 gets a session on %2.", who, server.text)
        } else {
            sentence = words("No server of pool %1 that you see takes %2 now.", pool, who)
        }
        if answer.otherCount > 0 {
            others = words("%1 servers that you may not see are left out.", "\(answer.otherCount)")
        }
        guard !placed.reasons.isEmpty else { return }
        table = TableView(
            words("Servers"), columns: words.all("Level", "Server", "Capacity used", "Why"),
            rows: placed.reasons.map { server, level, reason in
                DesktopPlaceView.Row(
                    level: level + 1, name: server.text, link: "/desktops/servers/\(server)",
                    use: ShareView(reason.use?.share),
                    chosen: server == answer.server
                        ? StateView(kind: "ready", text: words("chosen")) : nil,
                    why: words(reason.words))
            })
    }
}

/// The last log-ins.
struct DesktopLogInsView: TemplateView {
    static let template = PageTemplate("desktoplogins", Embedded.desktoplogins_mustache)

    var tabs: TabsView
    var filter: FilterView
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView

    struct Row: View {
        var at: String
        var user: String
        var node: String?
        var pool: String
        /// Where the pool's servers are judged, for this node.
        var explain: String
        var server: String?
        var outcome: StateView
        var isReconnection: Bool
        var took: String
        var why: String
    }

    /// - Parameter outcomes: how many log-ins came to each.
    init(
        _ page: Acts.Page<PlacementEntry>, _ pager: Pager, outcomes: [PlacementEntry.Outcome: Int],
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/log-ins", words)
        filter = FilterView(
            "/desktops/log-ins", query: pager.query, label: words("Search log-ins"),
            chips: PlacementEntry.Outcome.allCases.map {
                ("outcome=\($0.rawValue)", StateView($0, words).text, outcomes[$0] ?? 0)
            })
        pages = pager.links(count: page.count)
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Log-ins"),
            columns: words.all("When", "Person", "Outcome", "Node", "Pool", "Server", "After", "Why"),
            rows: page.rows.map { entry in
                Row(
                    at: Format.time(second: entry.at), user: Self.person(entry.user, words),
                    node: entry.node?.text, pool: entry.pool.text,
                    explain: "/desktops/place?user=&pool=\(Escape.component(entry.pool.text))"
                        + (entry.node.map { "&node=\(Escape.component($0.text))" } ?? ""),
                    server: entry.server?.text,
                    outcome: StateView(entry.outcome, words), isReconnection: entry.isReconnection,
                    took: Format.duration(entry.took),
                    why: entry.causes.isEmpty
                        ? words(entry.text) : entry.causes.map { words($0) }.joined(separator: ", "))
            })
    }

    private static func person(_ user: String, _ words: Words) -> String {
        user.isEmpty ? words("a guest") : user == Acts.somePerson ? words("a person") : user
    }
}
