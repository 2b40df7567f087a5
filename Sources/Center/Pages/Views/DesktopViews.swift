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

    /// Of a server that drains and one that has done so.
    init(_ answer: TerminalAnswer, _ words: Words) {
        self.init(answer.state, isNeeded: !answer.pools.isEmpty, words)
        if answer.state == .draining, answer.sessionCount + answer.underwayCount == 0 {
            text = words("drained")
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

    /// - Parameters:
    ///   - text: nil: the percentage.
    ///   - isOld: whether that is the last that is known, of something that is not heard any more.
    init?(_ use: Double?, text: String? = nil, isOld: Bool = false) {
        guard let use else { return nil }
        let percent = Int((min(max(use, 0), 99) * 100).rounded())
        self.text = text ?? "\(percent) %"
        // What is used at all can be seen.
        share = use > 0 ? min(max(percent, Self.sliver), 100) : 0
        kind = isOld ? "old" : percent >= 95 ? "full" : percent >= 80 ? "busy" : "free"
    }
}

/// Pools with their servers.
struct DesktopPoolsView: TemplateView {
    static let template = PageTemplate("desktoppools", Embedded.desktoppools_mustache)

    var tabs: TabsView
    /// Pools that no server takes log-ins for, for callers who can fix it.
    var problems: [Lack]
    var silent: SilentServersView?
    /// Nil when there are none.
    var table: TableView<Row>?
    /// How sessions are counted, where it is not plain.
    var counting: String?
    var mayAdd: Bool

    struct Lack: View {
        var pool: LinkView
        var text: String
    }

    struct Row: View {
        var name: LinkView
        /// Empty: the whole site.
        var group: String
        var isOpen: Bool
        var hours: String
        var servers: [Server]
        /// Why no log-in finds a server now.
        var lack: String?
        var sessions: String
        /// How many people are on its servers of which nothing is heard, and on which: a line each.
        var unheard: [String]
        /// Of its servers that take log-ins, on average; nil where there is none.
        var use: ShareView?
        var protocols: String
    }

    struct Server: View {
        var name: String
        var link: String
        /// The style class of its state.
        var kind: String
        /// Nil: it is up.
        var state: String?
    }

    /// Silent servers of a pool that are named with their sessions.
    private static let namedSilentLimit = 3

    /// - Parameters:
    ///   - lacks: pools that no server takes log-ins for.
    ///   - mayChange: whether the caller may change a pool of that group.
    init(
        _ pools: [PoolAnswer], _ lacks: [TerminalTrouble], mayAdd: Bool, mayChange: (GroupPath) -> Bool,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops", words)
        problems = lacks.compactMap { lack in
            lack.pool.map { Lack(pool: LinkView(pool: $0), text: words(lack)) }
        }
        silent = SilentServersView(Self.silentServers(of: pools), words)
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
            columns: words.all("Name", "Open", "Servers", "Sessions", "Capacity used", "Protocols"),
            rows: (pools.filter(Self.isUnserved) + pools.filter { !Self.isUnserved($0) }).map { answer in
                let name = answer.pool.name.text
                return Row(
                    name: mayChange(answer.pool.group)
                        ? LinkView(path: "/desktops/pool?name=\(Escape.component(name))", label: name)
                        : LinkView(pool: answer.pool.name),
                    group: answer.pool.group.nameInSite, isOpen: answer.isOpen,
                    hours: answer.pool.hours.isEmpty ? words("always") : answer.pool.hours.text,
                    servers: answer.servers.map {
                        Server($0, words)
                    }, lack: Self.lack(answer, words),
                    sessions: Self.count(answer.sessionCount, underway: answer.underwayCount),
                    unheard: Self.unheard(answer, words),
                    use: ShareView(Self.use(answer)),
                    protocols: answer.pool.protocols.map(\.title).joined(separator: ", "))
            })
    }

    /// Each once, with all pools that count on it; the worst first.
    private static func silentServers(of pools: [PoolAnswer]) -> [Acts.SilentServer] {
        var found: [TerminalName: Acts.SilentServer] = [:]
        for answer in pools {
            for member in answer.servers where member.state == .silent {
                found[
                    member.name,
                    default: Acts.SilentServer(
                        name: member.name, since: member.heardAt ?? 0, sessionCount: member.sessionCount)
                ].pools.append(answer.pool.name)
            }
        }
        return found.values.sorted(by: Acts.SilentServer.comesFirst)
    }

    /// Whether it is open, and no server takes its log-ins.
    private static func isUnserved(_ answer: PoolAnswer) -> Bool {
        answer.isOpen && !answer.servers.contains { $0.state == .up }
    }

    private static func lack(_ answer: PoolAnswer, _ words: Words) -> String? {
        if answer.servers.isEmpty { return words("no server") }
        return answer.servers.contains { $0.state == .up } ? nil : words("no server takes log-ins")
    }

    private static func unheard(_ answer: PoolAnswer, _ words: Words) -> [String] {
        let silent = answer.servers.filter { $0.state == .silent && $0.sessionCount > 0 }
        if silent.count <= namedSilentLimit {
            return silent.map { words("%1 on %2", "\($0.sessionCount)", $0.name.text) }
        }
        return [words("%1 on silent servers", "\(silent.reduce(0) { $0 + $1.sessionCount })")]
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
        /// Empty: the whole site.
        var group: String
        var state: StateView
        /// The first of what its agent says does not work.
        var trouble: String?
        /// When it was heard last, if that is over; nil while it is heard, or when it never was.
        var silentAt: String?
        /// Nil: never, or not any more.
        var heardAt: String?
        var heard: String
        var sessions: String
        /// Nil when it was never heard.
        var use: ShareView?
        /// Nil where nothing tells them.
        var load: ShareView?
        var memory: ShareView?
        var pools: [LinkView]
    }

    /// In the order of how much they ask for.
    private static let states: [TerminalState] = [
        .silent, .failing, .neverHeard, .draining, .maintenance, .up,
    ]

    /// - Parameter states: how many servers are in each state.
    init(
        _ page: Acts.Page<TerminalAnswer>, _ pager: Pager, states: [TerminalState: Int], mayAdd: Bool,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/servers", words)
        filter = FilterView(
            "/desktops/servers", query: pager.query, label: words("Search servers"),
            chips: Self.states.map {
                ("state=\($0.rawValue)", StateView($0, words).text, states[$0] ?? 0)
            })
        pages = pager.links(count: page.count)
        self.mayAdd = mayAdd
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Servers"),
            columns: words.all(
                "Server", "State", "Heard", "Sessions", "Capacity used", "Processors busy", "Memory",
                "Server pools"),
            rows: page.rows.map { answer in
                let isSilent = answer.state == .silent
                let heardAt = answer.heardAt.map { Format.time(second: $0) }
                return Row(
                    name: answer.server.name.text, link: "/desktops/servers/\(answer.server.name)",
                    group: answer.server.group.nameInSite,
                    state: StateView(answer, words),
                    trouble: answer.troubles.first
                        ?? (answer.isAgentOld == true ? words("its roost-agent is old") : nil),
                    silentAt: isSilent ? heardAt : nil, heardAt: isSilent ? nil : heardAt,
                    heard: DesktopServerView.heard(answer, words),
                    sessions: DesktopServerView.sessions(answer),
                    use: ShareView(answer.use, isOld: isSilent),
                    load: answer.load.flatMap { load in
                        ShareView(
                            load.busyShare,
                            text: words("%1 of %2", DesktopServerView.busy(load), "\(load.processorCount)"),
                            isOld: isSilent)
                    },
                    memory: answer.load.flatMap { load in
                        let (used, all) = Format.sizes(load.usedMemoryByteCount, of: load.memoryByteCount)
                        return ShareView(
                            load.memoryShare, text: words("%1 of %2", used, all), isOld: isSilent)
                    }, pools: answer.pools.map(LinkView.init(pool:)))
            })
    }
}

extension TerminalLoad {
    /// Of its processors that have work, and of its memory that is used: 1 is all.
    var busyShare: Double { loadAverage / Double(max(1, processorCount)) }
    var memoryShare: Double { Double(usedMemoryByteCount) / Double(max(1, memoryByteCount)) }
}

extension GroupPath {
    /// Empty for the whole site, which goes without saying in a list.
    var nameInSite: String { self == .site ? "" : description }
}

extension LinkView {
    /// To what a pool does with log-ins now, which all who see it may read.
    init(pool: PoolName) {
        self.init(path: "/desktops/place?pool=\(Escape.component(pool.text))", label: pool.text)
    }
}
