package import Wire

/// The result of a version's boot test in a virtual machine, before any node boots it.
package struct BootTest: Equatable, Sendable, Codable {
    package var image: ImageName
    package var version: Int
    /// Seconds since 1970 of its end.
    @SecondTimestamp package var at: Int
    package var isPassed: Bool
    /// Why it failed.
    @MachineText package var detail: String
    package var timeline: BootTimeline
    /// The end of the console output.
    package var console: String

    /// Characters of console output that are kept.
    package static let consoleLimit = 256 * 1024

    package init(
        image: ImageName, version: Int, at: Int, isPassed: Bool, detail: String, timeline: BootTimeline,
        console: String
    ) {
        self.image = image
        self.version = version
        self.at = at
        self.isPassed = isPassed
        self.detail = detail
        self.timeline = timeline
        // Consoles end lines with a carriage return as well.
        let lines = console.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
        self.console = PlainText(String(lines.suffix(Self.consoleLimit)), keepingLines: true).description
    }
}

/// The kernel's command line for a boot test: that of a node with default settings, which restarts when it fails or is not ready in time.
///
/// - Parameter seconds: from kernel start to ready.
package func bootTestCommandLine(
    of version: ImageVersion, as identity: BootIdentity, within seconds: Int, under policy: BootPolicy
) throws(UnreadableSetting) -> [String] {
    var site: [String: SettingValue] = [:]
    site.set(Settings.console, to: [.serial])
    let settings = EffectiveSettings(levels: [(.group(.site), site)])
    let choice = ChosenVersion(
        version: version, because: "boot test", trial: Rollout.Terms(readyWithin: seconds))
    return try kernelCommandLine(
        for: identity, named: NodeName(unknown: identity.macAddress), choice, settings: settings,
        volume: nil, policy: policy)
}
