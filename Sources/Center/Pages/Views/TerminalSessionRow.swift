import API
import Fleet

/// A session in a list: of all servers, or of one.
struct TerminalSessionRow: View {
    var user: String
    /// Nil for callers who may not help there.
    var link: String?
    var server: String
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
    /// Nil while its server is heard.
    var unheardSince: String?

    /// The node where it is shown.
    struct Seat: View {
        var path: String
        var name: String
        var room: String

        init?(_ session: TerminalSessionAnswer) {
            guard let node = session.node else { return nil }
            (path, name) = ("/nodes/\(node)", node.text)
            room = session.nodeGroup?.description ?? ""
        }
    }

    /// - Parameters:
    ///   - mayHelp: whether the caller may intervene in it.
    ///   - now: seconds since 1970.
    init(_ session: TerminalSessionAnswer, mayHelp: Bool, now: Int, _ words: Words) {
        user = session.user == Acts.somePerson ? words("a person") : session.user
        link = mayHelp ? Self.link(to: session.id, on: session.server) : nil
        (server, shown) = (session.server.text, Self.shown(session, words))
        (seat, from) = (Seat(session), session.address ?? "")
        since = Format.time(second: session.startedAt)
        age = Format.age(max(0, now - session.startedAt) * 1_000)
        idle = session.idle.map { Format.age($0 * 1_000) } ?? ""
        connection = StateView(isConnected: session.isConnected, words)
        leftAt = session.disconnectedAt.map { Format.time(second: $0) }
        leftAge = session.disconnectedAt.map { Format.age(max(0, now - $0) * 1_000) } ?? ""
        unheardSince = session.isUncertain ? Format.time(second: session.heardAt) : nil
    }

    static func link(to id: String, on server: TerminalName) -> String {
        "/desktops/session?server=\(Escape.component(server.text))&id=\(Escape.component(id))"
    }

    /// How it is shown: `RDP, display 10`.
    static func shown(_ session: TerminalSessionAnswer, _ words: Words) -> String {
        let (kind, display) = (session.kind.title, session.display)
        if display.isEmpty { return kind }
        return display.hasPrefix(":")
            ? words("%1, display %2", kind, String(display.dropFirst())) : "\(kind), \(display)"
    }
}

extension SessionProtocol {
    /// As people write it.
    var title: String { self == .x2go ? "X2Go" : rawValue.uppercased() }
}

extension StateView {
    /// Of a session: whether a display shows it.
    init(isConnected: Bool, _ words: Words) {
        self.init(
            kind: isConnected ? "ready" : "unseen",
            text: words(isConnected ? "connected now" : "disconnected"))
    }
}
