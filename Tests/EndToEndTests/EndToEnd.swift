import Testing

/// Everything that needs a laboratory. A process runs one suite, whose tests run in sequence: a suite has one server. Suites run side by
/// side, each with its own laboratory (`Tests/run.py`).
@Suite(.serialized, .enabled(if: BootLab.obstacle == nil, "\(BootLab.obstacle ?? "")"))
enum EndToEnd {
    /// Our servers and other programs' clients, browsers, checkers; no machine is powered on.
    @Suite enum Servers {}
    /// Machines that boot the tiny image within seconds: node behaviour that does not depend on the system, and firmware. Terminal servers
    /// are containers, and cost as much.
    @Suite enum Machines {}
    /// Tests about Debian and systemd themselves: most of a minute for each boot.
    @Suite enum Systems {}
}
