import Foundation
import Testing
import Wire

@testable import Fleet

/// A change of several statements, of each kind that a store knows.
struct StoredChange: Sendable, CustomTestStringConvertible {
    typealias Step = @Sendable (any FleetStore) async throws -> Void

    var testDescription: String
    /// What is there before.
    var prepare: Step
    var make: Step

    init(_ name: String, before: @escaping Step = { _ in }, make: @escaping Step) {
        (testDescription, prepare, self.make) = (name, before, make)
    }

    static let machine = MACAddress(rawValue: 0x5254_0000_0001)
    static let session = "hash"

    private static let other = MACAddress(rawValue: 0x5254_0000_0002)

    static let all = [
        Self("a change of several records") { store in
            try await store.make(by: "ann") { _ in
                let school = try GroupPath("/school")
                let pc = Node(name: try NodeName("pc-1"), group: school, macAddresses: [machine])
                return [.group(school, NodeGroup(path: school)), .node(pc.name, pc)]
            }
        },
        Self("an administrator goes, with tokens and log-ins", before: administrators) { store in
            try await store.removeAdministrator("bob", by: "ann")
        },
        Self("an image's first version, signed") { store in try await addVersion("a", to: store) },
        Self("a version goes, with its settings", before: versions) { store in
            let number = 2
            let version = try await store.snapshot().images[image()]?.version(.number(number))
            try await store.remove(#require(version), by: "ann")
        },
        Self("what boots show of a roll-out", before: rollout) { store in
            var rollout = try #require(await store.snapshot().contents.rollouts[1])
            rollout.note(.underWay, of: try NodeName("pc-1"), began: 5)
            let digest = try #require(Digest(String(repeating: "a", count: 64)))
            let trouble = BootTrouble(version: digest, failedBoots: 2, lastBootAt: 5, detail: "panic")
            try await store.save([rollout], troubles: [machine: trouble])
        },
        Self("events of boots") { store in try await store.append(events) },
        Self("a machine is forgotten", before: reports) { store in try await store.forget([machine]) },
        Self("the clock is set", before: reports) { store in
            try await store.move(with: ClockJump(before: 2_000_000, after: 9_000_000_000))
        },
        Self("hardware", before: { try await $0.append(events) }) { store in
            _ = try await store.save(hardware(), of: machine)
        },
        Self("how steps ended", before: { try await $0.append(events) }) { store in
            try await store.save([failedSteps(.beforeInit), failedSteps(.late)])
        },
        Self("cards of machines", before: owner) { store in
            let owner = try uuid()
            try await store.save([machine, other].map { LearnedCards.Change(card: $0, machine: owner) })
        },
    ]

    // MARK: What is there before

    private static func image() throws -> ImageName { try ImageName("debian") }

    private static let events = [(machine, BootStage.dhcp), (machine, .kernel), (other, .dhcp)].map {
        BootEvent(boot: "one", macAddress: $0, stage: $1, at: 1_000_000, detail: "")
    }

    @Sendable private static func administrators(_ store: any FleetStore) async throws {
        for name in ["ann", "bob"] {
            try await store.save(
                Administrator(name: name, grants: [Grant(.admin)]), passwordHash: "p", by: "ann")
        }
        try await store.addToken(
            APIToken(
                id: 0, name: "night", owner: "bob", grants: [Grant(.admin)], createdAt: 1_000, expiresAt: nil),
            hash: "t")
        try await logIn(store)
    }

    private static func logIn(_ store: any FleetStore) async throws {
        try await store.addSession(
            LoginSession(administrator: "bob", csrfToken: "c", createdAt: 1_000, seenAt: 1_000), hash: session
        )
    }

    @Sendable private static func versions(_ store: any FleetStore) async throws {
        for kernel in ["a", "b"] { try await addVersion(kernel, to: store) }
        let settings = ImageSettings(
            try image(), version: 2, ["time-zone": .text("Europe/Lisbon")])
        try await store.make(by: "ann") { _ in [.imageSettings(settings.key, settings)] }
    }

    private static func uuid() throws -> MachineUUID {
        try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
    }

    @Sendable private static func owner(_ store: any FleetStore) async throws {
        let pc = Node(name: try NodeName("pc-1"), macAddresses: [], uuid: try uuid())
        try await store.make(by: "ann") { _ in [.node(pc.name, pc)] }
    }

    private static func addVersion(_ kernel: String, to store: any FleetStore) async throws {
        let manifest = ImageManifest(
            image: try image(), architecture: "amd64", kernelRelease: kernel, system: "Debian", files: [],
            packages: [], origin: "test")
        let digest = try #require(Digest(String(repeating: kernel, count: 64)))
        _ = try await store.addVersion(
            manifest, digest: digest, signatures: [ImageSignature(key: "k", signature: "s")], by: "ann")
    }

    @Sendable private static func rollout(_ store: any FleetStore) async throws {
        let rollout = Rollout(
            id: 1, image: try image(), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 1, startedBy: "ann", canaries: [try NodeName("pc-1")])
        try await store.make(by: "ann") { _ in [.rollout(rollout)] }
    }

    @Sendable private static func reports(_ store: any FleetStore) async throws {
        try await administrators(store)
        try await store.append(events)
        _ = try await store.save(hardware(), of: machine)
        try await store.save([failedSteps(.late)])
    }

    private static func hardware() throws -> Hardware {
        try JSONDecoder().decode(Hardware.self, from: Data(#"{"vendor":"HP","serial":"1"}"#.utf8))
    }

    private static func failedSteps(_ phase: StepPhase) -> PhaseResults {
        PhaseResults(
            machine: machine, boot: "one", phase: phase,
            told: [StepResult(name: "a", outcome: .failed, attempts: 1, milliseconds: 7, output: ["x"])])
    }
}
