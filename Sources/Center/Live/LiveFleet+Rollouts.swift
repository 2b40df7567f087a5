import API
package import Fleet
import Synchronization
package import Wire

/// Versions on trial, and machines that do not come up: the evidence of boots, and its consequences.
extension LiveFleet {
    /// Seconds between checks for roll-outs whose time is over.
    private static let tick = Duration.seconds(2)
    /// Machines whose failed boots are remembered.
    private static let troubleLimit = 100_000

    /// Starts a trial of `candidate` for `channel` on some nodes.
    ///
    /// - Parameter leave: by which it goes on; nil: that of root on the server's host.
    package func startRollout(
        of image: ImageName, candidate: Int, to channel: ChannelName, share text: String,
        terms: Rollout.Terms,
        by who: String, _ leave: Leave? = nil
    ) async throws -> Rollout {
        guard let share = Rollout.Share(text) else {
            throw InvalidSetting("‘\(text)’ is neither a share (5%) nor a group (/school/room-1)")
        }
        let id = (try await store.rollouts(before: nil, limit: 1).first?.id ?? 0) + 1
        let now = Clock.second
        let next = try await change(by: who) { snapshot in
            guard let catalogue = snapshot.images[image], let former = catalogue.channels[channel] else {
                throw StoreError.notFound("image \(image) has no channel \(channel)")
            }
            guard former != candidate else {
                throw StoreError.conflict("\(image)@\(channel) already is \(image)@\(candidate)")
            }
            if let other = snapshot.rollout(of: image, channel) {
                throw StoreError.conflict(other.holdsItsChannel)
            }
            if let distrust = catalogue.version(.number(candidate))?.distrust {
                throw StoreError.conflict(distrust)
            }
            if case .group(let path) = share, path != .site, snapshot.groups[path] == nil {
                throw StoreError.notFound(snapshot.contents.missing(.group(path)))
            }
            let canaries = snapshot.canaries(
                share, of: snapshot.followers(of: image, channel), rollout: id)
            guard !canaries.isEmpty else {
                throw StoreError.conflict(
                    "no node can try it: none there boots \(image)@\(channel), or their roots keep their versions"
                )
            }
            return [
                .rollout(
                    Rollout(
                        id: id, image: image, channel: channel, candidate: candidate, former: former,
                        share: text, terms: terms, startedAt: now, startedBy: who, leave: leave,
                        canaries: canaries))
            ]
        }
        guard let rollout = next.rollout(id) else {
            throw StoreError.conflict("roll-out \(id) ended at once")
        }
        tell(rollout, rollout.summary(before: nil))
        return rollout
    }

    /// Changes the state of a current roll-out.
    package func steer(_ id: Int, by who: String, _ act: @escaping @Sendable (inout Rollout) -> Void)
        async throws -> Rollout
    {
        let before = try await rollout(id)
        guard !before.state.isOver else {
            throw StoreError.conflict("roll-out \(id) is over: \(before.state.rawValue)")
        }
        try await change(by: who) { snapshot in
            guard var rollout = snapshot.rollout(id) else { return [] }
            let former = rollout
            act(&rollout)
            return rollout == former ? [] : [.rollout(rollout)]
        }
        let after = try await rollout(id)
        if after.state != before.state { tell(after, after.summary(before: before)) }
        return after
    }

    /// A roll-out in its present state.
    package func rollout(_ id: Int) async throws -> Rollout {
        if let underWay = snapshot.rollout(id) { return underWay }
        return try await store.rollout(id)
    }

    /// Roll-outs with numbers below `before`, newest first, in their present state.
    package func rollouts(before: Int?, limit: Int) async throws -> [Rollout] {
        let underWay = snapshot.rollouts
        return try await store.rollouts(before: before, limit: limit).map { underWay[$0.id] ?? $0 }
    }

    /// Forgets a machine's failed boots: it may try again.
    package func release(_ machines: [MACAddress]) async throws {
        let known = machines.filter { snapshot.observations.troubles[$0] != nil }
        guard !known.isEmpty else { return }
        state.withLock { state in
            state.snapshot = state.snapshot.observing { observations in
                for machine in known { observations.troubles[machine] = nil }
            }
        }
        distribute()
        try await store.save([], troubles: Dictionary(uniqueKeysWithValues: known.map { ($0, nil) }))
    }

    /// Checks roll-outs as time passes, until cancelled.
    func watchRollouts(_ report: @Sendable (any Error) -> Void) async throws {
        while true {
            try await Task.sleep(for: Self.tick)
            do {
                try await pauseRolloutsWithoutLeave()
                try await advanceRollouts()
            } catch { report(error) }
        }
    }

