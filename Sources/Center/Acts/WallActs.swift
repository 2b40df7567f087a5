import API
import Fleet
import Synchronization
import Wire

/// The links of wall boards.
extension Acts {
    private static let boardDays = 0...3_650

    /// The links to boards of groups that the caller may share.
    func boardLinks() async throws -> [BoardLinkAnswer] {
        try require(.configure)
        return try await store.boardLinks().filter { may(.configure, in: $0.group) }.map {
            BoardLinkAnswer($0)
        }
    }

    func makeBoardLink(_ wish: BoardLinkRequest) async throws -> BoardLinkAnswer {
        let group = wish.group ?? .site
        // Before anything else: the error must not reveal which groups exist.
        try require(.configure, in: group)
        guard wish.name.hasLength(in: 1...100) else {
            throw Problem(422, "Invalid name", "a link's name has 1 to 100 characters: where it is used")
        }
        let days = wish.days ?? 0
        guard Self.boardDays.contains(days) else {
            throw Problem(
                422, "Invalid time",
                "days: 1 to \(Self.boardDays.upperBound), or 0 for a link that never expires")
        }
        let (secret, now) = (Secrets.make(), Clock.second)
        let wanted = BoardLink(
            id: 0, name: wish.name, group: group, createdBy: caller.name, createdAt: now,
            expiresAt: days == 0 ? nil : now + days * 86_400)
        let made = Mutex(wanted)
        _ = try await change { current in
            let link = made.withLock { link in
                link.id = current.contents.access.nextBoardLink
                return link
            }
            return [.boardLink(link.id, link, hash: Secrets.hash(secret))]
        }
        return BoardLinkAnswer(made.withLock(\.self), path: "/wall?key=\(secret)")
    }

    /// A link of another group is not found, like one that does not exist.
    func revokeBoardLink(_ id: Int) async throws {
        try require(.configure)
        _ = try await change { [caller] current in
            guard let link = current.contents.access.boardLinks[id],
                caller.allows(.configure, in: link.group)
            else { throw StoreError.notFound(BoardLink.missing(id)) }
            return [.boardLink(id, nil)]
        }
    }
}

/// A wall board of a room: names and states in one group, for holders of its link, without a log-in.
struct WallBoard: Sendable {
    private static let nodeLimit = 500

    let group: GroupPath
    private let hash: String
    private let services: CenterServices
    /// What those who have the link count as. No account has a name of this form.
    private var guest: String { "board \(hash)" }

    /// - Parameter key: the secret of the link.
    init(key: String, _ services: CenterServices) async throws {
        hash = Secrets.hash(key)
        guard let link = try await Self.link(hash, services) else {
            throw Problem(
                403, "Forbidden",
                "this link does not open a board: it was revoked, has expired, or is from before links could be revoked; make a new one on the page Wall boards"
            )
        }
        let now = Clock.second
        if now - (link.usedAt ?? 0) > 60 {
            try await services.fleet.store.touchBoardLink(link.id, at: now)
        }
        (group, self.services) = (link.group, services)
    }

    /// The valid link with this hash; nil when its group is gone, too.
    private static func link(_ hash: String, _ services: CenterServices) async throws -> BoardLink? {
        guard let link = try await services.fleet.store.boardLink(hash: hash),
            link.expiresAt.map({ Clock.second < $0 }) ?? true,
            link.group == .site || services.fleet.snapshot.groups[link.group] != nil
        else { return nil }
        return link
    }

    /// Runs a read when it is its turn among those of the link.
    func inTurn<Answer: Sendable>(_ read: @Sendable () async throws -> Answer) async throws -> Answer {
        try await services.turns.run(of: guest, read)
    }

    /// The group's first nodes, with their states.
    func nodes() async -> [(name: NodeName, state: MachineState)] {
        let fleet = services.fleet
        let heard = await services.heard()
        let (snapshot, boots, now) = (fleet.snapshot, fleet.boots, Clock.millisecond)
        let usual = fleet.stageTimes()
        let nodes = snapshot.nodeOrder.lazy.compactMap { snapshot.nodes[$0] }
            .filter { [group] in group.contains($0.group) }
        return nodes.prefix(Self.nodeLimit).map { node in
            let boot = snapshot.cards(of: node).lazy.compactMap { boots[$0] }.max {
                $0.startedAt < $1.startedAt
            }
            return (node.name, MachineState(boot, heard: heard, now: now, usual: usual))
        }
    }

    /// Events in the group; an element without an event is a keep-alive. They end with the link, and when it moves with its group.
    func listen(from address: String) throws -> some AsyncSequence<EventHub.Numbered, Never> & Sendable {
        let leave = ListeningLeave(services.fleet) { [hash, group, services] in
            (try? await Self.link(hash, services))?.group == group
        }
        let events = try services.events(for: address, as: guest)
        return events.prefix { [group, fleet = services.fleet] _ in
            guard group == .site || fleet.snapshot.groups[group] != nil else { return false }
            return await leave.holds()
        }.filter { [group] numbered in
            numbered.event.map { event in event.group.map { group.contains($0) } ?? false } ?? true
        }
    }
}
