import API
package import Fleet
import Synchronization
import Wire

/// Machines that fall silent, and are heard again.
extension LiveFleet {
    /// Seconds between two looks.
    private static let tick = Duration.seconds(3)
    /// Nodes of one group that are told of one by one at each look; more share an event.
    private static let eventLimit = 10

    /// Machines ask for orders in these boots.
    package func note(_ attended: [AttendedBoot]) {
        guard !attended.isEmpty else { return }
        state.withLock { state in
            for boot in attended where state.boots[boot.macAddress]?.boot == boot.boot {
                state.boots[boot.macAddress]?.attends = true
            }
        }
    }

    /// Tells listeners of nodes that are lost, and of those that are heard again, until cancelled.
    func watchPresence(_ heard: () async -> HeardMachines) async throws {
        while true {
            try await Task.sleep(for: Self.tick)
            notePresence(await heard(), now: Clock.millisecond)
        }
    }

    /// Compares what is heard of machines with the last time.
    ///
    /// - Parameter now: milliseconds since 1970.
    func notePresence(_ heard: HeardMachines, now: Int) {
        let (lost, found, snapshot) = state.withLock { state in
            var (lost, found) = ([MACAddress](), [MACAddress]())
            var all: [MACAddress: Int] = [:]
            for (machine, boot) in state.boots where boot.attends {
                switch MachineState(boot, heard: heard, now: now) {
                case .lost:
                    all[machine] = state.lost[machine] ?? now - heard.silence(of: machine)
                    if state.lost[machine] == nil { lost.append(machine) }
                // What begins a new boot says so itself.
                case .ready where state.lost[machine] != nil: found.append(machine)
                default: break
                }
            }
            state.lost = all
            return (lost, found, state.snapshot)
        }
        publish(.lost, of: lost, in: snapshot)
        publish(.heard, of: found, in: snapshot)
    }

    private func publish(_ kind: ServerEvent.Kind, of machines: [MACAddress], in snapshot: FleetSnapshot) {
        let (one, many) =
            kind == .lost
            ? ("it is lost: not heard from for a minute", "lost") : ("heard again", "heard again")
        let nodes = machines.compactMap { machine in
            snapshot.node(at: machine).map { (node: $0, machine: machine) }
        }
        for (group, nodes) in Dictionary(grouping: nodes, by: \.node.group) {
            guard nodes.count <= Self.eventLimit else {
                events.publish(
                    ServerEvent(kind: kind, group: group, text: "\(nodes.count) nodes of \(group): \(many)"))
                continue
            }
            for (node, machine) in nodes.sorted(by: { $0.node.name < $1.node.name }) {
                events.publish(
                    ServerEvent(kind: kind, node: node.name, group: group, machine: machine, text: one))
            }
        }
    }

    /// The state of a node now, with its last boot.
    func presence(of node: Node, _ heard: HeardMachines) -> (state: MachineState, boot: BootTimeline?) {
        let boot = snapshot.cards(of: node).compactMap { self.boot(of: $0) }
            .max { $0.startedAt < $1.startedAt }
        return (MachineState(boot, heard: heard, now: Clock.millisecond, usual: stageTimes()), boot)
    }

    /// Milliseconds for which the usual times of stages are kept: for a large fleet they are many medians, and they change slowly.
    private static let timesAge = 30_000

    /// How long machines usually stay at each stage.
    ///
    /// - Parameter now: milliseconds since the host's start.
    func stageTimes(now: Int = Clock.steadyMillisecond) -> StageTimes {
        let (known, boots, snapshot) = state.withLock { ($0.stageTimes, $0.boots, $0.snapshot) }
        if let known, now - known.at < Self.timesAge { return known.times }
        let times = StageTimes(boots.values, in: snapshot)
        state.withLock { $0.stageTimes = (times, now) }
        return times
    }
}
