/// A machine's activity, for colours and counts.
package enum MachineState: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    case ready, booting, failed
    /// Its current stage has taken too long.
    case stuck
    /// No boot was seen.
    case unseen

    /// Milliseconds after which a boot that is not ready counts as stuck; the slowest stage on the slowest hardware took 90 s.
    package static let stuckAfter = 180_000

    /// - Parameters:
    ///   - boot: its last boot.
    ///   - now: milliseconds since 1970.
    package init(_ boot: BootTimeline?, now: Int) {
        guard let boot, let last = boot.entries.last else {
            self = .unseen
            return
        }
        switch last.stage {
        case .ready: self = .ready
        case .failed: self = .failed
        default: self = now - last.at > Self.stuckAfter ? .stuck : .booting
        }
    }
}
