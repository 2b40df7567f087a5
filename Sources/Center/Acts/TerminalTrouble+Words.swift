import API
import Fleet

/// What is said of the troubles of terminal servers.
extension TerminalTrouble {
    /// The pool that has it; nil: a server has it.
    var pool: PoolName? {
        switch self {
        case .unserved(let pool, _, _, _), .noServer(let pool, _, _): pool
        case .silent, .failing, .reported, .otherCertificate, .unknownCertificate, .oldAgent: nil
        }
    }

    /// The server that has it; nil: a pool has it.
    var server: TerminalName? {
        switch self {
        case .unserved, .noServer: nil
        case .silent(let server, _, _), .failing(let server, _), .reported(let server, _),
            .otherCertificate(let server), .unknownCertificate(let server), .oldAgent(let server, _):
            server
        }
    }

    /// When it began: seconds since 1970; nil: that is not known.
    var since: Int? {
        if case .silent(_, _, let since) = self { since } else { nil }
    }

    /// What is wrong, without the name of what has it.
    var what: PlacementWords {
        switch self {
        case .unserved(_, let servers, let otherCount, let wasHeard):
            let names = (servers.map(\.text) + (otherCount > 0 ? ["+\(otherCount)"] : []))
                .joined(separator: ", ")
            return names.isEmpty
                ? PlacementWords("no terminal server is in this pool, and no log-in finds one")
                : wasHeard
                    ? PlacementWords("no server of this pool takes log-ins now: %1", names)
                    : PlacementWords(
                        "no server of this pool takes log-ins: nothing was ever heard of %1", names)
        case .noServer(_, let count, let why):
            return PlacementWords(
                "log-ins of the last ten minutes that found no server: %1 (%2)", "\(count)", why)
        case .silent(_, 0, _): return PlacementWords("silent")
        case .silent(_, 1, _): return PlacementWords("silent, with 1 session on it")
        case .silent(_, let count, _):
            return PlacementWords("silent, with %1 sessions on it", "\(count)")
        case .failing(_, let count):
            return PlacementWords("%1 log-ins in a row found no session there", "\(count)")
        case .otherCertificate:
            return PlacementWords(
                "it shows another certificate than the one that is pinned, and no log-in goes there")
        case .unknownCertificate:
            return PlacementWords(
                "it shows no certificate for RDP, so nodes could not tell it from another machine: no log-in goes there by RDP"
            )
        case .oldAgent(_, let version):
            return PlacementWords(
                "it has an old roost-agent (%1), which clears away what is left of a person's sessions before it knows that it is this person, and may keep two sessions of a person who logs in twice at once",
                version)
        case .reported(_, let text): return PlacementWords(text)
        }
    }

    /// How it is fixed.
    var fix: PlacementWords {
        switch self {
        case .unserved(let pool, let servers, let otherCount, let wasHeard):
            return servers.isEmpty && otherCount == 0
                ? PlacementWords("add a server to it")
                : wasHeard
                    ? PlacementWords(
                        "let one take them again, or look at the machines; ‘roost place --pool %1 --explain’ says why of each",
                        pool.text)
                    : PlacementWords(
                        "set up the roost-agent there, or look at the machines and their ports")
        case .noServer(let pool, _, _):
            return PlacementWords(
                "add a server or raise a limit; ‘roost place --pool %1 --explain’ shows each server",
                pool.text)
        case .silent(let server, _, _):
            return PlacementWords(
                "look at the machine and at its roost-agent; if it is meant to be off: ‘roost server maintenance %1’",
                server.text)
        case .failing(let server, _):
            return PlacementWords(
                "look at xrdp and the agent there; ‘roost server show %1’ shows what it says", server.text)
        case .otherCertificate(let server):
            return PlacementWords(
                "if it has a new one: ‘roost server show %1’ shows it, ‘roost server set %1 --rdp-certificate SHA256’ accepts it",
                server.text)
        case .unknownCertificate(let server):
            return PlacementWords(
                "have it use TLS, or say which one it has: ‘roost server set %1 --rdp-certificate SHA256’",
                server.text)
        case .oldAgent: return PlacementWords("install the roost-agent of this release there")
        case .reported(let server, _):
            return PlacementWords("look there; ‘roost server show %1’ shows what its agent says", server.text)
        }
    }

    /// All of it in English, for programs and terminals.
    var text: String {
        let name = pool.map { "Pool \($0)" } ?? server.map { "Terminal server \($0)" } ?? ""
        let time = since.map { " (since \(CalendarTime.text(second: $0)))" } ?? ""
        return "\(name): \(what.filled)\(time); \(fix.filled)"
    }
}
