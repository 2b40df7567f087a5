import API
import Fleet

/// A session in a list: of all servers, or of one.
struct TerminalSessionRow: View {
    /// What the form of several sessions has for it; nil where nothing can be done with it, and in the list of one server.
    var tick: String?
    var user: String
    /// Nil for callers who may not help there.
    var link: String?
    /// Nil in the list of one server.
    var onServer: LinkView?
    var shown: String
    /// Nil: it is not known, or not for this caller.
    var seat: Seat?
    var from: String
    var since: String
    var age: String
    var idle: String
    var connection: StateView
    /// Nil: a display shows it, or it is not known since when none does.
    var leftAt: String?
    var leftAge: String
    /// Nil where nothing can be done: its server is silent, or the caller may not help there.
    var help: Help?
    /// Why nothing can, where its state does not say that.
    var why: String?

    /// The node where it is shown.
    struct Seat: View {
        var path: String
        var name: String
        var room: String

        init?(_ session: TerminalSessionAnswer) {
            guard let node = session.node else { return nil }
            (path, name) = ("/nodes/\(node)", node.text)
            room = session.nodeGroup?.nameInSite ?? ""
        }
    }

    /// What can be done with it.
    struct Help: View {
        /// Where a message is written.
        var message: String
        /// Nil: no display shows it.
        var disconnect: ActionView?
        /// Where its end is confirmed.
        var end: String
    }

    /// - Parameters:
    ///   - isOfOne: whether the list is that of its server.
    ///   - mayHelp: whether the caller may intervene in it.
    ///   - now: seconds since 1970.
    init(
        _ session: TerminalSessionAnswer, isOfOne: Bool = false, mayHelp: Bool, now: Int, _ words: Words
    ) {
        user = session.user == Acts.somePerson ? words("a person") : session.user
        onServer = isOfOne ? nil : LinkView(terminal: session.server)
        // Which display it has is on its own page.
        shown = session.kind.title
        (seat, from) = (Seat(session), session.address ?? "")
        since = Format.time(second: session.startedAt)
        // What became of it since its server was heard last is not known.
        let until = session.isUncertain ? session.heardAt : now
        age = Format.age(max(0, until - session.startedAt) * 1_000)
        idle = session.idle.map { Format.age($0 * 1_000) } ?? ""
        connection = StateView(session.standing, words)
        let left = session.standing == .disconnected ? session.disconnectedAt : nil
        leftAt = left.map { Format.time(second: $0) }
        leftAge = left.map { Format.age(max(0, now - $0) * 1_000) } ?? ""
        guard mayHelp else {
            // The list of one server says it of none of them.
            why = isOfOne ? nil : words("no permission")
            return
        }
        let path = Self.link(to: session.id, on: session.server)
        link = path
        // Its state says already why nothing can be done.
        guard session.standing != .serverSilent else { return }
        if !isOfOne { tick = "\(session.server)/\(session.id)" }
        help = Help(message: path, end: "\(path)#end")
        if session.standing == .connected {
            let label = words("Disconnect")
            help?.disconnect = ActionView(
                path: "/desktops/session", label: label, style: "quiet", spoken: "\(label) \(user)",
                hidden: [
                    HiddenView("server", session.server.text), HiddenView("id", session.id),
                    HiddenView("act", "disconnect"), HiddenView("back", isOfOne ? "server" : ""),
                ])
        }
    }

    static func link(to id: String, on server: TerminalName) -> String {
        "/desktops/session?server=\(Escape.component(server.text))&id=\(Escape.component(id))"
    }

    /// How it is shown: `RDP :10`.
    static func shown(_ session: TerminalSessionAnswer) -> String {
        session.display.isEmpty ? session.kind.title : "\(session.kind.title) \(session.display)"
    }
}

extension SessionProtocol {
    /// As people write it.
    var title: String { self == .x2go ? "X2Go" : rawValue.uppercased() }
}

extension StateView {
    /// Of a session.
    init(_ state: TerminalSessionState, _ words: Words) {
        switch state {
        case .serverSilent: self.init(kind: "failed", text: words("server silent"))
        case .connected: self.init(kind: "ready", text: words("connected now"))
        case .disconnected: self.init(kind: "unseen", text: words("disconnected"))
        }
    }
}

extension LinkView {
    /// To the page of a terminal server.
    init(terminal name: TerminalName) { self.init(path: "/desktops/servers/\(name)", label: name.text) }

    /// To the sessions of a terminal server, by their number.
    init(sessionsOn name: TerminalName, count: Int, _ words: Words) {
        self.init(
            path: "/desktops/sessions?q=\(Escape.component("server=\(name)"))",
            label: count == 1 ? words("1 session") : words("%1 sessions", "\(count)"))
    }
}

/// Terminal servers of which nothing is heard any more, with those who are on them: a line for each.
struct SilentServersView: TemplateView {
    static let template = PageTemplate("silent", Embedded.silent_mustache)

    var lines: [Line]
    /// Nil: all of them are shown.
    var more: LinkView?

    struct Line: View {
        /// The pools that count on it; empty where that is not said.
        var places: [Place]
        var server: LinkView
        var since: String
        /// Nil: it had none.
        var people: LinkView?
    }

    /// A pool, and what follows it in the line.
    struct Place: View {
        var path: String
        var label: String
        var end: String
    }

    private static let limit = 5

    /// - Parameter servers: the worst first.
    /// - Returns: nil where all are heard.
    init?(_ servers: [Acts.SilentServer], _ words: Words) {
        if servers.isEmpty { return nil }
        lines = servers.prefix(Self.limit).map { one in
            Line(
                places: Self.places(one.pools), server: LinkView(terminal: one.name),
                since: Format.time(second: one.since),
                people: one.sessionCount > 0
                    ? LinkView(sessionsOn: one.name, count: one.sessionCount, words) : nil)
        }
        if servers.count > Self.limit {
            more = LinkView(
                path: "/desktops/servers?q=\(Escape.component("state=silent"))",
                label: words("and %1 more", "\(servers.count - Self.limit)"))
        }
    }

    private static func places(_ pools: [PoolName]) -> [Place] {
        pools.enumerated().map { index, pool in
            let link = LinkView(pool: pool)
            return Place(path: link.path, label: link.label, end: index == pools.count - 1 ? ": " : ", ")
        }
    }
}
