package import Fleet
import Synchronization
import Wire

/// The server's clock was set: what is kept by it moves with it, and people are told.
extension LiveFleet {
    /// Jumps that are remembered.
    private static let jumpLimit = 16
    /// Milliseconds for which people are told of a jump.
    private static let newsMilliseconds = 24 * 3_600_000

    /// A jump, and when it was seen by the clock that nothing sets.
    struct SeenJump {
        var jump: ClockJump
        var seenAt: Int
    }

    /// Moves log-ins, tokens, roll-outs and boots that are under way with the clock.
    ///
    /// Whatever happens between the two steps finds times that lie ahead of its clock, and so nothing that has come to its end.
    package func move(with jump: ClockJump) async throws {
        if jump.milliseconds < 0 { Clock.jump() }
        defer { Clock.jump() }
        let (rollouts, next) = state.withLock { state in
            for machine in state.boots.keys { state.boots[machine]?.move(with: jump) }
            for machine in state.sessions.keys { state.sessions[machine]?.move(with: jump) }
            state.jumps.append(SeenJump(jump: jump, seenAt: Clock.steadyMillisecond))
            if state.jumps.count > Self.jumpLimit { state.jumps.removeFirst() }
            let rollouts = state.snapshot.contents.rollouts.mapValues { rollout in
                var moved = rollout
                moved.move(with: jump)
                return moved
            }
            guard !rollouts.isEmpty else { return (rollouts, nil as FleetSnapshot?) }
            state.snapshot = state.snapshot.replacing(
                rollouts: rollouts, troubles: state.snapshot.contents.troubles)
            return (rollouts, state.snapshot)
        }
        if let next { distribute(next) }
        events.publish(ServerEvent(kind: .clock, text: "the server's clock was set \(jump)"))
        try await store.move(with: jump)
        if !rollouts.isEmpty { try await store.save(Array(rollouts.values), troubles: [:]) }
    }

    /// The newest jump of the last day; nil: the clock goes as it should.
    var recentJump: ClockJump? {
        let now = Clock.steadyMillisecond
        return state.withLock { $0.jumps.last }.flatMap {
            now - $0.seenAt < Self.newsMilliseconds ? $0.jump : nil
        }
    }
}

extension ClockJump {
    /// What it means, and what to do.
    var warning: String {
        """
        the clock of this server was set \(self), from \(CalendarTime.text(second: before / 1_000)) to \
        \(CalendarTime.text(second: after / 1_000)); leases, log-ins, tokens and roll-outs moved with it; keep the time by NTP \
        (timedatectl set-ntp true)
        """
    }
}
