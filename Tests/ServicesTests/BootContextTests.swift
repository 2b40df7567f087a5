import Fleet
import Linux
import Sealing
import Services
import Testing
import Wire

/// What the data planes know of boots by themselves.
@Suite struct BootContextTests {
    private let machine: MACAddress
    private let version: Digest

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        version = try #require(Digest(String(repeating: "a", count: 64)))
    }

    private func context() throws -> BootContext {
        let policy = BootPolicy(server: .loopback, loaders: [], nodeArchives: [:])
        return try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey()),
            snapshot: FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents()), tracker: BootTracker(),
            send: { _ in })
    }

    @Test func `a failed boot is known before the script of the next one is asked for`() throws {
        let context = try context()
        for boot in 1...2 {
            context.note(.dhcp, of: machine, detail: "")
            #expect(context.snapshot.contents.troubles[machine]?.failedBoots ?? 0 == boot - 1)
            context.tracker.offer(version, to: machine)
            context.note(.kernel, of: machine, detail: "")
            // Boots are told apart by the millisecond in which they began.
            let now = context.now()
            while context.now() == now {}
        }
        // It says itself that it failed, and starts again: that is one failure.
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(context.report(.failed, boot: boot, machine: machine, age: 0, detail: "no init"))
        #expect(!context.report(.ready, boot: "0123456789abcdef", machine: machine, age: 0, detail: ""))
        #expect(context.snapshot.contents.troubles[machine]?.failedBoots == 2)
        context.note(.dhcp, of: machine, detail: "")
        #expect(context.snapshot.contents.troubles[machine]?.failedBoots == 2)
        #expect(context.snapshot.contents.troubles[machine]?.detail == "no init")
    }
}
