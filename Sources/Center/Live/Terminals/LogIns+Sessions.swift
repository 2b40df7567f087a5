import API
import Fleet
import Synchronization
import Wire

/// What a person has already when they log in, and what a log-in may do to it.
///
/// A name that was typed is everyone's to type. Until a terminal server has let the person in, it changes nothing of theirs.
extension LogIns {
    func whereabouts(of entry: Entry) -> [LiveTerminals.Whereabout] {
        let found = terminals.whereabouts(of: entry.choice.user, at: now()).filter {
            // Others may still be on their way to a server that did not prepare this one.
            $0.session != nil || !entry.excluded.contains($0.server)
        }
        let servers = fleet.snapshot.contents.terminals.servers
        return entry.isForWindows ? found.filter { servers[$0.server]?.system == .windows } : found
    }

    /// Whether a log-in takes the place of another one that is on its way. With a name that was typed, only of one at the same node: nothing has
    /// shown that it is that person, and the other one may be.
    func mayCallBack(_ ticket: String, _ entry: Entry) -> Bool {
        !entry.isOwn || state.withLock { $0.issued[ticket]?.machine } == entry.way.machine
    }

    /// Log-ins on their way do not come.
    func giveUp(_ found: [LiveTerminals.Whereabout], for entry: Entry) {
        for place in found where place.session == nil && mayCallBack(place.ticket, entry) {
            terminals.noteEnd(of: place.ticket, on: place.server, problem: nil, at: now())
            terminals.tell(.forget(ticket: place.ticket), to: place.server)
        }
    }

    /// Seconds for which a new session counts as shown: its agent may have looked between its beginning and the coming of its display.
    private static let beginning = 10

    /// The person's sessions that this pool's policy is about.
    func ownSessions(_ found: [LiveTerminals.Whereabout], of entry: Entry) -> [OwnSession] {
        if found.isEmpty { return [] }
        let members = Set(entry.pool.servers(of: fleet.snapshot.contents.terminals).joined())
        let here = entry.way.address.description
        return state.withLock { state in
            found.compactMap { place in
                let isInPool = members.contains(place.server)
                if let session = place.session {
                    // Others are people's own shells, which are no business of ours.
                    let isOurs =
                        session.kind != .ssh
                        || state.issued(to: session.user).contains {
                            $0.server == place.server && $0.kind == .ssh
                                && $0.address.description == session.from
                        }
                    guard isOurs else { return nil }
                    return OwnSession(
                        server: place.server, id: session.id, kind: session.kind,
                        isConnected: session.isConnected || session.age < Self.beginning,
                        isHere: session.from == here, isInPool: isInPool)
                }
                let issued = state.issued[place.ticket]
                let isHere = issued?.machine == entry.way.machine
                let kind = issued?.kind ?? .rdp
                // That the person's name was typed elsewhere keeps them out of nothing, and asks them nothing. If it was they, they get one
                // session.
                let isOnlyTyped = !isHere && issued?.isTyped == true
                if isOnlyTyped,
                    entry.pool.secondLogIn == .allow || !isInPool
                        || entry.protocols.isDisjoint(with: kind.set)
                {
                    return nil
                }
                return OwnSession(
                    server: place.server, id: "", kind: kind, isConnected: !isOnlyTyped, isHere: isHere,
                    isInPool: isInPool)
            }
        }
    }
}
