package import Wire

/// How a version's boot in a virtual machine went, before any node boots it.
package struct BootTest: Equatable, Sendable, Codable {
    package var image: ImageName
    package var version: Int
    /// Seconds since 1970 at which it ended.
    @SecondTimestamp package var at: Int
    package var isPassed: Bool
    /// Why it failed.
    @MachineText package var detail: String
    package var timeline: BootTimeline
    /// The end of what the console showed.
    package var console: String

    /// Characters of the console that are kept.
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
        // Consoles end their lines with a carriage return, too.
        let lines = console.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n")
        self.console = PlainText(String(lines.suffix(Self.consoleLimit)), keepingLines: true).description
    }
}

/// The kernel's words for a version that is tested: as for a node with nothing but defaults, which restarts when it fails or is not
/// ready in time.
///
/// - Parameter seconds: from the kernel's start to ready.
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
