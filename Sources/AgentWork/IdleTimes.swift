import API
import Dispatch
import Glibc
import Linux
import Synchronization

/// How long sessions are idle, by their X servers. They are asked beside the reports: a home that does not answer, or a display, delays none.
final class IdleTimes: Sendable {
    /// Milliseconds between two rounds; for one display; after which what was found no longer counts.
    private static let (period, patience, lifetime) = (15_000, 500, 60_000)

    private struct State {
        /// By session: seconds, and when that was, in milliseconds.
        var known: [String: (idle: Int, at: Int)] = [:]
        var isAsking = false
        var askedAt: Int?
    }

    private let places: AgentPlaces
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "roost-agent.idle")

    init(_ places: AgentPlaces) { self.places = places }

    /// The sessions with what is known of them; begins another round if it is time.
    func filled(into sessions: [AgentSession]) -> [AgentSession] {
        let now = SystemClock.boot
        let asks = state.withLock { state in
            guard !state.isAsking, state.askedAt.map({ now - $0 >= Self.period }) ?? true else {
                return false
            }
            (state.isAsking, state.askedAt) = (true, now)
            state.known = state.known.filter { now - $0.value.at < Self.lifetime }
            return true
        }
        if asks { queue.async { [self] in ask(sessions) } }
        return state.withLock { state in
            sessions.map { session in
                guard let found = state.known[session.id], now - found.at < Self.lifetime else {
                    return session
                }
                var session = session
                // A display's number, and so the session's, may be that of one that has ended.
                session.idle = min(found.idle + (now - found.at) / 1_000, session.age)
                return session
            }
        }
    }

    private func ask(_ sessions: [AgentSession]) {
        defer { state.withLock { $0.isAsking = false } }
        for session in sessions {
            guard session.display.hasPrefix(":"), let number = Int(session.display.dropFirst()),
                let idle = idle(of: number, user: session.user)
            else { continue }
            state.withLock { $0.known[session.id] = (idle, SystemClock.boot) }
        }
    }

    private func idle(of display: Int, user: String) -> Int? {
        let path = "\(SessionList.displayDirectory)/X\(display)"
        guard
            let connection = LocalSocket.connect(to: "@\(path)", isPatient: false)
                ?? LocalSocket.connect(to: places.path(path), isPatient: false)
        else { return nil }
        let last = SystemClock.boot + Self.patience
        let cookie = authority(of: user).flatMap { DisplayIdle.cookie(of: display, in: $0) }
        guard Self.send(DisplayIdle.setUp(cookie: cookie), to: connection),
            let head = Self.read(8, from: connection, until: last),
            let count = DisplayIdle.setUpCount(head),
            let body = Self.read(count, from: connection, until: last),
            let root = DisplayIdle.root(in: body),
            Self.send(DisplayIdle.queryExtension, to: connection),
            let found = Self.read(DisplayIdle.answerCount, from: connection, until: last),
            let opcode = DisplayIdle.opcode(found),
            Self.send(DisplayIdle.queryInfo(opcode, of: root), to: connection),
            let answer = Self.read(DisplayIdle.answerCount, from: connection, until: last)
        else { return nil }
        return DisplayIdle.seconds(answer)
    }

    /// A person's authority file. It must be a file of their own: nothing is read for them that they could not read.
    private func authority(of user: String) -> [UInt8]? {
        guard let account = AccountNames.account(of: user),
            let file = try? FileDescriptor(
                opening: places.path("\(account.home)/.Xauthority"),
                flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        else { return nil }
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == account.number
        else { return nil }
        return try? file.read(atMost: DisplayIdle.setUpLimit)
    }

    private static func send(_ bytes: [UInt8], to connection: borrowing FileDescriptor) -> Bool {
        unsafe Glibc.send(connection.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private static func read(_ count: Int, from connection: borrowing FileDescriptor, until last: Int)
        -> [UInt8]?
    {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let left = last - SystemClock.boot
            var look = pollfd(fd: connection.number, events: Int16(POLLIN), revents: 0)
            guard left > 0, unsafe poll(&look, 1, Int32(left)) > 0,
                let more = try? connection.read(atMost: count - bytes.count), !more.isEmpty
            else { return nil }
            bytes += more
        }
        return bytes
    }
}
