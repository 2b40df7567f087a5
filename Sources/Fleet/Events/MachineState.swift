/// A machine's activity, for colours and counts.
package enum MachineState: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    case ready, booting, failed
    /// Its current stage has taken too long.
    case stuck
    /// It was ready, and has not been heard of for a minute: without power, without a network, or hung.
    case lost
    /// It was shut down in order.
    case off
    /// No boot was seen.
    case unseen

    /// Milliseconds at one stage after which a boot counts as stuck where its group's usual times are not known; the slowest stage on the
    /// slowest hardware took 90 s.
    package static let stuckAfter = 180_000

    /// - Parameters:
    ///   - boot: its last boot.
    ///   - heard: of all machines. One that never asked for orders in its boot cannot be missed, so it is never lost.
    ///   - now: milliseconds since 1970.
    ///   - usual: the times of the stages of other boots.
    package init(_ boot: BootTimeline?, heard: HeardMachines, now: Int, usual: StageTimes = StageTimes()) {
        guard let boot, let last = boot.entries.last else {
            self = .unseen
            return
        }
        switch last.stage {
        case .ready:
            let isMissed = boot.attends && heard.silence(of: boot.macAddress) >= HeardMachines.lostAfter
            self = isMissed ? .lost : .ready
        case .off: self = .off
        case .failed: self = .failed
        default:
            let age = now - last.at
            let isStuck = age > StageTimes.leastMilliseconds && age > usual.stuckAfter(boot)
            self = isStuck ? .stuck : .booting
        }
    }
}
