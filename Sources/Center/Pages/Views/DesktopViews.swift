import API
import Fleet

extension TabsView {
    /// The tabs of desktops; others are added here.
    init(desktops current: String, _ words: Words) {
        label = words("Desktops")
        let all = [
            ("/desktops", words("Server pools")), ("/desktops/servers", words("Servers")),
            ("/desktops/sessions", words("Sessions")), ("/desktops/accounts", words("Accounts")),
            ("/desktops/place", words("Who lands where?")), ("/desktops/log-ins", words("Log-ins")),
            ("/desktops/agents", words("Agents")),
        ]
        entries = all.map { Entry(path: $0, title: $1, isCurrent: $0 == current) }
    }
}

extension StateView {
    /// - Parameter isNeeded: whether a pool counts on the server.
    init(_ state: TerminalState, isNeeded: Bool = false, _ words: Words) {
        switch state {
        case .up: self.init(kind: "ready", text: words("up"))
        case .draining: self.init(kind: "booting", text: words("draining"))
        case .maintenance: self.init(kind: "unseen", text: words("maintenance"))
        case .failing: self.init(kind: "failed", text: words("log-ins fail"))
        case .silent: self.init(kind: "failed", text: words("silent"))
        case .neverHeard: self.init(kind: isNeeded ? "failed" : "unseen", text: words("never heard"))
        }
    }

    init(_ outcome: PlacementEntry.Outcome, _ words: Words) {
        switch outcome {
        case .sent: self.init(kind: "booting", text: words("on its way"))
        case .arrived: self.init(kind: "ready", text: words("arrived"))
        case .lost: self.init(kind: "failed", text: words("no session came"))
        case .failed: self.init(kind: "failed", text: words("the server could not"))
        case .noServer: self.init(kind: "failed", text: words("no server"))
        case .refused: self.init(kind: "unseen", text: words("refused"))
        }
    }
}

/// A part of a whole, as text and as a bar.
struct ShareView: TemplateView {
    static let template = PageTemplate("share", Embedded.share_mustache)

    var text: String
    /// Percent of the bar's length.
    var share: Int
    /// The style class: `busy` where little is left, `full` where nothing is.
    var kind: String

    /// Percent that can be seen beside nothing.
    private static let sliver = 2

    /// - Parameter text: nil: the percentage.
    init?(_ use: Double?, text: String? = nil) {
        guard let use else { return nil }
        let percent = Int((min(max(use, 0), 99) * 100).rounded())
        self.text = text ?? "\(percent) %"
        // What is used at all can be seen.
        share = use > 0 ? min(max(percent, Self.sliver), 100) : 0
        kind = percent >= 95 ? "full" : percent >= 80 ? "busy" : "free"
    }
}

/// Pools with their servers.
struct DesktopPoolsView: TemplateView {
    static let template = PageTemplate("desktoppools", Embedded.desktoppools_mustache)

    var tabs: TabsView
    /// About pools that no server takes log-ins for, for callers who can fix it.
    var problems: [String]
    /// Nil when there are none.
    var table: TableView<Row>?
    /// How sessions are counted, where it is not plain.
    var counting: String?
    var mayAdd: Bool

    struct Row: View {
        var name: String
        /// Nil for callers who may only read.
        var edit: String?
        var group: String
        var isOpen: Bool
        var hours: String
        var servers: [Server]
        /// Why no log-in finds a server now.
        var lack: String?
        var sessions: String
        /// Of its servers that take log-ins, on average; nil where there is none.
        var use: ShareView?
        var protocols: String
        var explain: String
    }

    struct Server: View {
        var name: String
        var link: String
        /// The style class of its state.
        var kind: String
        /// Nil: it is up.
        var state: String?
    }

    /// - Parameters:
    ///   - lacks: about pools that no server takes log-ins for.
    ///   - mayChange: whether the caller may change a pool of that group.
    init(
        _ pools: [PoolAnswer], _ lacks: [PlacementWords], mayAdd: Bool, mayChange: (GroupPath) -> Bool,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops", words)
        problems = lacks.map { words($0) }
        let members = pools.flatMap { $0.servers.map(\.name) }
        if Set(members).count < members.count {
            counting = words(
                "A session counts for the pool that placed it; where that is not known, for the first pool that has its server."
            )
        }
        self.mayAdd = mayAdd
        guard !pools.isEmpty else { return }
        table = TableView(
            words("Server pools"),
            columns: words.all("Name", "Open", "Servers", "Sessions", "Room used", "Protocols", "Placement"),
            rows: (pools.filter(Self.isUnserved) + pools.filter { !Self.isUnserved($0) }).map { answer in
                let name = answer.pool.name.text
                return Row(
                    name: name,
                    edit: mayChange(answer.pool.group)
                        ? "/desktops/pool?name=\(Escape.component(name))" : nil,
                    group: answer.pool.group.description, isOpen: answer.isOpen,
                    hours: answer.pool.hours.isEmpty ? words("always") : answer.pool.hours.text,
                    servers: answer.servers.map {
                        Server($0, words)
                    }, lack: Self.lack(answer, words),
                    sessions: Self.count(answer.sessionCount, underway: answer.underwayCount),
                    use: ShareView(Self.use(answer)),
                    protocols: answer.pool.protocols.map(\.rawValue).joined(separator: ", "),
                    explain: "/desktops/place?pool=\(Escape.component(name))")
            })
    }

