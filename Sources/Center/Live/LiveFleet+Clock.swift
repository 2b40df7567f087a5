import API
package import Fleet
import Synchronization
import Wire

/// The server's clock was set: times stored by it move along, and people are notified.
extension LiveFleet {
    /// Jumps that are remembered.
    private static let jumpLimit = 16
    /// Milliseconds for which a jump is shown.
    private static let newsMilliseconds = 24 * 3_600_000

    /// A jump, and when it was seen on the monotonic clock.
    struct SeenJump {
        var jump: ClockJump
        var seenAt: Int
        /// It was found at the server's start: the server may have been off all that time.
        var isBetweenRuns = false
    }

    /// Moves log-ins, tokens, roll-outs and current boots with the clock.
    ///
    /// Between the two steps, stored times lie ahead of the clock, so nothing expires.
    package func move(with jump: ClockJump) async throws {
        note(SeenJump(jump: jump, seenAt: Clock.steadyMillisecond))
        try await moveAll(with: jump)
    }

    private func moveAll(with jump: ClockJump) async throws {
        if jump.milliseconds < 0 { Clock.jump() }
        defer { Clock.jump() }
        state.withLock { state in
            for machine in state.boots.keys { state.boots[machine]?.move(with: jump) }
            for machine in state.sessions.keys { state.sessions[machine]?.move(with: jump) }
        }
        let rollouts = moveRollouts(with: jump)
        try await store.move(with: jump)
        if !rollouts.isEmpty { try await store.save(rollouts, troubles: [:]) }
        // Records of access have times, too.
        try await reload()
    }

    /// The server has started, and its clock is far from the previous run's last record.
    ///
    /// Times written by a clock that was ahead move back with it. When the clock is ahead now, trials resume where they were, but log-ins
    /// and tokens expire by the new time.
    package func start(after leap: ClockJump) async throws {
        note(SeenJump(jump: leap, seenAt: Clock.steadyMillisecond, isBetweenRuns: true))
        if leap.milliseconds < 0 { return try await moveAll(with: leap) }
        let rollouts = moveRollouts(with: leap)
        if !rollouts.isEmpty { try await store.save(rollouts, troubles: [:]) }
    }

    private func note(_ seen: SeenJump) {
        state.withLock { state in
            state.jumps.append(seen)
            if state.jumps.count > Self.jumpLimit { state.jumps.removeFirst() }
        }
        let what = seen.isBetweenRuns ? "went \(seen.jump) while it was off" : "was set \(seen.jump)"
        events.publish(ServerEvent(kind: .clock, text: "the server's clock \(what)"))
    }

    /// Moves the current roll-outs, here and in the data planes.
    ///
    /// - Returns: all of them, to be stored.
    private func moveRollouts(with jump: ClockJump) -> [Rollout] {
        let (rollouts, next) = state.withLock { state in
            let rollouts = state.snapshot.rollouts.values.map { rollout in
                var moved = rollout
                moved.move(with: jump)
                return moved
            }
            guard !rollouts.isEmpty else { return ([] as [Rollout], nil as FleetSnapshot?) }
            state.snapshot = state.snapshot.observing { observations in
                for rollout in rollouts { observations.progress[rollout.id] = rollout.progress }
            }
            return (rollouts, state.snapshot)
        }
        if next != nil { distribute() }
        return rollouts
    }

    /// The latest jump of the last day; nil: the clock is fine.
    var recentJump: SeenJump? {
        let now = Clock.steadyMillisecond
        return state.withLock { $0.jumps.last }.flatMap {
            now - $0.seenAt < Self.newsMilliseconds ? $0 : nil
        }
    }
}

extension LiveFleet.SeenJump {
    /// The times shown before and after.
    var times: (before: String, after: String) {
        (CalendarTime.text(second: jump.before / 1_000), CalendarTime.text(second: jump.after / 1_000))
    }

    /// What it means, and what to do.
    var warning: String {
        if isBetweenRuns {
            return """
                this server last wrote something at \(times.before), and started at \(times.after): unless it was off for so long, one \
                of its clocks was wrong; look at the time, and keep it by NTP (timedatectl set-ntp true)
                """
        }
        return """
            the clock of this server was set \(jump), from \(times.before) to \(times.after); leases, log-ins, tokens and roll-outs \
            moved with it; keep the time by NTP (timedatectl set-ntp true)
            """
    }
}
