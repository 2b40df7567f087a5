import Testing

/// Everything that needs a laboratory. A process runs one suite, whose tests come one after the other: a suite has one server.
/// Suites run side by side, each with a laboratory of its own (`Tests/run.py`).
@Suite(.serialized, .enabled(if: BootLab.obstacle == nil, "\(BootLab.obstacle ?? "")"))
enum EndToEnd {
    /// Our servers and other people's clients, browsers, judges; no machine is powered on.
    @Suite enum Servers {}
    /// Machines that boot the tiny image, within seconds: what becomes of a node whatever its system is, and what firmware does.
    @Suite enum Machines {}
    /// What is about Debian and systemd themselves: the better part of a minute for each boot.
    @Suite enum Systems {}
}
