package import Wire

/// A version on trial: some nodes, the canaries, boot it first, and their boots decide whether the channel moves to it.
///
/// A pure state machine: boots and the time go in, the new state comes out. The state ends once, and each canary's result stays.
package struct Rollout: Equatable, Sendable, Codable {
    package enum State: String, Sendable, Codable {
        case running
        /// Nodes that have not booted the version do not get it.
        case paused
        /// The channel points to the version.
        case succeeded
        /// The channel stayed where it was.
        case failed
        /// An administrator ended it; the channel stayed where it was.
        case aborted

        package var isOver: Bool { self != .running && self != .paused }
    }

    /// One node that tries the version, and its result.
    package struct Canary: Equatable, Sendable, Codable {
        package enum Outcome: String, Sendable, Codable, CaseIterable {
            /// It has not booted the version yet.
            case waiting
            case booting
            case ready
            /// It gets the channel's version from its next boot on.
            case failed
        }

        package var node: NodeName
        package var outcome: Outcome
        /// Milliseconds since 1970 when its last boot of the version began; nil before.
        @MillisecondTimestamp package var startedAt: Int?
        /// Milliseconds from then to ready.
        package var readyAfter: Int?
        /// Why it failed.
        @MachineText package var detail: String

        package init(node: NodeName) {
            self.node = node
            (outcome, detail) = (.waiting, "")
        }
    }

    /// The conditions for success, and the length of the trial.
    package struct Terms: Equatable, Sendable, Codable {
        /// Seconds from a boot's first event to ready.
        package var readyWithin: Int
        /// Seconds during which no more than `allowedFailures` canaries may fail.
        package var trialSeconds: Int
        package var allowedFailures: Int

        package init(readyWithin: Int = 300, trialSeconds: Int = 1_800, allowedFailures: Int = 0) {
            self.readyWithin = readyWithin
            self.trialSeconds = trialSeconds
            self.allowedFailures = allowedFailures
        }

        /// Throws where one of them is out of its range.
        package func check() throws(InvalidSetting) {
            guard (10...86_400).contains(readyWithin) else {
                throw InvalidSetting("a canary has 10 to 86400 seconds to become ready (readyWithinSeconds)")
            }
            guard (0...2_592_000).contains(trialSeconds) else {
                throw InvalidSetting("a trial lasts at most 2592000 seconds, 30 days (trialSeconds)")
            }
            guard (0...100_000).contains(allowedFailures) else {
                throw InvalidSetting("at most 100000 canaries may fail (allowedFailures)")
            }
        }
    }

    package let id: Int
    package let image: ImageName
    package let channel: ChannelName
    /// The version on trial.
    package let candidate: Int
    /// The version that the channel points to meanwhile.
    package let former: Int
    /// As requested: `5%` or a group.
    package let share: String
    package let terms: Terms
    /// Seconds since 1970.
    @SecondTimestamp package private(set) var startedAt: Int
    package let startedBy: String
    /// Of those who began or resumed it; nil: root of the server's host, or a former release.
    package private(set) var leave: Leave?
    package private(set) var state = State.running
    @SecondTimestamp package private(set) var endedAt: Int?
    /// Why it ended, or why the server paused it; empty until then.
    package private(set) var reason = ""
    /// In byte order of their names.
    package private(set) var canaries: [Canary]

    package init(
        id: Int, image: ImageName, channel: ChannelName, candidate: Int, former: Int, share: String,
        terms: Terms, startedAt: Int, startedBy: String, leave: Leave? = nil, canaries: [NodeName]
    ) {
        self.leave = leave
        self.id = id
        self.image = image
        self.channel = channel
        self.candidate = candidate
        self.former = former
        self.share = share
        self.terms = terms
        self.startedAt = startedAt
        self.startedBy = startedBy
        self.canaries = canaries.sorted { $0.text < $1.text }.map(Canary.init(node:))
    }

    // MARK: Canaries

    package func canary(_ node: NodeName) -> Canary? { index(of: node).map { canaries[$0] } }

    /// The same roll-out with canaries that have other names now; nil when it has none of them.
    func renamed(_ renames: [NodeRename]) -> Rollout? {
        let names = Dictionary(renames.map { ($0.from, $0.to) }) { first, _ in first }
        guard canaries.contains(where: { names[$0.node] != nil }) else { return nil }
        var rollout = self
        rollout.canaries = canaries.map { canary in
            var canary = canary
            canary.node = names[canary.node] ?? canary.node
            return canary
        }.sorted { $0.node.text < $1.node.text }
        return rollout
    }

    package func count(_ outcome: Canary.Outcome) -> Int { canaries.count { $0.outcome == outcome } }

    private func index(of node: NodeName) -> Int? {
        var (low, high) = (0, canaries.count)
        while low < high {
            let middle = (low + high) / 2
            if canaries[middle].node.text < node.text { low = middle + 1 } else { high = middle }
        }
        return low < canaries.count && canaries[low].node == node ? low : nil
    }

    /// Whether `node` gets the version on trial at its next boot.
    package func offers(to node: NodeName) -> Bool {
        guard let canary = canary(node) else { return false }
        return switch state {
        case .running: canary.outcome != .failed
        case .paused: canary.outcome == .ready || canary.outcome == .booting
        case .succeeded, .failed, .aborted: false
        }
    }

    /// A canary's boot of the version on trial has a result.
    ///
    /// - Parameter at: milliseconds since 1970 when the boot began.
    package mutating func note(_ outcome: BootOutcome, of node: NodeName, began at: Int) {
        guard !state.isOver, let index = index(of: node), canaries[index].outcome != .failed else { return }
        switch outcome {
        case .underWay:
            guard canaries[index].startedAt != at else { return }
            (canaries[index].outcome, canaries[index].startedAt) = (.booting, at)
        case .ready(let milliseconds):
            canaries[index].startedAt = at
            canaries[index].readyAfter = milliseconds
            if milliseconds > terms.readyWithin * 1_000 {
                fail(index, "ready after \(milliseconds / 1_000) s, later than \(terms.readyWithin) s")
            } else {
                canaries[index].outcome = .ready
            }
        case .failed(let detail):
            canaries[index].startedAt = at
            fail(index, detail)
        }
    }

    private mutating func fail(_ index: Int, _ detail: String) {
        canaries[index].outcome = .failed
        canaries[index].detail = detail
    }

    // MARK: Its own state

    /// Fails canaries whose time is over at `now` (milliseconds since 1970), and decides the trial if possible.
    package mutating func advance(to now: Int) {
        guard !state.isOver else { return }
        for index in canaries.indices where canaries[index].outcome == .booting {
            guard let began = canaries[index].startedAt, now - began > terms.readyWithin * 1_000 else {
                continue
            }
            fail(index, "not ready within \(terms.readyWithin) s")
        }
        let failed = canaries.filter { $0.outcome == .failed }
        if failed.count > terms.allowedFailures, let first = failed.first {
            let others = failed.count > 1 ? ", and \(failed.count - 1) more" : ""
            end(.failed, "\(first.node): \(first.detail)\(others)", at: now / 1_000)
        } else if state == .running, now / 1_000 - startedAt >= terms.trialSeconds, count(.ready) > 0,
            count(.booting) == 0
        {
            end(.succeeded, "\(count(.ready)) of \(canaries.count) canaries became ready", at: now / 1_000)
        }
    }

    /// The wall clock was set: the trial and its boots keep their age.
    package mutating func move(with jump: ClockJump) {
        guard !state.isOver else { return }
        startedAt = jump.moved(second: startedAt)
        for index in canaries.indices {
            canaries[index].startedAt = canaries[index].startedAt.map { jump.moved(millisecond: $0) }
        }
    }

    /// Stops it from spreading. Nodes that boot the version now continue.
    package mutating func pause() { if state == .running { state = .paused } }

    /// - Parameter leave: of those who resume it; nil: root of the server's host.
    package mutating func resume(by leave: Leave?) {
        guard state == .paused else { return }
        (state, reason) = (.running, "")
        self.leave = leave
    }

    /// Pauses it when those who began or resumed it may not publish any more: it moves a channel, which is up to others then.
    package mutating func heed(_ access: AccessRecords) {
        guard state == .running, let leave, !leave.holds(.publish, in: .site, by: access) else { return }
        state = .paused
        reason =
            "\(leave.account) was disabled, has a new password or may not publish any more; resume it if it should go on"
    }

    /// - Parameter at: seconds since 1970.
    package mutating func abort(because: String, at: Int) {
        if !state.isOver { end(.aborted, because, at: at) }
    }

    private mutating func end(_ state: State, _ reason: String, at second: Int) {
        self.state = state
        self.reason = reason
        endedAt = second
    }

    /// The progress shown by boots and the clock.
    package struct Progress: Equatable, Sendable {
        fileprivate var startedAt: Int
        fileprivate var canaries: [Canary]
    }

    package var progress: Progress {
        get { Progress(startedAt: startedAt, canaries: canaries) }
        set { (startedAt, canaries) = (newValue.startedAt, newValue.canaries) }
    }
}

