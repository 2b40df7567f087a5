import AgentWork
import Foundation
import Linux
import Sealing
import Services
import StoreSQLite
import Testing
import Wire

@testable import Fleet

/// The working directory of a process that will be killed, when this program is started again for that.
private let place = ProcessInfo.processInfo.environment["ROOST_KILL_CHILD"]

/// The part of ``EndToEnd/Servers/KillPointTests`` that a separate process does directly in the stores: a server takes a hundred times as
/// long.
@Suite(.enabled(if: place != nil, "it is a part of KillPointTests"))
struct KillPointChild {
    @Test func `the process completes when nothing kills it`() async throws {
        let place = try #require(place)
        let point = ProcessInfo.processInfo.environment["ROOST_KILL_AT"] ?? ""
        if point.hasPrefix("agent.") {
            return try AgentWrites.act(at: point, AgentPlaces(root: place))
        }
        if point.hasPrefix("leases.") {
            var journal = try LeaseJournal(place)
            return try journal.append([Self.lease(6)])
        }
        if point.hasPrefix("deliveries.") {
            var journal = try DeliveryJournal(place)
            return try journal.append([Self.delivery(3)])
        }
        let commit = try #require(
            Commit(rawValue: point.components(separatedBy: ".").dropLast().joined(separator: ".")))
        try await commit.act(path: place)
    }

    static func lease(_ number: Int) -> Lease {
        Lease(
            address: IPv4Address(rawValue: UInt32(number)),
            holder: .macAddress(MACAddress(rawValue: UInt64(number))), expiresAt: 10_000 + number,
            hostName: "pc\(number)")
    }

    static func delivery(_ number: UInt64) -> WrittenDelivery {
        WrittenDelivery(
            machine: MACAddress(rawValue: number), boot: "00000000000000a\(number)", at: 5,
            delivery: ConfigurationDelivery(
                address: IPv4Address(rawValue: UInt32(truncatingIfNeeded: number)),
                publicKey: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32)))
    }
}

extension Commit {
    private static let (name, second) = ("debian", "bob")
    private static let machine = MACAddress(rawValue: 0x5254_0000_0001)

