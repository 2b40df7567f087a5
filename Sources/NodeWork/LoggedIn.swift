import Glibc
import Linux
package import Wire

/// Who is logged in at this machine, as JSON of the server's `NodeSessions.TellsSession`.
///
/// systemd's log-in manager knows best and is asked through its own `loginctl`. Terminals that it does not know about (an image without
/// libpam-systemd, or without systemd) are in utmp.
package struct LoggedIn: Equatable, Sendable {
    /// A log-in session.
    package struct Session: Equatable, Sendable {
        package var (id, user, kind, place, from) = ("", "", "", "", "")
        package var isActive = true
        /// Seconds since it began.
        package var age = 0

        package init() {}

        fileprivate var json: JSONText {
            [
                "id": JSONText(id), "user": JSONText(user), "kind": JSONText(kind), "place": JSONText(place),
                "from": JSONText(from), "isActive": JSONText(isActive), "age": JSONText(age),
            ]
        }
    }

    package let sessions: [Session]

    /// - Parameters:
    ///   - managed: sessions known to the log-in manager.
    ///   - onTerminals: sessions in utmp; some are the same ones.
    package init(managed: [Session], onTerminals: [Session]) {
        let known = Set(managed.map(\.place))
        sessions = managed + onTerminals.filter { !known.contains($0.place) }
    }

    package var json: JSONText { JSONText(sessions.map(\.json)) }

    /// Unchanged as long as the same people are logged in in the same way.
    package var mark: String {
        sessions.map { "\($0.id) \($0.user) \($0.place) \($0.from) \($0.isActive)" }.joined(separator: "\n")
    }

    /// When someone last logged in or out. Cheap enough to check every few seconds: if two are equal, the same people are there.
    package struct Moment: Equatable, Sendable {
        private let changes: [Int]

        package init(changes: [Int]) { self.changes = changes }

        /// Both files are rewritten whenever a user logs in or out, or a seat switches to another session.
        static var now: Moment {
            Moment(
                changes: ["/run/systemd/sessions", "/run/utmp"].map { path in
                    var status = stat()
                    guard unsafe stat(path, &status) == 0 else { return 0 }
                    // Only compared: a clock beyond the year 2262 may wrap around.
                    return status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
                })
        }
    }

    /// Nil: the log-in manager does not answer at present. Its sessions have not ended by that, and nothing is reported.
    static var now: LoggedIn? {
        var status = stat()
        let hasManager = unsafe stat("/run/systemd/sessions", &status) == 0
        let awakeSeconds = SystemClock.awake / 1_000
        return managed(hasManager: hasManager, awakeSeconds: awakeSeconds, run: output(of:)).map {
            LoggedIn(managed: $0, onTerminals: onTerminals)
        }
    }

    // MARK: loginctl

    /// Properties of `org.freedesktop.login1.Session` (org.freedesktop.login1(5)).
    private static let properties = [
        "Id", "Name", "Seat", "TTY", "Display", "Remote", "RemoteHost", "Service", "Type", "Class", "State",
        "TimestampMonotonic",
    ]

    /// The sessions that the log-in manager knows; nil: it is there and does not say.
    ///
    /// - Parameters:
    ///   - hasManager: whether it runs.
    ///   - awakeSeconds: since the start, by the clock that it uses.
    ///   - run: runs a command, and returns the lines that it prints, and its exit status.
    package static func managed(
        hasManager: Bool, awakeSeconds: Int, run: (String) -> (lines: [String], status: Int32)
    ) -> [Session]? {
        let show = "loginctl --no-pager show-session \(properties.map { "-p \($0)" }.joined(separator: " ")) "
        for _ in 0..<attemptLimit {
            let list = run("loginctl --no-legend --no-pager list-sessions")
            // Of the shell (POSIX.1-2017, 2.8.2): the image has no such program.
            if [126, 127].contains(list.status) { return [] }
            guard list.status == 0 else { continue }
            let identifiers = identifiers(list.lines)
            if identifiers.isEmpty { return [] }
            // Fails as a whole when one of them has ended since.
            let shown = run(show + identifiers.joined(separator: " "))
            if shown.status == 0 { return sessions(shown.lines, awakeSeconds: awakeSeconds) }
        }
        return hasManager ? nil : []
    }

    private static let attemptLimit = 5

    /// The sessions of `loginctl list-sessions`; only names that are safe in a command.
    package static func identifiers(_ lines: [String]) -> [String] {
        lines.compactMap { line in line.split(separator: " ").first.map(String.init) }.filter {
            $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
        }
    }

    /// The output of `loginctl show-session`: one property per line, an empty line between sessions.
    ///
    /// - Parameter awakeSeconds: since the start, by the clock that the log-in manager uses.
    package static func sessions(_ lines: [String], awakeSeconds: Int) -> [Session] {
        lines.split(separator: "").compactMap { block in
            var values: [String: String] = [:]
            for line in block {
                guard let equals = line.firstIndex(of: "=") else { continue }
                values[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            return session(values, awakeSeconds)
        }
    }

    private static func session(_ values: [String: String], _ awakeSeconds: Int) -> Session? {
        func value(_ name: String) -> String { values[name] ?? "" }
        // Greeters and background sessions are not people; «closing» sessions have ended.
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
        session.age = max(0, awakeSeconds - since)
        return session
    }

    /// The lines that a command prints, and its exit status; -1 when it could not be run, or was ended.
    private static func output(of command: String) -> (lines: [String], status: Int32) {
        guard let pipe = unsafe popen("\(command) 2>/dev/null", "r") else { return ([], -1) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = unsafe fread(&buffer, 1, buffer.count, pipe), count > 0, bytes.count < 1 << 20
        {
            bytes += buffer[..<count]
        }
        let status = unsafe pclose(pipe)
        guard status >= 0, status & 0x7F == 0 else { return ([], -1) }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return (lines, status >> 8)
    }

    // MARK: utmp

    /// Users' entries (utmp(5)) whose process still runs: a power failure leaves stale entries.
    private static var onTerminals: [Session] {
        var sessions: [Session] = []
        setutxent()
        defer { endutxent() }
        while let entry = unsafe getutxent() {
            let entry = unsafe entry.pointee
            guard entry.ut_type == USER_PROCESS, kill(entry.ut_pid, 0) == 0 else { continue }
            sessions.append(
                Session(
                    onTerminal: text(entry.ut_line), user: text(entry.ut_user), host: text(entry.ut_host),
                    process: entry.ut_pid,
                    // Since the machine started at the most: its clock may have been set meanwhile.
                    age: min(
                        max(0, SystemClock.wall / 1_000 - Int(entry.ut_tv.tv_sec)), SystemClock.boot / 1_000)
                ))
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

extension LoggedIn.Session {
    /// An utmp entry. A display is recorded where others have a host.
    package init(onTerminal line: String, user: String, host: String, process: Int32, age: Int) {
        let isDisplay = host.hasPrefix(":")
        (id, self.user, place) = ("\(process)", user, line)
        kind = host.isEmpty ? "tty" : isDisplay ? "x11" : "ssh"
        from = isDisplay ? "" : host
        self.age = age
    }
}
