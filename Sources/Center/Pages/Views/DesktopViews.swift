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
    /// Of a terminal server, in the same words wherever it is shown.
    ///
    /// - Parameter isNeeded: whether a pool counts on it.
    init(_ standing: TerminalStanding, isNeeded: Bool = false, _ words: Words) {
        switch standing {
        case .up: self.init(kind: "ready", text: words("up"))
        case .draining: self.init(kind: "booting", text: words("draining"))
        case .drained: self.init(kind: "booting", text: words("drained"))
        case .maintenance: self.init(kind: "unseen", text: words("maintenance"))
        case .failing: self.init(kind: "failed", text: words("log-ins fail"))
        case .silent: self.init(kind: "failed", text: words("silent"))
        case .neverHeard: self.init(kind: isNeeded ? "failed" : "unseen", text: words("never heard"))
        }
    }

    init(_ answer: TerminalAnswer, _ words: Words) {
        self.init(answer.standing, isNeeded: !answer.pools.isEmpty, words)
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
    /// How sessions and room are counted, where it is not plain.
    var notes: [String] = []
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
        /// Of the room on its servers that take log-ins; nil where there is none, and where nothing tells it.
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
            notes = [
                words(
                    "A session counts for the pool that placed it; where that is not known, for the first pool that has its server."
                )
            ]
            let shared = Self.sharedRoom(of: pools)
            if !shared.isEmpty {
                notes.append(
                    words(
                        "Free places that count in several pools: %1.",
                        shared.map(\.text).joined(separator: ", ")))
            }
        }
        self.mayAdd = mayAdd
        guard !pools.isEmpty else { return }
        if pools.contains(where: { Self.freeCount($0) != nil }) {
            notes.append(
                words(
                    "How many are free follows from the servers’ limits and from what sessions use there now."
                )
            )
        }
        table = TableView(
            words("Server pools"),
            columns: words.all("Name", "Open", "Servers", "Sessions", "Protocols"),
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
                    unheard: Self.unheard(answer, words), use: Self.use(answer, words),
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
                        name: member.name, since: member.heardAt ?? 0,
                        sessionCount: member.sessionCount ?? 0)
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
        let silent = answer.servers.filter { $0.state == .silent && $0.sessionCount ?? 0 > 0 }
        if silent.count <= namedSilentLimit {
            return silent.map { words("%1 on %2", "\($0.sessionCount ?? 0)", $0.name.text) }
        }
        return [words("%1 on silent servers", "\(silent.reduce(0) { $0 + ($1.sessionCount ?? 0) })")]
    }

    private static func use(_ answer: PoolAnswer, _ words: Words) -> ShareView? {
        guard let free = freeCount(answer) else { return nil }
        let count = answer.sessionCount + answer.underwayCount
        return ShareView(
            Double(count) / Double(max(1, count + free)),
            text: words(
                "%1 of %2 sessions, %3 free",
                Self.count(answer.sessionCount, underway: answer.underwayCount), "\(count + free)", "\(free)")
        )
    }

    /// Sessions that its servers that take log-ins have room for beside theirs; nil: nothing tells it.
    static func freeCount(_ answer: PoolAnswer) -> Int? {
        let free = answer.servers.compactMap(freeCount)
        return free.isEmpty ? nil : free.reduce(0, +)
    }

    /// The same of one server; nil: it takes no log-ins, or nothing tells it.
    private static func freeCount(_ member: PoolAnswer.Member) -> Int? {
        // So much of it is used with one more.
        guard member.state == .up, let use = member.use, use > 0 else { return nil }
        let count = (member.sessionCount ?? 0) + (member.underwayCount ?? 0)
        let room = min(Double(count + 1) / use, Double(mostSessions))
        // A limit that is not hit exactly by the division is not one less.
        return max(0, Int(room + 0.001) - count)
    }

    /// Servers in several of these pools that have room, which is in the number of each.
    private static func sharedRoom(of pools: [PoolAnswer]) -> [TerminalName] {
        let free = pools.flatMap { $0.servers.filter { freeCount($0) ?? 0 > 0 }.map(\.name) }
        let counts = free.reduce(into: [:]) { counts, name in counts[name, default: 0] += 1 }
        return counts.filter { $0.value > 1 }.keys.sorted()
    }

    /// That one server is believed to have room for.
    private static let mostSessions = 10_000

    /// `12+3`: three are on their way. `–`: how many there are is not known.
    static func count(_ count: Int?, underway: Int) -> String {
        let known = count.map { "\($0)" } ?? "–"
        return underway > 0 ? "\(known)+\(underway)" : known
    }
}

extension DesktopPoolsView.Server {
    fileprivate init(_ member: PoolAnswer.Member, _ words: Words) {
        let shown = StateView(member.standing, isNeeded: true, words)
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
        /// Nil: never.
        var heardAt: String?
        var heard: String
        /// Whether it is no longer heard: what is shown of it is old.
        var isSilent: Bool
        var sessions: String
        /// Nil when it was never heard.
        var use: ShareView?
        /// Nil where nothing tells them.
        var load: ShareView?
        var memory: ShareView?
        var pools: [LinkView]
        /// Nil for callers who may only read.
        var actions: ActionMenuView?
    }

    /// - Parameters:
    ///   - states: how many servers are in each state.
    ///   - mayChange: whether the caller may change a server of that group.
    init(
        _ page: Acts.Page<TerminalAnswer>, _ pager: Pager, states: [TerminalStanding: Int], mayAdd: Bool,
        mayChange: (GroupPath) -> Bool, _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/servers", words)
        filter = FilterView(
            "/desktops/servers", query: pager.query, label: words("Search servers"),
            chips: TerminalStanding.allCases.map {
                ("state=\($0.rawValue)", StateView($0, words).text, states[$0] ?? 0)
            })
        pages = pager.links(count: page.count)
        self.mayAdd = mayAdd
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Servers"),
            columns: words.all(
                "Server", "State", "Heard", "Sessions", "Capacity used", "Processors busy", "Memory",
                "Server pools", "Actions"),
            rows: page.rows.map { answer in
                let isSilent = answer.state == .silent
                return Row(
                    name: answer.server.name.text, link: "/desktops/servers/\(answer.server.name)",
                    group: answer.server.group.nameInSite,
                    state: StateView(answer, words),
                    trouble: answer.troubles.first
                        ?? (answer.isAgentOld == true ? words("its roost-agent is old") : nil),
                    heardAt: answer.heardAt.map { Format.time(second: $0) },
                    heard: DesktopServerView.heard(answer, words), isSilent: isSilent,
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
                    }, pools: answer.pools.map(LinkView.init(pool:)),
                    actions: mayChange(answer.server.group)
                        ? DesktopServerView.actions(answer, isInList: true, words) : nil)
            })
        if page.rows.allSatisfy({ !mayChange($0.server.group) }) { table?.columns.removeLast() }
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
