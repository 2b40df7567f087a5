import API
import Fleet
import FoundationEssentials
import Glibc
import Linux

/// What crashes leave of sessions, and what no one gets to any more: displays that xrdp-sesman has forgotten, sessions that logind calls
/// closing and that never end, and the files of displays whose server is dead.
///
/// Only of people whose log-ins the agent has prepared since the machine's start; what others do here is no business of the agent.
struct Leftovers {
    /// Milliseconds between two looks, which have to agree before anything ends.
    static let doubt = 10_000
    private static let patience = 10

    /// Something that is left over.
    struct Item: Hashable {
        enum Kind: Hashable {
            /// A display of xrdp without a connection, and which xrdp-sesman does not know.
            case display(process: Int32)
            /// A session of logind whose person has gone, with its control group.
            case closing(scope: String)
            /// Files of a display whose server is dead.
            case files([String])
        }
        var kind: Kind
        /// The display, or the number of the session.
        var name: String
        var user: String
    }

    private let places: AgentPlaces
    private let programs: any AgentPrograms
    private let events: any AgentEventSink
    private(set) var people: Set<String>
    /// When each was first seen.
    private var seen: [Item: Int] = [:]
    private var lookedAt: Int?

    init(_ places: AgentPlaces, programs: any AgentPrograms, events: any AgentEventSink) {
        (self.places, self.programs, self.events) = (places, programs, events)
        let text = SmallFile.text(places.people) ?? ""
        people = Set(text.split(separator: "\n").map(String.init))
    }

    /// A log-in of this person was prepared.
    mutating func expect(_ user: String) {
        guard !user.contains("\n"), people.insert(user).inserted else { return }
        let text = people.sorted().map { "\($0)\n" }.joined()
        do { try WholeFile.writeForNow(places.people, Array(text.utf8)) } catch {
            AgentLog.write("after a crash, sessions of \(user) are not cleared away: \(error)")
        }
    }

    /// - Parameters:
    ///   - sessions: all of this server.
    ///   - time: milliseconds, by a clock that is never set.
    mutating func sweep(_ sessions: [AgentSession], at time: Int) {
        guard !people.isEmpty, lookedAt.map({ time - $0 >= Self.doubt }) ?? true else { return }
        lookedAt = time
        let found = items(sessions)
        for item in found where seen[item].map({ time - $0 >= Self.doubt }) ?? false {
            clear(item)
            seen[item] = nil
        }
        seen = Dictionary(found.map { ($0, seen[$0] ?? time) }) { first, _ in first }
    }

    private func items(_ sessions: [AgentSession]) -> [Item] {
        let processes = ProcessList.all(places)
        return forgotten(sessions, processes) + closing(sessions) + files(sessions)
    }

    // MARK: What there is

    /// In version 0.9 of xrdp a process of xrdp-sesman is between it and each display, in 0.10 xrdp-sesexec. Once the first has started
    /// again it knows none of the displays from before, and the next log-in gets a second one.
    private func forgotten(_ sessions: [AgentSession], _ processes: ProcessList) -> [Item] {
        let displays = sessions.filter { $0.kind == .rdp && people.contains($0.user) }
        return displays.filter { !$0.isConnected }.compactMap { session in
            guard let user = AccountNames.number(of: session.user),
                let server = processes.displayServer(session.display, of: user)
            else { return nil }
            let manager = processes.manager(of: server)
            if let manager, processes.manager(of: manager) != nil { return nil }
            // Later versions find such sessions again; only a second one shows that this did not happen.
            if manager?.name == ProcessList.sessionManager,
                !displays.contains(where: { $0.user == session.user && $0.id != session.id })
            {
                return nil
            }
            return Item(kind: .display(process: server.number), name: session.display, user: session.user)
        }
    }