extension Rollout {
    /// The change from `before` to `self`, in one line for people.
    package func summary(before: Rollout?) -> String {
        let what = "roll-out \(id) of \(image)@\(candidate) to \(channel)"
        switch state {
        case .running where before == nil:
            return "\(what) began with \(canaries.count) canaries (\(share))"
        case .running: return "\(what) goes on"
        case .paused where reason.isEmpty: return "\(what) paused"
        case .paused: return "\(what) paused: \(reason)"
        case .succeeded, .failed, .aborted: return "\(what) \(state.rawValue): \(reason)"
        }
    }

    /// The error for moving its channel manually.
    package var holdsItsChannel: Sentence {
        "roll-out \(id) tries \(image)@\(candidate) for \(channel); abort it first (roost rollout abort \(id))"
    }

    /// The nodes that try a version first.
    package enum Share: Equatable, Sendable {
        /// Above 0, at most 100.
        case percent(Double)
        case group(GroupPath)

        /// `5%`, `0.5%` or a group's path.
        package init?(_ text: some StringProtocol) {
            if text.hasSuffix("%") {
                guard let number = Double(text.dropLast()), number > 0, number <= 100 else { return nil }
                self = .percent(number)
            } else {
                guard let group = try? GroupPath(String(text)) else { return nil }
                self = .group(group)
            }
        }
    }
}

