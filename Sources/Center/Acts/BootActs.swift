import API
import Fleet
import Wire

/// Boots as a list that is searched.
extension Acts {
    /// How a boot went.
    enum BootOutcome: String, Sendable, CaseIterable {
        case failed
        /// It is the machine's last one, and its stage takes too long.
        case stuck
        case booting
        /// The machine began another one before it was ready.
        case broken
        case ready
        /// It was ready, and was shut down in order.
        case off

        /// - Parameters:
        ///   - isLast: whether the machine has begun no other one since.
        ///   - now: milliseconds since 1970.
        init(_ boot: BootTimeline, isLast: Bool, now: Int) {
            self =
                switch MachineState(boot, heard: HeardMachines(), now: now) {
                case .ready, .lost: .ready
                case .off: .off
                case .failed: .failed
                case .stuck: isLast ? .stuck : .broken
                case .booting, .unseen: isLast ? .booting : .broken
                }
        }
    }

    /// A boot with its node; nil: the machine is not a node.
    struct SeenBoot: Sendable {
        var boot: BootTimeline
        var node: Node?
        var outcome: BootOutcome

        /// The node's name; of an unknown machine the code on its screen.
        var name: String { node?.name.text ?? FleetSnapshot.screenCode(of: boot.macAddress) }

        /// What a search looks at.
        fileprivate var searchText: String {
            let machine = boot.macAddress
            let name = node?.name.text ?? "\(NodeName(unknown: machine)) \(name)"
            return [name, machine.description, node?.group.description ?? "", "state=\(outcome.rawValue)"]
                .joined(separator: " ").lowercased()
        }
    }

    /// The boots that fit a search.
    struct BootList: Sendable {
        var page: Page<SeenBoot>
        /// Of all that were looked at, whether they fit or not.
        var outcomes: [BootOutcome: Int]
        var total: Int
    }

    /// Boots that are looked at for a list: a morning's of a large site.
    private static let bootLimit = 500

    /// - Parameter machine: nil: the last boots of all machines.
    func boots(of machine: MACAddress?, limit: Int) async throws -> [SeenBoot] {
        try require(.read)
        let (snapshot, last, now) = (fleet.snapshot, fleet.boots, Clock.millisecond)
        return try await store.boots(of: machine, limit: limit).compactMap { boot in
            let node = snapshot.node(at: boot.macAddress)
            guard caller.sees(node?.group) else { return nil }
            let isLast = last[boot.macAddress]?.boot == boot.boot
            return SeenBoot(
                boot: boot, node: node, outcome: BootOutcome(boot, isLast: isLast, now: now))
        }
    }

    /// One page of the last boots of all machines, the newest first: those with each word of `query` in name, code, hardware address, group
    /// or state (`state=failed`).
    func boots(_ query: String, offset: Int, limit: Int) async throws -> BootList {
        let words = try SearchWords(query)
        let seen = try await boots(of: nil, limit: Self.bootLimit)
        let fitting =
            words.isEmpty
            ? seen
            : seen.filter { boot in
                let text = boot.searchText
                return words.areIn(text)
            }
        return BootList(
            page: Page(fitting, offset: offset, limit: limit),
            outcomes: seen.reduce(into: [:]) { $0[$1.outcome, default: 0] += 1 }, total: seen.count)
    }
}
