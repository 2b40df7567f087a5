package import Wire

/// The result of a boot so far.
package enum BootOutcome: Equatable, Sendable {
    case underWay
    /// Milliseconds from its first event.
    case ready(after: Int)
    case failed(String)
}

/// The state of a machine's latest boot.
package struct BootProgress: Equatable, Sendable {
    package var boot: String
    /// Milliseconds since 1970 of its first event.
    package var startedAt: Int
    /// The stage that it has reached.
    package var stage: BootStage
    /// Whether it has been ready or failed at some time.
    package var isDecided: Bool
    /// The version that it was told to boot; nil before that.
    package var version: Digest?
    /// The ``ConfigurationDelivery`` to the node; nil before that.
    package var delivery: ConfigurationDelivery?

    package init(boot: String, startedAt: Int, stage: BootStage, version: Digest? = nil) {
        self.boot = boot
        self.startedAt = startedAt
        self.stage = stage
        self.version = version
        isDecided = stage.isDecisive
    }

    /// - Returns: nil for a boot without events.
    package init?(_ timeline: BootTimeline) {
        guard let last = timeline.entries.last else { return nil }
        self.init(
            boot: timeline.boot, startedAt: timeline.startedAt, stage: last.stage, version: timeline.version)
        isDecided = timeline.entries.contains { $0.stage.isDecisive }
        delivery = timeline.entries.lazy.compactMap(\.delivery).first
    }

    package mutating func reach(_ next: BootStage) {
        stage = next
        isDecided = isDecided || next.isDecisive
    }
}

extension BootStage {
    fileprivate var isDecisive: Bool { self == .ready || self == .failed }
}

/// One boot of one version with its result.
package struct JudgedBoot: Equatable, Sendable {
    package var macAddress: MACAddress
    package var version: Digest
    /// Milliseconds since 1970 of its first event.
    package var startedAt: Int
    package var outcome: BootOutcome

    /// Milliseconds within which a new boot means that the previous one failed. A machine that ran longer, with an image that never reports
    /// ready, is fine.
    static let restartWindow = 15 * 60_000

    /// The results that `event` reveals about boots with a kernel; nil when there is nothing new.
    ///
    /// - Parameter before: the machine's last boot before the event.
    package init?(_ event: BootEvent, before: BootProgress?) {
        macAddress = event.macAddress
        guard let before, before.boot != event.boot else {
            guard let version = event.version, event.stage.rank >= BootStage.kernel.rank else { return nil }
            self.version = version
            startedAt = before?.startedAt ?? event.at
            switch event.stage {
            // Its end says nothing of how it began, nor does it that it runs after all.
            case .off: return nil
            case .ready where before?.stage == .off: return nil
            case .ready: outcome = .ready(after: event.at - startedAt)
            case .failed:
                // A retried step fails again: that is still one boot.
                guard before?.isDecided != true else { return nil }
                outcome = .failed(event.detail)
            default: outcome = .underWay
            }
            return
        }
        guard let version = before.version, !before.isDecided, before.stage != .off,
            before.stage.rank >= BootStage.kernel.rank,
            event.at - before.startedAt < Self.restartWindow
        else { return nil }
        self.version = version
        startedAt = before.startedAt
        outcome = .failed("it restarted before it was ready; it had reached \(before.stage.rawValue)")
    }
}

/// Consecutive failed boots of one version on one machine.
package struct BootTrouble: Equatable, Sendable, Codable {
    package var version: Digest
    package var failedBoots: Int
    /// Milliseconds since 1970 of the last boot's start.
    package var lastBootAt: Int
    @MachineText package var detail: String

    /// For a node that is held because of it.
    package var summary: String { "held after \(failedBoots) failed boots: \(detail)" }

    /// The trouble after one more judged boot; nil when there is none (any more).
    package static func after(_ boot: JudgedBoot, before: BootTrouble?) -> BootTrouble? {
        switch boot.outcome {
        case .underWay: return before
        // Coming up with the rescue image says nothing about the failed version.
        case .ready: return before?.version == boot.version ? nil : before
        case .failed(let detail):
            var trouble = BootTrouble(
                version: boot.version, failedBoots: 0, lastBootAt: boot.startedAt, detail: detail)
            if let before, before.version == boot.version {
                trouble.failedBoots = before.failedBoots
                // It failed and was then restarted: that is one failure.
                if before.lastBootAt == boot.startedAt { trouble.failedBoots -= 1 }
            }
            trouble.failedBoots += 1
            return trouble
        }
    }
}