    private static func manifest(_ kernel: String) throws -> (ImageManifest, Digest) {
        let manifest = ImageManifest(
            image: try ImageName(name), architecture: "amd64", kernelRelease: kernel, system: "Debian",
            files: [], packages: [], origin: "test")
        return (manifest, try #require(Digest(String(repeating: kernel, count: 64))))
    }

    private static func person(_ name: String) -> Administrator {
        Administrator(name: name, grants: [Grant(.admin)])
    }

    private static func session(_ seenAt: Int) -> LoginSession {
        LoginSession(administrator: "ann", csrfToken: "word", createdAt: 1, seenAt: seenAt)
    }

    private static func token(_ name: String) -> APIToken {
        APIToken(id: 1, name: name, owner: "ann", grants: [], createdAt: 1, expiresAt: nil)
    }

    private static func boardLink(_ name: String) -> BoardLink {
        BoardLink(id: 1, name: name, group: .site, createdBy: "ann", createdAt: 1, expiresAt: nil)
    }

    private static func hook(_ url: String) -> WebHook {
        WebHook(id: 0, url: url, secret: "word", kinds: [], group: .site)
    }

    private static func volume() throws -> Volume {
        let (manifest, digest) = try manifest("a")
        return Volume(
            node: try NodeName("pc-1"), image: manifest.image, version: 1, digest: digest,
            byteCount: 64 << 20,
            createdAt: 5, generation: 1)
    }

    private static func secrets() throws -> [FleetEdit] {
        let node = try NodeName("pc-1")
        let secret = Secret(name: try SecretName("token"), group: .site, arming: .once, changedAt: 5)
        let minted = Secret(
            name: try SecretName("ticket"), group: .site,
            minted: .program(MintingProgram(path: "/etc/ticket")), arming: .eachBoot, changedAt: 5)
        return [
            .node(node, Node(name: node, macAddresses: [])), .secret(minted.name, minted),
            .secret(secret.name, secret, value: [1]),
        ]
    }

    /// Of a boot that has begun before.
    private static func formerClaim() throws -> SecretClaim {
        SecretClaim(
            machine: machine, node: try NodeName("pc-1"), group: .site, boot: "former", key: "a", at: 4)
    }

    private static func formerMint(_ store: SQLiteStore) async throws -> SecretMint {
        let open = try await store.openMints().first { $0.mint.boot == "former" }
        return try #require(open).mint
    }

    private static func claim() throws -> SecretClaim {
        SecretClaim(
            machine: machine, node: try NodeName("pc-1"), group: .site, boot: "first", key: "a", at: 5)
    }

    private static func refusal() -> NodeAlarm {
        NodeAlarm(at: 1, address: IPv4Address(rawValue: 1), holder: nil, property: .otherTPM)
    }

    private static func desktop() throws -> PastSession {
        PastSession(
            server: try TerminalName("ts1"), session: "1", user: "ann", kind: .rdp, place: "pc-1",
            startedAt: 5)
    }

    private static func event(_ boot: String) -> BootEvent {
        BootEvent(boot: boot, macAddress: machine, stage: .script, at: 5, detail: "")
    }

    private static func schedule() throws -> Schedule {
        Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: "pc-1", unlessInUse: false),
            time: .once(2_000_000_000))
    }

    private static func make(_ edits: [FleetEdit], in store: SQLiteStore) async throws {
        _ = try await store.apply(store.snapshot().checking(edits), by: "test", what: "made")
    }

    /// Creates a store in which each of these has something to do.
    static func prepare(path: String) async throws {
        let store = try SQLiteStore(path: path)
        for name in ["ann", "eve"] {
            try await make([.administrator(name, person(name), passwordHash: "word")], in: store)
        }
        try await store.addSession(session(1), hash: "first")
        try await make([.token(1, token("first"), hash: "first")], in: store)
        try await make([.boardLink(1, boardLink("first"), hash: "first")], in: store)
        try await make([.webHook(1, hook("http://first"))], in: store)
        let schedule = try schedule()
        try await make([.schedule(schedule.name, schedule)], in: store)
        let secrets = try secrets()
        try await make(Array(secrets.dropLast()), in: store)
        var mint = try #require(try await store.claim([formerClaim()]).first?.orders.first).mint
        mint.state = .made
        try await store.save([mint])
        try await make(Array(secrets.suffix(1)), in: store)
        for kernel in ["a", "b", "c"] {
            let (manifest, digest) = try manifest(kernel)
            _ = try await store.addVersion(manifest, digest: digest, signatures: [], by: "test")
        }
        let image = try ImageName(name)
        try await make([.channel(image, .stable, 2)], in: store)
        try await store.append([event("first")])
    }

    /// Performs the operation of this transaction.
    func act(path: String) async throws {
        switch self {
        case .schemaUp, .oldEvents: return _ = try SQLiteStore(path: path)
        case .sealing, .sealingMark: return _ = try SQLiteStore(path: path, secrets: NodeSecrets())
        case .schemaDown: return try SchemaSteps.downgrade(path: path, to: SchemaSteps.latest - 1)
        default: break
        }
        let store = try SQLiteStore(path: path)
        let image = try ImageName(Self.name)
        switch self {
        case .session: try await store.addSession(Self.session(1), hash: "second")
        case .sessionUse: try await store.touchSession(hash: "first", at: 7)
        case .sessionEnd: try await store.removeSession(hash: "first")
        case .sessionsEnd: try await store.removeSessions(of: "ann", seenBefore: nil)
        case .tokenUse: try await store.touchToken(1, at: 7)
        case .boardLinkUse: try await store.touchBoardLink(1, at: 7)
        case .bootTest:
            try await store.save(
                BootTest(
                    image: image, version: 1, at: 1, isPassed: true, detail: "",
                    timeline: BootTimeline(boot: "first", macAddress: Self.machine, entries: []), console: "")
            )
        case .machineRemoval: try await store.forget([Self.machine])
        case .bootEvents: try await store.append([Self.event("second")])
        case .clockJump: try await store.move(with: ClockJump(before: 10_000, after: 110_000))
        case .hardware:
            let hardware = try JSONDecoder().decode(Hardware.self, from: Data("{\"vendor\": \"x\"}".utf8))
            _ = try await store.save(hardware, of: Self.machine)
        case .steps:
            try await store.save([
                PhaseResults(
                    machine: Self.machine, boot: "first", phase: .late,
                    told: [StepResult(name: "a", outcome: .failed)])
            ])
        case .secretReceipts: _ = try await store.claim([Self.claim()])
        case .tpms:
            let node = Node(name: try NodeName("pc-1"), macAddresses: [])
            _ = try await store.apply(
                store.snapshot().checking([.node(node.name, node)]), by: "test", what: "added")
            let tpm = TPMIdentity(endorsement: "a", attestation: "b", kind: .ecc)
            _ = try await store.bind([BoundTPM(node: node.name, tpm: tpm, boundAt: 1)])
        case .terminalSessions: try await store.save(began: [Self.desktop()], ended: [])
        case .scheduleProgress:
            var progress = ScheduleProgress(at: 1)
            progress.begin(due: 2, at: 2, targets: ["pc-1"])
            try await store.save(progress, of: Self.schedule().name, after: nil)
        case .refusedTPMs:
            try await store.save(refusals: [Self.machine: Self.refusal()])
        case .secretMints:
            var mint = try await Self.formerMint(store)
            mint.state = .removed
            try await store.save([mint])
        case .secretsSent: try await store.noteSent([Self.formerClaim()])
        case .cards:
            let machine = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
            let node = Node(name: try NodeName("pc-1"), macAddresses: [], uuid: machine)
            _ = try await store.apply(
                store.snapshot().checking([.node(node.name, node)]), by: "test", what: "added")
            try await store.save([LearnedCards.Change(card: Self.machine, machine: machine)])
        case .revision:
            let node = Node(name: try NodeName("pc-1"), group: .site, macAddresses: [])
            let person = Self.person(Self.second)
            try await Self.make(
                [
                    .node(node.name, node), .administrator(person.name, person, passwordHash: "word"),
                    .administrator("ann", Self.person("ann"), passwordHash: "new"), .token(1, nil),
                ], in: store)
        case .version:
            let (manifest, digest) = try Self.manifest("d")
            _ = try await store.addVersion(manifest, digest: digest, signatures: [], by: "test")
        case .versionRemoval:
            let version = try #require(try await store.snapshot().images[image]?.versions.last)
            try await store.remove(version, by: "test")
        case .rollouts:
            let (_, digest) = try Self.manifest("a")
            let trouble = BootTrouble(version: digest, failedBoots: 2, lastBootAt: 5, detail: "panic")
            try await store.save([], troubles: [Self.machine: trouble])
        case .volume: try await store.save(Self.volume())
        case .schemaUp, .schemaDown, .oldEvents, .sealing, .sealingMark: break
        }
    }

    private static func isClaimed(_ store: SQLiteStore) async throws -> Bool {
        let boot = "first"
        let receipts = try await store.receipts(of: nil, node: nil, limit: 9).count { $0.boot == boot }
        let mints = try await store.openMints().count { $0.mint.boot == boot }
        #expect(receipts == 2 * mints)
        return (receipts, mints) == (2, 1)
    }

    /// Whether it is done; nil when that does not show.
    func isDone(path: String) async throws -> Bool? {
        switch self {
        case .schemaUp: return try SchemaSteps.current(path: path) == SchemaSteps.latest
        case .schemaDown: return try SchemaSteps.current(path: path) < SchemaSteps.latest
        case .oldEvents, .sealingMark: return nil
        default: break
        }
        let store = try SQLiteStore(path: path)
        let image = try #require(try await store.snapshot().images[try ImageName(Self.name)])
        return switch self {
        case .session: try await store.session(hash: "second") != nil
        case .sessionUse: try await store.session(hash: "first")?.seenAt == 7
        case .sessionEnd, .sessionsEnd: try await store.session(hash: "first") == nil
        case .tokenUse: try await store.tokens(of: nil).first?.usedAt == 7
        case .boardLinkUse: try await store.boardLinks().first?.usedAt == 7
        case .bootTest: try await store.bootTest(of: image.name, 1) != nil
        case .machineRemoval: try await store.boots(of: Self.machine, limit: 9).isEmpty
        case .bootEvents: try await store.boots(of: Self.machine, limit: 9).count == 2
        case .clockJump: try await store.session(hash: "first")?.seenAt == 101
        case .hardware: try await !store.hardwareHistory(of: Self.machine).isEmpty
        case .steps: try await store.steps(of: Self.machine, in: "first").count == 1
        case .tpms: try await store.snapshot().tpm(of: NodeName("pc-1")) != nil
        case .refusedTPMs: try await store.refusedTPMs().count == 1
        case .terminalSessions: try await store.openSessions().count == 1
        case .scheduleProgress:
            try await store.scheduleProgress().known.values.first?.current?.targets.map(\.name) == ["pc-1"]
        // Done is what was handed out: a receipt without it, or it without a receipt, is neither; and what is to be minted is known, too.
        case .secretReceipts: try await Self.isClaimed(store)
        case .secretMints: try await store.openMints().isEmpty
        case .secretsSent: try await store.openMints().map(\.mint.state) == [.sent]
        case .cards: try await !store.snapshot().observations.cards.isEmpty
        case .revision:
            try await (
                store.snapshot().nodes.count, store.passwordHash(of: Self.second),
                store.session(hash: "first") == nil, store.tokens(of: nil).count
            ) == (1, "word", true, 0)
        case .version: image.versions.count == 4
        case .versionRemoval: image.versions.count == 2
        case .rollouts: try await store.snapshot().observations.troubles[Self.machine] != nil
        case .volume: try await store.snapshot().volumes.count == 1
        case .sealing: try await store.webHooks().allSatisfy { $0.secret.hasPrefix("sealed:") }
        case .schemaUp, .schemaDown, .oldEvents, .sealingMark: nil
        }
    }
}
