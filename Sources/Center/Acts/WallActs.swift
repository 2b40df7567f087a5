import API
import Fleet
import Sealing

/// A wall board of a room: names and states in one group, for holders of its link, without a log-in.
struct WallBoard: Sendable {
    private static let nodeLimit = 500

    let group: GroupPath
    private let services: CenterServices

    /// - Parameter key: proves that an administrator shared the link.
    init(of group: GroupPath, key: String, _ services: CenterServices) throws {
        guard Secrets.isEqual(key, Self.key(group, services.wallSecret)) else {
            throw Problem(
                403, "Forbidden", "this link does not open a board; the page of the group has the current one"
            )
        }
        (self.group, self.services) = (group, services)
    }

    static func key(_ group: GroupPath, _ secret: String) -> String {
        let code = Hashing.hmac(of: Array("wall \(group)".utf8), key: Array(secret.utf8))
        return Hashing.hexadecimal(code.prefix(16))
    }

    /// The group's first nodes, with their states.
    func nodes() -> [(name: NodeName, state: MachineState)] {
        let fleet = services.fleet
        let (snapshot, boots, now) = (fleet.snapshot, fleet.boots, Clock.millisecond)
        return snapshot.nodes(below: group).prefix(Self.nodeLimit).map { node in
            let boot = snapshot.cards(of: node).lazy.compactMap { boots[$0] }.max {
                $0.startedAt < $1.startedAt
            }
            return (node.name, MachineState(boot, now: now))
        }
    }

    /// Events in the group; an element without an event is a keep-alive.
    func listen(from address: String) throws -> some AsyncSequence<EventHub.Numbered, Never> & Sendable {
        try services.events(for: address).filter { [group] numbered in
            numbered.event.map { event in event.group.map { group.contains($0) } ?? false } ?? true
        }
    }
}
