import API
import Fleet
import Wire

/// Versions that are booted in a virtual machine before they are shipped: the server opens the boot, hears how far it comes, and keeps
/// the result. Who runs the machine is another's matter.
struct BootTests: Sendable {
    let fleet: LiveFleet
    let planes: any DataPlaneView & MachineOrders

    /// Of the virtual machines.
    private static let architecture = "amd64"

    /// - Parameter seconds: from the kernel's start to ready; nil: five minutes.
    func begin(_ version: ImageVersion, within seconds: Int?) async throws -> BootTestAnswer {
        let seconds = try Self.checked(seconds)
        let policy = await planes.policy()
        guard !policy.server.isLoopback else {
            throw StoreError.conflict(
                "this server serves \(policy.server) only, which no machine reaches: let it serve another interface, too"
            )
        }
        let archive: NodeArchive
        do { archive = try policy.nodeArchive(for: version) } catch {
            throw StoreError.conflict(error.description)
        }
        guard version.manifest.architecture == Self.architecture else {
            throw StoreError.conflict(
                "boot tests are made with machines of \(Self.architecture), and \(version.image)@\(version.number) is for \(version.manifest.architecture)"
            )
        }
        // Locally administered, and nobody's.
        let machine = MACAddress(rawValue: 0x0252_6F00_0000 | UInt64.random(in: 0...0xFF_FFFF))
        let boot = await planes.openBoot(of: machine, version.digest)
        return BootTestAnswer(
            machine: machine, boot: boot,
            commandLine: try bootTestCommandLine(
                of: version, as: BootIdentity(macAddress: machine, boot: boot), within: seconds, under: policy
            ),
            digest: version.digest, nodeArchive: archive.digest, withinSeconds: seconds)
    }

    /// - Throws: ``Problem`` 422 when nobody would wait so long, or nothing could boot in so short a time.
    static func checked(_ seconds: Int?) throws -> Int {
        let seconds = seconds ?? 300
        guard (10...3_600).contains(seconds) else {
            throw Problem(422, "Invalid number", "withinSeconds: 10 to 3600")
        }
        return seconds
    }

    /// Keeps the result, and forgets the machine.
    ///
    /// - Returns: the result as it was stored with the version.
    /// - Throws: `StoreError.notFound` when no such boot was begun.
    func end(_ report: BootTestReport, _ version: ImageVersion) async throws -> BootTest {
        let boots = try await fleet.store.boots(of: report.machine, limit: 10)
        guard fleet.snapshot.node(at: report.machine) == nil,
            let timeline = boots.first(where: { $0.boot == report.boot }),
            timeline.entries.first?.stage == .script
        else { throw StoreError.notFound("there is no boot test \(report.boot) on \(report.machine)") }
        // What the machine has told decides, not what others think.
        let isReady = timeline.readyAfter != nil
        let told = timeline.entries.last { $0.stage == .failed }?.detail
        let test = BootTest(
            image: version.image, version: version.number, at: Clock.second, isPassed: isReady,
            detail: isReady ? "" : told ?? report.detail, timeline: timeline, console: report.console)
        try await fleet.store.save(test)
        try await fleet.forget(report.machine)
        return test
    }
}
