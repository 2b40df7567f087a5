import API
import Fleet
import Wire

/// Boot tests of versions in a virtual machine: the server opens the boot, follows its progress and stores the result. Running the machine
/// is the caller's part.
struct BootTests: Sendable {
    let fleet: LiveFleet
    let planes: any DataPlaneView & MachineOrders

    /// The architecture of the virtual machines.
    private static let architecture = "amd64"

    /// - Parameter seconds: from kernel start to ready; nil: five minutes.
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
            throw StoreError.conflict(error.sentence)
        }
        guard version.manifest.architecture == Self.architecture else {
            throw StoreError.conflict(
                "boot tests run on machines of \(Self.architecture), but \(version.image)@\(version.number) is for \(version.manifest.architecture)"
            )
        }
        // Locally administered, and not used by any machine.
        let machine = MACAddress(rawValue: 0x0252_6F00_0000 | UInt64.random(in: 0...0xFF_FFFF))
        let boot = await planes.openBoot(of: machine, version.digest)
        return BootTestAnswer(
            machine: machine, boot: boot,
            commandLine: try bootTestCommandLine(
                of: version, as: BootIdentity(macAddress: machine, boot: boot), within: seconds, under: policy
            ),
            digest: version.digest, nodeArchive: archive.digest, withinSeconds: seconds)
    }

    /// - Throws: ``Problem`` 422 when the time is unreasonably long, or too short for any boot.
    static func checked(_ seconds: Int?) throws -> Int {
        let seconds = seconds ?? 300
        guard (10...3_600).contains(seconds) else {
            throw Problem(422, "Invalid number", "a boot test has 10 to 3600 seconds (withinSeconds)")
        }
        return seconds
    }

    /// Stores the result, and forgets the machine.
    ///
    /// - Returns: the result as stored with the version.
    /// - Throws: `StoreError.notFound` when no such boot is open.
    func end(_ report: BootTestReport, _ version: ImageVersion) async throws -> BootTest {
        let boots = try await fleet.store.boots(of: report.machine, limit: 10)
        guard fleet.snapshot.node(at: report.machine) == nil,
            let timeline = boots.first(where: { $0.boot == report.boot }),
            timeline.entries.first?.stage == .script
        else { throw StoreError.notFound("there is no boot test \(report.boot) on \(report.machine)") }
        // The machine's own report decides.
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
