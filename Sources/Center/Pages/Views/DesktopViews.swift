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
    init(_ state: TerminalState, _ words: Words) {
        switch state {
        case .up: self.init(kind: "ready", text: words("up"))
        case .draining: self.init(kind: "booting", text: words("draining"))
        case .maintenance: self.init(kind: "unseen", text: words("maintenance"))
        case .failing: self.init(kind: "failed", text: words("log-ins fail"))
        case .silent: self.init(kind: "failed", text: words("silent"))
        case .neverHeard: self.init(kind: "unseen", text: words("never heard"))
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
struct ShareView: View {
    var text: String
    /// Percent of the bar's length.
    var share: Int

    init?(_ use: Double?) {
        guard let use else { return nil }
        let percent = Int((min(max(use, 0), 99) * 100).rounded())
        (text, share) = ("\(percent) %", min(percent, 100))
    }
}

/// Pools with their servers.
struct DesktopPoolsView: TemplateView {
    static let template = PageTemplate("desktoppools", Embedded.desktoppools_mustache)

    var tabs: TabsView
    /// Nil when there are none.
    var table: TableView<Row>?
    var mayAdd: Bool

    struct Row: View {
        var name: String
        /// Nil for callers who may only read.
        var edit: String?
        var group: String
        var isOpen: Bool
        var hours: String
        var servers: [Server]
        var isEmpty: Bool
        var sessions: String
        var protocols: String
        var explain: String
    }

    struct Server: View {
        var name: String
        var link: String
        var state: StateView
    }

    /// - Parameter mayChange: whether the caller may change a pool of that group.
    init(
        _ pools: [PoolAnswer], mayAdd: Bool, mayChange: (GroupPath) -> Bool, _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops", words)
        self.mayAdd = mayAdd
        guard !pools.isEmpty else { return }
        table = TableView(
            words("Server pools"),
            columns: words.all("Name", "Group", "Open", "Servers", "Sessions", "Protocols", "Placement"),
            rows: pools.map { answer in
                let name = answer.pool.name.text
                return Row(
                    name: name,
                    edit: mayChange(answer.pool.group)
                        ? "/desktops/pool?name=\(Escape.component(name))" : nil,
                    group: answer.pool.group.description, isOpen: answer.isOpen,
                    hours: answer.pool.hours.isEmpty ? words("always") : answer.pool.hours.text,
                    servers: answer.servers.map {
                        Server(
                            name: $0.name.text, link: "/desktops/servers/\($0.name)",
                            state: StateView($0.state, words))
                    }, isEmpty: answer.servers.isEmpty,
                    sessions: Self.count(answer.sessionCount, underway: answer.underwayCount),
                    protocols: answer.pool.protocols.map(\.rawValue).joined(separator: ", "),
                    explain: "/desktops/place?pool=\(Escape.component(name))")
            })
    }

    /// `12+3`: three are on their way.
    static func count(_ count: Int, underway: Int) -> String {
        underway > 0 ? "\(count)+\(underway)" : "\(count)"
    }
}

/// Terminal servers.
struct DesktopServersView: TemplateView {
    static let template = PageTemplate("desktopservers", Embedded.desktopservers_mustache)

    var tabs: TabsView
    var query: String
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView
    var mayAdd: Bool

    struct Row: View {
        var name: String
        var link: String
        var state: StateView
        var hasTroubles: Bool
        var heard: String
        var sessions: String
        /// Nil when it was never heard.
        var use: ShareView?
        var load: String
        var pools: String
    }

    init(_ page: Acts.Page<TerminalAnswer>, _ pager: Pager, mayAdd: Bool, _ words: Words) {
        tabs = TabsView(desktops: "/desktops/servers", words)
        query = pager.query
        pages = pager.links(count: page.count)
        self.mayAdd = mayAdd
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Servers"),
            columns: words.all("Server", "State", "Heard", "Sessions", "Room used", "Load", "Server pools"),
            rows: page.rows.map { answer in
                Row(
                    name: answer.server.name.text, link: "/desktops/servers/\(answer.server.name)",
                    state: StateView(answer.state, words), hasTroubles: !answer.troubles.isEmpty,
                    heard: DesktopServerView.heard(answer, words),
                    sessions: DesktopServerView.sessions(answer), use: ShareView(answer.use),
                    load: answer.load.map { DesktopServerView.load($0, words) } ?? "",
                    pools: answer.pools.map(\.text).joined(separator: ", "))
            })
    }
}

/// One terminal server: how it stands, its load, its sessions.
struct DesktopServerView: TemplateView {
    static let template = PageTemplate("desktopserver", Embedded.desktopserver_mustache)

    var tabs: TabsView
    var name: String
    var state: StateView
    var troubles: [String]
    var group: String
    var address: String
    var protocols: String
    var pools: String
    var heard: String
    var agent: String?
    var release: String?
    /// What a probe found, a line each.
    var probe: [String]
    var hours: String
    var tags: String
    var node: String?
    var restart: String?
    /// Nil for callers who may only read.
    var actions: ActionMenuView?
    var edit: String?
    var sessions: String
    var load: Load?
    var use: ShareView?
    var pressure: String?
    var rooms: [Room]
    var table: TableView<Session>?
    var placements: String

    struct Load: View {
        var processors: String
        var memory: String
    }

    struct Room: View {
        var path: String
        var text: String
    }

    struct Session: View {
        var user: String
        var kind: String
        var display: String
        var from: String
        var age: String
        var idle: String
        var isConnected: Bool
    }

    init(_ answer: TerminalAnswer, mayChange: Bool, _ words: Words) {
        let server = answer.server
        tabs = TabsView(desktops: "/desktops/servers", words)
        name = server.name.text
        state = StateView(answer.state, words)
        troubles = answer.troubles
        if answer.failureCount > 0 {
            troubles.append(words("%1 log-ins in a row found no session there", "\(answer.failureCount)"))
        }
        (group, address) = (server.group.description, server.address)
        protocols = server.ports.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
        pools = answer.pools.map(\.text).joined(separator: ", ")
        heard = Self.heard(answer, words)
        agent = answer.version.map { answer.isConnected ? $0 : "\($0) (\(words("takes no orders now")))" }
        release = answer.release
        probe = (answer.probe?.lines ?? []).map { words($0) }
        hours = server.hours.isEmpty ? words("always") : server.hours.text
        (tags, node) = (server.tags.joined(separator: ", "), server.node?.text)
        if server.restartsWhenEmpty { restart = words("when the last session has ended") }
        sessions = Self.sessions(answer)
        load = answer.load.map { load in
            Load(
                processors: Self.load(load, words),
                memory: words(
                    "%1 of %2 used", Format.size(load.usedMemoryByteCount), Format.size(load.memoryByteCount))
            )
        }
        use = ShareView(answer.use)
        pressure = Self.pressure(answer.pressure, words)
        rooms = answer.rooms.map {
            Room(
                path: $0.path,
                text: words("%1 of %2 free", Format.size($0.freeByteCount), Format.size($0.byteCount)))
        }
        placements = "/desktops/log-ins?q=\(Escape.component(name))"
        if let sessions = answer.sessions, !sessions.isEmpty {
            table = TableView(
                words("Sessions"),
                columns: words.all("Person", "Kind", "From", "Since", "Idle", "Connected"),
                rows: sessions.map { Session($0, words) })
        }
        guard mayChange else { return }
        edit = "/desktops/server?name=\(Escape.component(name))"
        actions = Self.actions(server, words)
    }

    /// Each leads to a page that says what would change.
    private static func actions(_ server: TerminalServer, _ words: Words) -> ActionMenuView {
        func action(_ act: String, _ label: String, style: String? = "quiet") -> ActionView {
            ActionView(
                path: "/desktops/servers/\(server.name)/admit", label: label, style: style,
                hidden: [HiddenView("act", act)])
        }
        let drain = action("drain", words("Drain"), style: nil)
        let restart = action("restart", words("Restart when empty"))
        let maintain = action("maintenance", words("Maintenance"))
        let resume = action("resume", words("Take log-ins again"), style: nil)
        return ActionMenuView(
            actions: server.admission == .open
                ? [drain, restart, maintain]
                : server.admission == .draining ? [resume, restart, maintain] : [resume, drain])
    }

    static func heard(_ answer: TerminalAnswer, _ words: Words) -> String {
        answer.heard.map { words("%1 s ago", "\($0)") } ?? words("never heard")
    }

    static func sessions(_ answer: TerminalAnswer) -> String {
        DesktopPoolsView.count(answer.sessionCount, underway: answer.underwayCount)
            + (answer.server.sessionLimit.map { " / \($0)" } ?? "")
    }

    static func load(_ load: TerminalLoad, _ words: Words) -> String {
        let tenths = Int((load.loadAverage * 10).rounded())
        return words("%1 of %2 busy", "\(tenths / 10).\(tenths % 10)", "\(load.processorCount)")
    }

    private static func pressure(_ pressure: AgentReport.Pressure?, _ words: Words) -> String? {
        let parts = [
            (words("processors"), pressure?.processors), (words("memory"), pressure?.memory),
            (words("disks"), pressure?.io),
        ].compactMap { name, share in share.map { "\(name) \(Int(($0 * 100).rounded())) %" } }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

extension DesktopServerView.Session {
    init(_ session: AgentSession, _ words: Words) {
        user = session.user == Acts.somePerson ? words("a person") : session.user
        (kind, display, from) = (session.kind.rawValue, session.display, session.from)
        age = words("%1 min", "\(session.age / 60)")
        idle = session.idle.map { words("%1 min", "\($0 / 60)") } ?? ""
        isConnected = session.isConnected
    }
}
