/// When a step of a node's configuration is carried out.
package enum StepPhase: String, CaseIterable, Codable, Sendable {
    /// In the node's root, before the image's init starts.
    case beforeInit = "before-init"
    /// Early in the image's own start: its file systems are mounted.
    case atInit = "init"
    /// At the end of the image's start, before the node counts as ready.
    case late
    /// When the node is shut down or restarted.
    case atShutdown = "shutdown"
}

/// What a node does when a step fails.
package enum StepFailure: String, CaseIterable, Codable, Sendable {
    /// The steps behind it are not carried out. Before init, the boot fails, as ``BootWord/failure`` says.
    case stop
    /// The steps behind it are carried out.
    case goOn = "go-on"
}

/// How a step ended.
package enum StepOutcome: String, CaseIterable, Codable, Sendable {
    case done
    case failed
    /// It exceeded its time limit.
    case timedOut = "timed-out"
    /// A step before it failed, and that one's policy is to stop.
    case skipped
}