    /// X2Go's displays live on in the closing session of their ssh connection, and people may let programs go on (loginctl enable-linger).
    private func closing(_ sessions: [AgentSession]) -> [Item] {
        let x2go = Set(sessions.filter { $0.kind == .x2go }.map(\.user))
        return LogInSession.closing(places).filter { session in
            session.service.hasPrefix("xrdp") && people.contains(session.user) && !x2go.contains(session.user)
                && !session.scope.isEmpty
                && FileStatus(places.path("/var/lib/systemd/linger/\(session.user)")) == nil
        }.map { Item(kind: .closing(scope: $0.scope), name: $0.id, user: $0.user) }
    }

    /// xrdp-sesman takes no display whose files are there: after enough crashes it has none left.
    private func files(_ sessions: [AgentSession]) -> [Item] {
        let sockets = LocalSockets(
            parsing: SmallFile.text(places.path("/proc/net/unix"), limit: 16 << 20) ?? "")
        let directory = places.path(SessionList.displayDirectory)
        return DirectoryListing.names(in: places.path("/tmp"), hidden: true).compactMap { name in
            guard name.hasPrefix(".X"), name.hasSuffix("-lock"),
                let number = Int(name.dropFirst(2).dropLast(5)),
                let status = FileStatus(places.path("/tmp/\(name)")), !status.isLink, !status.isDirectory,
                let user = AccountNames.name(of: status.user), people.contains(user),
                let process = SmallFile.text(places.path("/tmp/\(name)"), limit: 64).flatMap({
                    Int32($0.filter { $0 != " " && $0 != "\n" })
                }), FileStatus(places.path("/proc/\(process)")) == nil
            else { return nil }
            let socket = "\(directory)/X\(number)"
            let abstract = "\(SessionList.displayDirectory)/X\(number)"
            guard !sockets.listening.contains(abstract), !sockets.listening.contains("@\(abstract)") else {
                return nil
            }
            let files = [places.path("/tmp/\(name)"), socket] + xrdpFiles(number, of: status.user)
            return Item(
                kind: .files(
                    files.filter { path in
                        FileStatus(path).map { $0.user == status.user && !$0.isDirectory } ?? false
                    }), name: ":\(number)", user: user)
        }
    }

    /// Sockets of a display's helpers, in version 0.9 of xrdp and in 0.10.
    private func xrdpFiles(_ display: Int, of user: UInt32) -> [String] {
        ["", "/\(user)"].map { places.path(SessionList.xrdpDirectory + $0) }.flatMap { directory in
            FileStatus(directory)?.isDirectory != true
                ? []
                : DirectoryListing.names(in: directory)
                    .filter { $0.hasPrefix("xrdp") && $0.hasSuffix("_\(display)") }
                    .map { "\(directory)/\($0)" }
        }
    }

    // MARK: What becomes of it

    private func clear(_ item: Item) {
        do {
            let text: String
            switch item.kind {
            case .display(let process):
                let logIn = LogInSession.all(places).first { $0.user == item.user && $0.display == item.name }
                if let logIn {
                    try programs.require(
                        "loginctl", ["terminate-session", logIn.id], seconds: Self.patience)
                }
                // The display's own server, which may be in no session.
                _ = try? programs.run(
                    "kill", ["-TERM", "\(process)"], input: [], seconds: Self.patience)
                text =
                    "display \(item.name) was ended: xrdp-sesman had forgotten it, and no log-in came back to it"
            case .closing(let scope):
                // It is said to be ending already, so that loginctl does nothing more.
                try programs.require(
                    "systemctl", ["--no-block", "stop", "--", scope], seconds: Self.patience)
                text = "programs that session \(item.name) left behind were ended"
            case .files(let files):
                for file in files { unsafe unlink(file) }
                text = "files of display \(item.name), whose server is dead, were removed"
            }
            AgentLog.write("\(item.user): \(text)")
            events.note(.swept, user: item.user, id: item.name, text)
        } catch {
            events.note(.failed, user: item.user, id: item.name, "what is left of a session stays: \(error)")
        }
    }
}
