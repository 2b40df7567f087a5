import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// What the small fleet begins with.
extension SmallFleet {
    /// - Returns: the first and last change to each place's node.
    static func seed(_ services: CenterServices) async throws -> [Place: (first: Int, last: Int)] {
        let fleet = services.fleet
        try await addPeople(to: fleet)
        try await addImage(to: fleet)
        var firsts: [Place: Int] = [:]
        let paths = Place.allCases.flatMap { [$0.rawValue, $0.below("attic")] }.filter { $0 != "/" }
        try await fleet.change(by: "seed") { _ in
            try paths.map { .group(try GroupPath($0), NodeGroup(path: try GroupPath($0))) }
        }
        for place in Place.allCases {
            firsts[place] = try await addNode(of: place, to: fleet)
            try await addRecords(of: place, to: fleet)
            try await noteNode(of: place, in: fleet)
            try await claimSecret(of: place, in: fleet)
            try await noteOtherTPM(of: place, in: fleet)
            try placeLogIn(of: place, in: services)
        }
        try await fleet.change(by: "seed") { snapshot in
            var site = snapshot.groups[.site] ?? NodeGroup(path: .site)
            site.settings = ["image": .text("debian@trial"), "root-mode": .text("ram")]
            return [
                .group(.site, site), try account(),
                .rule(
                    try RuleName("all"),
                    MatchRule(name: try RuleName("all"), priority: 0, condition: "", settings: [:])),
            ] + (try networkRecords())
        }
        // One change to several places, the foreign one first: its summary names that.
        try await fleet.change(by: "seed") { snapshot in
            try [Place.office, .school].map { try retagged($0, "mixed", in: snapshot) }
        }
        let trial = try #require(ChannelName("trial"))
        _ = try await fleet.startRollout(
            of: try ImageName("debian"), candidate: 2, to: trial, share: "100%", terms: Rollout.Terms(),
            by: "seed")
        _ = try await services.builds.start(
            ImageName("debian"), suite: "bookworm", packages: [], by: "seed", nil)
        var revisions: [Place: (first: Int, last: Int)] = [:]
        for place in Place.allCases {
            let last = try await fleet.change(by: "seed") { [try retagged(place, "own", in: $0)] }
            revisions[place] = (try #require(firsts[place]), last.revision)
        }
        return revisions
    }

    private static func retagged(_ place: Place, _ tag: String, in snapshot: FleetSnapshot) throws
        -> FleetEdit
    {
        var node = try #require(snapshot.nodes[NodeName(place.node)])
        node.tags.append(tag)
        return .node(node.name, node)
    }

    /// - Returns: the new revision.
    private static func addNode(of place: Place, to fleet: LiveFleet) async throws -> Int {
        let name = try NodeName(place.node)
        let node = Node(
            name: name, group: try GroupPath(place.rawValue), macAddresses: [try mac(place.macAddress)])
        return try await fleet.change(by: "seed") { _ in [.node(name, node)] }.revision
    }

    /// All else of a place, as one change: hundreds of tests make a fleet.
    private static func addRecords(of place: Place, to fleet: LiveFleet) async throws {
        let name = try NodeName(place.node)
        let volume = Volume(
            node: name, image: try ImageName("debian"), version: 1, digest: try digest(1),
            byteCount: 1 << 20, createdAt: 1, generation: 1)
        let secret = Secret(
            name: try SecretName(place.secret), group: try GroupPath(place.rawValue),
            path: "/run/secrets/word", arming: .eachBoot, changedAt: 1)
        let others = try [boundTPM(of: place), schedule(of: place)] + terminals(of: place)
        try await fleet.change(by: "seed") { _ in
            [.volume(name, volume), .secret(secret.name, secret, value: Array(secretValue.utf8))] + others
        }
    }

    /// What the place's node has told.
    private static func noteNode(of place: Place, in fleet: LiveFleet) async throws {
        let machine = try mac(place.macAddress)
        let hardware = try JSONDecoder().decode(
            Hardware.self, from: Data(#"{"vendor":"Maker of \#(place.node)","memoryMebibytes":64}"#.utf8))
        _ = try await fleet.store.save(hardware, of: machine)
        fleet.note([machine: hardware])
        try await start(machine, in: fleet, boot: "000000000000000\(place.macAddress.suffix(1))")
        // Its hosts are others now: ``QuietPlanes/current``.
        let told = ["host name", "hosts"].map { StepResult(name: $0, outcome: .done, mark: "a1") }
        try await fleet.note([
            PhaseResults(
                machine: machine, boot: "000000000000000\(place.macAddress.suffix(1))", phase: .beforeInit,
                told: told)
        ])
        let session =
            #"{"id":"1","user":"user of \#(place.node)","kind":"tty","place":"tty1","from":"","isActive":true,"age":1}"#
        fleet.note(
            [try JSONDecoder().decode(NodeSessions.TellsSession.self, from: Data(session.utf8))],
            of: machine, in: "000000000000000\(place.macAddress.suffix(1))")
    }

    /// The place's node has had its secret.
    private static func claimSecret(of place: Place, in fleet: LiveFleet) async throws {
        let claim = SecretClaim(
            machine: try mac(place.macAddress), node: try NodeName(place.node),
            group: try GroupPath(place.rawValue),
            boot: "000000000000000\(place.macAddress.suffix(1))", key: "00", at: 1)
        _ = try await fleet.store.claim([claim])
    }

    /// The value of each of its secrets.
    static let secretValue = "the value that stays here"

    private static func start(_ machine: MACAddress, in fleet: LiveFleet, boot: String) async throws {
        let events = [BootStage.dhcp, .ready].map { stage in
            BootEvent(
                boot: boot, macAddress: machine, stage: stage, at: Clock.millisecond,
                detail: stage == .dhcp ? "" : "seen")
        }
        try await fleet.store.append(events)
        try await fleet.note(events)
    }

    private static func digest(_ number: Int) throws -> Digest {
        try #require(Digest(String(repeating: "\(number)", count: 64)))
    }

    private static func addImage(to fleet: LiveFleet) async throws {
        let image = try ImageName("debian")
        for number in 1...2 {
            let manifest = ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "6.1.\(number)", system: "Debian",
                files: [], packages: [], origin: "test")
            _ = try await fleet.publish(manifest, digest: try digest(number), by: "seed")
        }
        let (stable, trial) = (ChannelName.stable, try #require(ChannelName("trial")))
        try await fleet.change(by: "seed") { _ in
            [
                .channel(image, stable, 2), .channel(image, trial, 1),
                .tag(image, try #require(ChannelName("old")), 1),
            ]
        }
        try await start(mac(waiting), in: fleet, boot: "00000000000000ff")
        let timeline = try #require(fleet.boot(of: mac(waiting)))
        try await fleet.store.save(
            BootTest(
                image: image, version: 1, at: 1, isPassed: true, detail: "", timeline: timeline, console: ""))
    }

    private static func addPeople(to fleet: LiveFleet) async throws {
        let store = fleet.store
        let people = try Person.all.map { person in
            (person, grants: [Grant(person.role, in: try GroupPath(person.place.rawValue))])
        }
        try await fleet.change(by: "seed") { _ in
            try people.map { .administrator($0.name, Administrator(name: $0.name, grants: $1)) }
                + Place.allCases.map { place in
                    let grants = [Grant(.helpdesk, in: try GroupPath(place.rawValue))]
                    let aide = Administrator(name: place.aide, grants: grants)
                    return .administrator(aide.name, aide, passwordHash: "none")
                }
        }
        try await fleet.change(by: "seed") { current in
            people.enumerated().map { index, owned in
                let token = APIToken(
                    id: current.contents.access.nextToken + index, name: owned.0.name,
                    owner: owned.0.role == .replica ? "admin-site" : owned.0.name, grants: owned.grants,
                    createdAt: 1, expiresAt: nil)
                return .token(token.id, token, hash: Secrets.hash(owned.0.token))
            }
        }
        for person in Person.all {
            try await store.addSession(
                LoginSession(
                    administrator: person.name, csrfToken: person.csrfToken, createdAt: Clock.second,
                    seenAt: Clock.second), hash: Secrets.hash(person.cookie))
        }
        let hook = WebHook(id: 1, url: "http://127.0.0.1:9/", secret: "s", kinds: [], group: .site)
        let files = try ["tool", "spare"].map { name in
            StoredFile(
                name: try StoredFileName(name), digest: try ActTarget.digest("d"), byteCount: 2, changedAt: 1)
        }
        try await fleet.change(by: "seed") { _ in
            [.webHook(hook.id, hook)] + files.map { .storedFile($0.name, $0, content: Array("hi".utf8)) }
        }
    }
}