    /// Whether it is open, and no server takes its log-ins.
    private static func isUnserved(_ answer: PoolAnswer) -> Bool {
        answer.isOpen && !answer.servers.contains { $0.state == .up }
    }

    private static func lack(_ answer: PoolAnswer, _ words: Words) -> String? {
        if answer.servers.isEmpty { return words("no server") }
        return answer.servers.contains { $0.state == .up } ? nil : words("no server takes log-ins")
    }

    private static func use(_ answer: PoolAnswer) -> Double? {
        let uses = answer.servers.filter { $0.state == .up }.compactMap(\.use)
        return uses.isEmpty ? nil : uses.reduce(0, +) / Double(uses.count)
    }

    /// `12+3`: three are on their way.
    static func count(_ count: Int, underway: Int) -> String {
        underway > 0 ? "\(count)+\(underway)" : "\(count)"
    }
}

extension DesktopPoolsView.Server {
    fileprivate init(_ member: PoolAnswer.Member, _ words: Words) {
        let shown = StateView(member.state, isNeeded: true, words)
        (name, link) = (member.name.text, "/desktops/servers/\(member.name)")
        (kind, state) = (shown.kind, member.state == .up ? nil : shown.text)
    }
}

/// Terminal servers.
struct DesktopServersView: TemplateView {
    static let template = PageTemplate("desktopservers", Embedded.desktopservers_mustache)

    var tabs: TabsView
    var filter: FilterView
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView
    var mayAdd: Bool

    struct Row: View {
        var name: String
        var link: String
        var group: String
        var state: StateView
        /// The first of what its agent says does not work.
        var trouble: String?
        /// When nothing was heard any more; nil while it is heard, or when it never was.
        var silentAt: String?
        /// Nil: never.
        var heardAt: String?
        var heard: String
        var sessions: String
        /// Nil when it was never heard.
        var use: ShareView?
        var load: String
        var memory: String
        var pools: [LinkView]
    }

    /// - Parameters:
    ///   - states: how many servers are in each state.
    ///   - now: seconds since 1970.
    init(
        _ page: Acts.Page<TerminalAnswer>, _ pager: Pager, states: [TerminalState: Int], mayAdd: Bool,
        now: Int, _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/servers", words)
        filter = FilterView(
            "/desktops/servers", query: pager.query, label: words("Show terminal servers that match"),
            chips: TerminalState.allCases.map {
                ("state=\($0.rawValue)", StateView($0, words).text, states[$0] ?? 0)
            })
        pages = pager.links(count: page.count)
        self.mayAdd = mayAdd
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Servers"),
            columns: words.all(
                "Server", "State", "Heard", "Sessions", "Room used", "Processors busy", "Memory",
                "Server pools"),
            rows: page.rows.map { answer in
                let heardAt = answer.heard.map { Format.time(second: max(0, now - $0)) }
                return Row(
                    name: answer.server.name.text, link: "/desktops/servers/\(answer.server.name)",
                    group: answer.server.group.description,
                    state: StateView(answer.state, isNeeded: !answer.pools.isEmpty, words),
                    trouble: answer.troubles.first
                        ?? (answer.isAgentOld == true ? words("its roost-agent is old") : nil),
                    silentAt: answer.state == .silent ? heardAt : nil, heardAt: heardAt,
                    heard: DesktopServerView.heard(answer, words),
                    sessions: DesktopServerView.sessions(answer), use: ShareView(answer.use),
                    load: answer.load.map { load in
                        words("%1 of %2", DesktopServerView.busy(load), "\(load.processorCount)")
                    } ?? "",
                    memory: answer.load.map { load in
                        words(
                            "%1 of %2", Format.size(load.usedMemoryByteCount),
                            Format.size(load.memoryByteCount))
                    } ?? "", pools: answer.pools.map(LinkView.init(pool:)))
            })
    }
}

extension LinkView {
    /// To what a pool does with log-ins now, which all who see it may read.
    init(pool: PoolName) {
        self.init(path: "/desktops/place?pool=\(Escape.component(pool.text))", label: pool.text)
    }
}
