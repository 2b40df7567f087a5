import API
import Foundation
import StoreSQLite
import Testing
import Wire

@testable import Center
@testable import Fleet

/// Machines that are named on their own screen.
@Suite struct RegistrationTests {
    private let mac: MACAddress
    private let directory: TemporaryDirectory

    init() throws {
        mac = try #require(MACAddress("52:54:00:00:00:01"))
        directory = try TemporaryDirectory()
    }

    private func fleet(pin: String) async throws -> LiveFleet {
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/\(UUID())"), trust: ImageTrust(keys: [])
        ) { _ in }
        try await fleet.change(by: "test") { _ in
            [.group(.site, NodeGroup(path: .site, settings: ["registration-pin": .text(pin)]))]
        }
        return fleet
    }

    private func registration(_ pin: String) throws -> Registration {
        Registration(name: try NodeName("pc-1"), group: .site, pin: pin)
    }

    @Test func `without the PIN it is a request, with it a node`() async throws {
        let fleet = try await fleet(pin: "471108")
        #expect(try await fleet.register(registration(""), of: mac) == false)
        #expect(fleet.registrations[mac]?.name.text == "pc-1")
        #expect(fleet.snapshot.nodes.isEmpty)
        #expect(try await fleet.register(registration("471108"), of: mac))
        #expect(fleet.snapshot.node(at: mac)?.name.text == "pc-1")
        #expect(fleet.registrations.isEmpty)
    }

    @Test func `a PIN gives no machine the volume of a node that is gone`() async throws {
        let fleet = try await fleet(pin: "471108")
        let name = try NodeName("pc-1")
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        let volume = Volume(
            node: name, image: try ImageName("debian"), version: 1, digest: digest, byteCount: 1 << 30,
            createdAt: 0, generation: 1)
        try await fleet.change(by: "test") { _ in [.node(name, Node(name: name, macAddresses: []))] }
        try await fleet.change(by: "test") { _ in [.volume(name, volume)] }
        try await fleet.change(by: "test") { _ in [.node(name, nil)] }
        await #expect(throws: StoreError.self) { try await fleet.register(registration("471108"), of: mac) }
        #expect(fleet.snapshot.nodes.isEmpty)
        // The page shows the request.
        #expect(fleet.registrations[mac]?.name == name)
    }

    @Test func `an empty PIN approves nothing, and five wrong ones lock PINs`() async throws {
        let without = try await fleet(pin: "")
        #expect(try await without.register(registration(""), of: mac) == false)
        let fleet = try await fleet(pin: "471108")
        for _ in 0..<5 { #expect(try await fleet.register(registration("000000"), of: mac) == false) }
        #expect(try await fleet.register(registration("471108"), of: mac) == false)
        #expect(fleet.snapshot.nodes.isEmpty)
    }

    @Test
    func
        `a new PIN has six digits; an earlier shorter one stays valid, with a warning to site administrators`()
        async throws
    {
        let services = try await CenterServices.alone(in: directory)
        func set(_ settings: [String: SettingValue]) async throws {
            try await services.fleet.change(by: "test") { _ in
                [.group(.site, NodeGroup(path: .site, settings: settings))]
            }
        }
        for short in ["4711", "12345"] {
            await #expect(throws: InvalidSetting.self) { try await set(["registration-pin": .text(short)]) }
        }
        // Set when four digits were enough.
        let store = services.fleet.store
        let old = NodeGroup(path: .site, settings: ["registration-pin": .text("4711")])
        let now = try await store.snapshot()
        _ = try await store.apply(
            CheckedChange(before: now, edits: [.group(.site, old)], after: now), by: "test",
            what: "from before")
        try await services.fleet.reload()
        func warnings(_ caller: Caller) async throws -> [String] {
            try await Acts(services: services, caller: caller).status().warnings?
                .filter { $0.contains("pin") } ?? []
        }
        #expect(try await services.fleet.register(registration("4711"), of: mac))
        #expect(try await warnings(.local).contains { $0.contains("six digits") })
        let helpdesk = Caller(name: "h", grants: [Grant(.helpdesk)], proof: .token(1))
        #expect(try await warnings(helpdesk).isEmpty)
        // Other settings can change; the PIN itself only to a longer one.
        try await set(["registration-pin": .text("4711"), "loader": .text("ipxe")])
        await #expect(throws: InvalidSetting.self) { try await set(["registration-pin": .text("4712")]) }
        try await set(["registration-pin": .text("471108")])
        #expect(try await warnings(.local).isEmpty)
    }

    @Test func `a root that does not come up is shown with the server's observations`() {
        #expect(BootStage.root.stuckSentence(nil).english == "stuck after root: no root export opened")
        let activity = RootActivity(connections: 2, idleMilliseconds: 40_200)
        #expect(
            BootStage.root.stuckSentence(activity).english
                == "stuck after root: export opened, no read since 40 s")
        #expect(BootStage.kernel.stuckSentence(activity).english == "stuck after kernel")
    }
}
