import Glibc
import Linux

/// Who is logged in at this machine, as JSON of the server's `NodeSessions.TellsSession`.
///
/// systemd's log-in manager knows best, and is asked by its own `loginctl`; terminals that it has not heard of (an image
/// without libpam-systemd, or without systemd) are in utmp.
struct LoggedIn {
    private struct Session {
        var (id, user, kind, place, from) = ("", "", "", "", "")
        var isActive = true
        /// Seconds since it began.
        var age = 0

        var json: String {
            """
            {"id":\(quoted(id)),"user":\(quoted(user)),"kind":\(quoted(kind)),\
            "place":\(quoted(place)),"from":\(quoted(from)),"isActive":\(isActive),"age":\(age)}
            """
        }
    }

    private let sessions: [Session]

    private init(_ sessions: [Session]) { self.sessions = sessions }

    var json: String { "[\(sessions.map(\.json).joined(separator: ","))]" }

    /// The same as long as the same people are there in the same way.
    var mark: String {
        sessions.map { "\($0.id) \($0.user) \($0.place) \($0.from) \($0.isActive)" }.joined(separator: "\n")
    }

    /// When somebody last came or went. Cheap enough to ask for every few seconds: while two are equal, the same people are there.
    struct Moment: Equatable {
        private let changes: [Int]

        /// Both are written anew whenever somebody comes, goes, or another seat's session is shown.
        static var now: Moment {
            Moment(
                changes: ["/run/systemd/sessions", "/run/utmp"].map { path in
                    var status = stat()
                    guard unsafe stat(path, &status) == 0 else { return 0 }
                    // It is compared only: a clock beyond the year 2262 may come round.
                    return status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
                })
        }
    }

    static var now: LoggedIn {
        var sessions = managed
        let known = Set(sessions.map(\.place))
        sessions += onTerminals.filter { !known.contains($0.place) }
        return LoggedIn(sessions)
    }

    // MARK: loginctl

    /// Properties of `org.freedesktop.login1.Session` (org.freedesktop.login1(5)).
    private static let properties = [
        "Id", "Name", "Seat", "TTY", "Display", "Remote", "RemoteHost", "Service", "Type", "Class", "State",
        "TimestampMonotonic",
    ]

    private static var managed: [Session] {
        let identifiers = output(of: "loginctl --no-legend --no-pager list-sessions").compactMap { line in
            line.split(separator: " ").first.map(String.init)
        }.filter { $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) } }
        if identifiers.isEmpty { return [] }
        let lines = output(
            of: "loginctl --no-pager show-session \(properties.map { "-p \($0)" }.joined(separator: " ")) "
                + identifiers.joined(separator: " "))
        return lines.split(separator: "").compactMap { block in
            var values: [String: String] = [:]
            for line in block {
                guard let equals = line.firstIndex(of: "=") else { continue }
                values[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            return session(values)
        }
    }

    private static func session(_ values: [String: String]) -> Session? {
        func value(_ name: String) -> String { values[name] ?? "" }
        // Greeters and what programs do in somebody's name are nobody who is there; who is «closing» has gone.
        guard value("Class").hasPrefix("user"), value("State") != "closing" else { return nil }
        let (service, type) = (value("Service"), value("Type"))
        var session = Session()
        session.id = value("Id")
        session.user = value("Name")
        session.kind = service.hasPrefix("ssh") ? "ssh" : type == "unspecified" ? service : type
        session.place = [value("TTY"), value("Display"), value("Seat")].first { !$0.isEmpty } ?? ""
        session.from = value("Remote") == "yes" ? value("RemoteHost") : ""
        session.isActive = value("State") == "active"
        let since = (Int(value("TimestampMonotonic")) ?? 0) / 1_000_000
        session.age = max(0, SystemClock.awake / 1_000 - since)
        return session
    }

    /// The lines that a command writes; none when it fails, or is not there.
    private static func output(of command: String) -> [String] {
        guard let pipe = unsafe popen("\(command) 2>/dev/null", "r") else { return [] }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = unsafe fread(&buffer, 1, buffer.count, pipe), count > 0, bytes.count < 1 << 20
        {
            bytes += buffer[..<count]
        }
        guard unsafe pclose(pipe) == 0 else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    // MARK: utmp

    /// Users' entries (utmp(5)) whose process is there: nobody writes that a machine lost its power.
    private static var onTerminals: [Session] {
        var sessions: [Session] = []
        setutxent()
        defer { endutxent() }
        while let entry = unsafe getutxent() {
            let entry = unsafe entry.pointee
            guard entry.ut_type == USER_PROCESS, kill(entry.ut_pid, 0) == 0 else { continue }
            var session = Session()
            session.user = text(entry.ut_user)
            session.place = text(entry.ut_line)
            session.from = text(entry.ut_host)
            session.id = "\(entry.ut_pid)"
            session.kind = session.from.isEmpty ? "tty" : session.from.hasPrefix(":") ? "x11" : "ssh"
            if session.from.hasPrefix(":") { session.from = "" }
            // At most since the machine started: its clock may have been set meanwhile.
            session.age = min(
                max(0, SystemClock.wall / 1_000 - Int(entry.ut_tv.tv_sec)), SystemClock.boot / 1_000)
            sessions.append(session)
        }
        return sessions
    }

    /// The bytes of a C array up to the first zero.
    private static func text<Characters>(_ characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
