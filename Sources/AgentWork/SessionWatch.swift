import API
import Fleet
import Glibc
import Linux

/// Looks at the machine's sessions, and tells when one begins or ends.
struct SessionWatch {
    /// Names of accounts that were looked up: the account's service may be far away.
    private static let nameLimit = 10_000

    private let places: AgentPlaces
    private var names: [UInt32: String] = [:]
    /// Nil: nothing is known of the time before.
    private var known: [String: AgentSession]?

    /// - Parameter known: sessions that the agent had seen before its own start.
    init(_ places: AgentPlaces, known: [AgentSession]?) {
        self.places = places
        self.known = known.map { Self.byID($0) }
    }

    private static func byID(_ sessions: [AgentSession]) -> [String: AgentSession] {
        Dictionary(sessions.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The sessions of now. Those that are new or gone are told to `note`.
    mutating func look(now: Int, _ note: (AgentEvent.Kind, AgentSession) -> Void) -> [AgentSession] {
        let sessions = SessionList.sessions(traces(now: now))
        let present = Self.byID(sessions)
        if let known {
            for (id, session) in known where present[id]?.user != session.user {
                note(.sessionEnded, session)
            }
            for (id, session) in present where known[id]?.user != session.user {
                note(.sessionBegan, session)
            }
        }
        known = present
        return sessions
    }

    private mutating func traces(now: Int) -> SessionTraces {
        let sockets = LocalSockets(
            parsing: SmallFile.text(places.path("/proc/net/unix"), limit: 16 << 20) ?? "")
        let ports = OpenPorts(
            parsing: ["tcp", "tcp6"].map {
                SmallFile.text(places.path("/proc/net/\($0)"), limit: 16 << 20) ?? ""
            })
        let logIns = LogInSession.all(places)
        var owners: [String: SessionTraces.Owner] = [:]
        for path in SessionList.paths(in: sockets) {
            var status = stat()
            // A link is none of ours: only the socket itself counts.
            guard unsafe lstat(places.path(path), &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
                continue
            }
            owners[path] = SessionTraces.Owner(userID: status.st_uid, since: status.st_mtim.tv_sec)
        }
        if names.count > Self.nameLimit { names = [:] }
        for logIn in logIns { names[logIn.userID] = logIn.user }
        for owner in owners.values where names[owner.userID] == nil {
            names[owner.userID] = AccountNames.name(of: owner.userID)
        }
        return SessionTraces(
            sockets: sockets, ports: ports, logIns: logIns, owners: owners, names: names, now: now)
    }
}

/// Accounts as this machine knows them, by whatever service (nsswitch.conf(5)).
enum AccountNames {
    static func name(of userID: UInt32) -> String? {
        var (entry, found): (passwd, UnsafeMutablePointer<passwd>?) = unsafe (passwd(), nil)
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard unsafe getpwuid_r(userID, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name
        else { return nil }
        return unsafe String(cString: name)
    }

    /// Its first one.
    static func group(of name: String) -> UInt32? { entry(of: name)?.group }

    static func number(of name: String) -> UInt32? { account(of: name)?.number }

    static func account(of name: String) -> (number: UInt32, home: String)? {
        entry(of: name).map { ($0.number, $0.home) }
    }

    private static func entry(of name: String) -> (number: UInt32, group: UInt32, home: String)? {
        var (entry, found): (passwd, UnsafeMutablePointer<passwd>?) = unsafe (passwd(), nil)
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let home = unsafe entry.pw_dir
        else { return nil }
        return unsafe (entry.pw_uid, entry.pw_gid, String(cString: home))
    }
}