    /// Pauses roll-outs of accounts that may not publish any more.
    func pauseRolloutsWithoutLeave() async throws {
        let now = snapshot
        for before in now.rollouts.values.sorted(by: { $0.id < $1.id }) {
            var paused = before
            paused.heed(now.contents.access)
            guard paused != before else { continue }
            try await change(by: "roll-out \(before.id)") { current in
                guard var rollout = current.rollout(before.id) else { return [] }
                let former = rollout
                rollout.heed(current.contents.access)
                return rollout == former ? [] : [.rollout(rollout)]
            }
            let after = try await rollout(before.id)
            if after.state != before.state { tell(after, after.summary(before: before)) }
        }
    }

    // MARK: What boots show

    /// Records the results of boots, where they change anything.
    func judge(_ boots: [JudgedBoot]) async throws {
        guard !boots.isEmpty else { return }
        var troubles: [MACAddress: BootTrouble?] = [:]
        var rollouts: [Int: Rollout] = [:]
        let next: FleetSnapshot? = state.withLock { state in
            let snapshot = state.snapshot
            var (all, known) = (snapshot.rollouts, snapshot.observations.troubles)
            for boot in boots {
                let (before, after) = (
                    known[boot.macAddress], BootTrouble.after(boot, before: known[boot.macAddress])
                )
                if before != after, before != nil || known.count < Self.troubleLimit {
                    known[boot.macAddress] = after
                    troubles[boot.macAddress] = .some(after)
                }
                guard !all.isEmpty, let node = snapshot.node(at: boot.macAddress),
                    let version = snapshot.version(boot.version)
                else { continue }
                for (id, rollout) in all
                where rollout.image == version.image && rollout.candidate == version.number {
                    var rollout = rollout
                    rollout.note(boot.outcome, of: node.name, began: boot.startedAt)
                    guard rollout != all[id] else { continue }
                    all[id] = rollout
                    rollouts[id] = rollout
                }
            }
            guard !troubles.isEmpty || !rollouts.isEmpty else { return nil }
            state.snapshot = snapshot.observing { observations in
                observations.troubles = known
                for (id, rollout) in rollouts { observations.progress[id] = rollout.progress }
            }
            return state.snapshot
        }
        guard let next else { return }
        distribute()
        try await store.save(Array(rollouts.values), troubles: troubles)
        for (machine, trouble) in troubles { if let trouble { tell(machine, trouble, in: next) } }
        if !rollouts.isEmpty { try await advanceRollouts() }
    }

    func advanceRollouts() async throws {
        let now = Clock.millisecond
        var changed: [Rollout] = []
        var over: [Int] = []
        state.withLock { state in
            for (id, rollout) in state.snapshot.rollouts {
                var next = rollout
                next.advance(to: now)
                guard next != rollout else { continue }
                if next.state.isOver {
                    over.append(id)
                } else {
                    changed.append(next)
                }
            }
            if !changed.isEmpty {
                state.snapshot = state.snapshot.observing { observations in
                    for rollout in changed { observations.progress[rollout.id] = rollout.progress }
                }
            }
        }
        if !changed.isEmpty {
            distribute()
            try await store.save(changed, troubles: [:])
        }
        for id in over.sorted() { try await end(id, at: now) }
    }

    /// Ends a decided roll-out: on success its channel moves, in the same change.
    private func end(_ id: Int, at now: Int) async throws {
        guard let before = snapshot.rollout(id) else { return }
        try await change(by: "roll-out \(id)") { snapshot in
            guard let known = snapshot.rollout(id) else { return [] }
            var rollout = known
            rollout.advance(to: now)
            if rollout.state == .succeeded {
                // The channel moves by the leave of those who began it.
                var paused = known
                paused.heed(snapshot.contents.access)
                if paused.state == .paused { rollout = paused }
            }
            guard rollout.state != known.state else { return [] }
            let moved = FleetEdit.channel(rollout.image, rollout.channel, rollout.candidate)
            return rollout.state == .succeeded ? [.rollout(rollout), moved] : [.rollout(rollout)]
        }
        let after = try await store.rollout(id)
        tell(after, after.summary(before: before))
    }

    private func tell(_ rollout: Rollout, _ text: String) {
        events.publish(ServerEvent(kind: .rollout, text: text))
    }

    private func tell(_ machine: MACAddress, _ trouble: BootTrouble, in snapshot: FleetSnapshot) {
        let node = snapshot.node(at: machine)
        guard trouble.failedBoots == snapshot.settings(of: node)[Settings.bootBrake] else { return }
        events.publish(
            ServerEvent(
                kind: .rollout, node: node?.name, group: node?.group, machine: machine,
                text: trouble.summary))
    }
}
