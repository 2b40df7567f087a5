import API
import Fleet

/// What was seen on this machine at one moment, of which the list of sessions is made.
struct SessionTraces {
    /// A socket's file: its owner, and when it was made (seconds since 1970).
    struct Owner: Equatable {
        var userID: UInt32
        var since: Int
    }

    var sockets: LocalSockets
    var ports: OpenPorts
    var logIns: [LogInSession]
    /// Files of sockets that exist, by path.
    var owners: [String: Owner]
    /// Names of accounts.
    var names: [UInt32: String]
    /// Seconds since 1970.
    var now: Int
}

/// The sessions of a terminal server: of xrdp by its own sockets, of X2Go and VNC by their displays, of ssh by logind.
enum SessionList {
    static let countLimit = 1_000
    /// xrdp's displays and xrdp's sockets for them: of version 0.9, and of 0.10 with a directory for each user.
    static let xrdpDirectory = "/run/xrdp/sockdir"
    static let displayDirectory = "/tmp/.X11-unix"
    private static let displayPrefix = "xrdp_display_"
    /// X2Go takes displays from 50 on (x2gostartagent), so that other programs have those below.
    private static let firstX2GoDisplay = 50

    static func sessions(_ traces: SessionTraces) -> [AgentSession] {
        var sessions = xrdp(traces)
        let taken = Set(sessions.map(\.display))
        sessions += displays(traces, without: taken)
        // People of X2Go come by ssh: they are one session.
        let users = Set(sessions.filter { $0.kind == .x2go }.map(\.user))
        sessions += ssh(traces).filter { !users.contains($0.user) }
        return Array(sessions.prefix(countLimit))
    }

    /// Paths of sockets whose owners matter.
    static func paths(in sockets: LocalSockets) -> [String] {
        sockets.listening.compactMap { path in
            if xrdpDisplay(path) != nil { return path }
            return display(path).map { "\(displayDirectory)/X\($0)" }
        }
    }

    private static func xrdp(_ traces: SessionTraces) -> [AgentSession] {
        traces.sockets.listening.sorted().compactMap { path in
            // The restart of xrdp-sesman removes the directory of its sockets (RuntimeDirectory), and their displays go on: the file of the display
            // itself tells whose it is.
            guard let number = xrdpDisplay(path),
                let owner = traces.owners[path] ?? traces.owners["\(displayDirectory)/X\(number)"],
                let user = traces.names[owner.userID]
            else { return nil }
            let logIn = traces.logIns.first {
                $0.userID == owner.userID && $0.display == ":\(number)" && $0.service.hasPrefix("xrdp")
            }
            return AgentSession(
                id: "xrdp-\(number)", user: user, kind: .rdp, display: ":\(number)",
                age: max(0, traces.now - (logIn?.began ?? owner.since)), idle: nil,
                isConnected: traces.sockets.connections[path, default: 0] > 0,
                from: logIn?.remoteHost ?? "")
        }
    }

    private static func displays(_ traces: SessionTraces, without taken: Set<String>) -> [AgentSession] {
        let numbers = Set(traces.sockets.listening.compactMap(display))
        return numbers.sorted().compactMap { number in
            // Root's display is the machine's own screen.
            guard !taken.contains(":\(number)"), let owner = traces.owners["\(displayDirectory)/X\(number)"],
                owner.userID != 0, let user = traces.names[owner.userID]
            else { return nil }
            let isX2Go = number >= firstX2GoDisplay
            // VNC listens on its own port, and not only for one connection (RFC 6143).
            guard isX2Go || traces.ports.listening.contains(5_900 + number) else { return nil }
            let shell = traces.logIns.first { $0.userID == owner.userID && $0.service == "sshd" }
            return AgentSession(
                id: "\(isX2Go ? "x2go" : "vnc")-\(number)", user: user, kind: isX2Go ? .x2go : .vnc,
                display: ":\(number)", age: max(0, traces.now - owner.since), idle: nil,
                isConnected: isX2Go ? shell != nil : traces.ports.established.contains(5_900 + number),
                from: isX2Go ? shell?.remoteHost ?? "" : "")
        }
    }

    private static func ssh(_ traces: SessionTraces) -> [AgentSession] {
        traces.logIns.filter { $0.service == "sshd" }.map { logIn in
            AgentSession(
                id: "ssh-\(logIn.id)", user: logIn.user, kind: .ssh, display: logIn.display,
                age: max(0, traces.now - logIn.began), idle: nil, isConnected: true, from: logIn.remoteHost)
        }
    }

    /// `/run/xrdp/sockdir/xrdp_display_10`, `/run/xrdp/sockdir/1000/xrdp_display_10`.
    private static func xrdpDisplay(_ path: String) -> Int? {
        guard path.hasPrefix("\(xrdpDirectory)/") || path.hasPrefix("/var\(xrdpDirectory)/"),
            let name = path.split(separator: "/").last, name.hasPrefix(displayPrefix)
        else { return nil }
        return number(name.dropFirst(displayPrefix.count))
    }

    /// `@/tmp/.X11-unix/X50`, `/tmp/.X11-unix/X50`.
    private static func display(_ path: String) -> Int? {
        let plain = path.hasPrefix("@") ? path.dropFirst() : path[...]
        guard plain.hasPrefix("\(displayDirectory)/X") else { return nil }
        return number(plain.dropFirst(displayDirectory.count + 2))
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