extension FleetSnapshot {
    /// The nodes that boot the version of `channel` of `image`, in order.
    package func followers(of image: ImageName, _ channel: ChannelName) -> [Node] {
        nodeOrder.compactMap { nodes[$0] }.filter { node in
            guard let chosen = settings(of: node)[Settings.image] else { return false }
            guard let reference = chosen else {
                return images.count == 1 && images[image] != nil && channel == .stable
            }
            return reference.image == image && reference.selector == .channel(channel)
        }
    }

    /// The canaries among `followers`, of those that may be canaries: the same for the same roll-out, others for the next one, and at least
    /// one if there are any.
    ///
    /// - Parameter id: the roll-out's number.
    package func canaries(_ share: Rollout.Share, of followers: [Node], rollout id: Int) -> [NodeName] {
        let followers = followers.filter { (try? settings(of: $0).canTryVersions) == true }
        switch share {
        case .group(let group): return followers.filter { group.contains($0.group) }.map(\.name)
        case .percent(let percent):
            let count = Int((Double(followers.count) * percent / 100).rounded(.up))
            let dealt = followers.map { (Self.deal($0.name, id), $0.name) }.sorted { $0.0 < $1.0 }
            return dealt.prefix(count).map(\.1)
        }
    }

    /// FNV-1a, with its last bits spread: names that differ only in the last digit get very different values.
    private static func deal(_ name: NodeName, _ id: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(id) \(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        return hash ^ hash >> 33
    }

    /// The current roll-out of a channel.
    package func rollout(of image: ImageName, _ channel: ChannelName) -> Rollout? {
        contents.rollouts.values.first { $0.image == image && $0.channel == channel }.map(current)
    }
}

extension FleetEdit {
    /// Starts a roll-out, changes its state, or ends it.
    package static func rollout(_ rollout: Rollout) -> Self { Self(rollout.id, rollout) }
}

extension Rollout: FleetRecord {
    package static let kind = "rollout"

    package static func keys(in contents: FleetSnapshot.Contents) -> [Int] {
        Array(contents.rollouts.keys)
    }

    package static func record(at key: Int, in contents: FleetSnapshot.Contents) -> Rollout? {
        contents.rollouts[key]
    }
    package static func put(
        _ record: Rollout?, at key: Int, in contents: inout FleetSnapshot.Contents
    ) { contents.rollouts[key] = record.flatMap { $0.isClosed ? nil : $0 } }

    package static func checked(
        _ change: RecordChange<Rollout>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Rollout? {
        guard let rollout = change.after else { return nil }
        let another = draft.rollouts.values.first {
            $0.image == rollout.image && $0.channel == rollout.channel && $0.id != rollout.id
        }
        guard let another else { return rollout }
        throw StoreError.conflict(
            "roll-out \(another.id) of \(another.image)@\(another.candidate) is still running")
    }

    package static func summary(of change: RecordChange<Rollout>, in snapshot: FleetSnapshot) -> String {
        change.after?.summary(before: snapshot.contents.rollouts[change.key])
            ?? "roll-out \(change.key) removed"
    }

    package static func reach(of change: RecordChange<Rollout>) -> EditReach { .group(.site) }

    /// Results of boots cannot be undone.
    package static var undo: Undoing { .refuses }

    package var isClosed: Bool { state.isOver }
}
