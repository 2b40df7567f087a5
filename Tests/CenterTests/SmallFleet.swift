import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import Wire

@testable import Center

/// A control center with a school, an office, a site and eight administrators, called without a socket.
final class SmallFleet: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: String
        /// Method and path of the matched route: `GET /api/v1/nodes/*`.
        var route: String?
    }

    /// A machine that waits to be enrolled.
    static let waiting = "52:54:00:00:03:99"

    let services: CenterServices
    /// The numbers of the first and last change to each place's node.
    let revisions: [Place: (first: Int, last: Int)]
    /// Leases of the DHCP server.
    let leases: Leases
    private let directory: TemporaryDirectory
    private let seeded: FleetSnapshot
    private let center: ControlCenter
    private let isTLS: Bool
    private let known = Mutex<Routes?>(nil)

    /// All routes of a center.
    private struct Routes: Sendable {
        var permissions: [String: Permission]
        /// The router's paths, and those with `*` for each parameter.
        var shapes: [String: String]
        var responder: RouterResponder<CenterContext>
    }

    /// The permission of each route, by method and path.
    var permissions: [String: Permission] { made.permissions }
    var routes: Set<String> { Set(made.shapes.values) }

    /// - Parameter isTLS: false for the listener behind a proxy on the same host.
    init(isTLS: Bool = true) async throws {
        self.isTLS = isTLS
        directory = try TemporaryDirectory()
        leases = Leases()
        services = try await Self.services(in: directory, leases)
        revisions = try await Self.seed(services)
        seeded = services.fleet.snapshot
        center = try ControlCenter(services: services, socketPath: "", addresses: [], logger: .silent)
    }

    /// Made when a request needs them: half of the tests call acts alone, and routes are a fifth of a fleet's time.
    private var made: Routes {
        known.withLock { known in
            if let known { return known }
            var permissions: [String: Permission] = [:]
            let router = center.distantRouter(isTLS: isTLS) { method, path, permission in
                permissions[Self.shape(method, path.description)] = permission
            }
            let shapes = router.routes.map { route in
                let (method, path) = (route.method, route.path.description)
                return ("\(method.rawValue) \(path)", Self.shape(method, path))
            }
            let routes = Routes(
                permissions: permissions, shapes: Dictionary(uniqueKeysWithValues: shapes),
                responder: router.responderWithOtherMethods())
            known = routes
            return routes
        }
    }

    /// `GET /nodes/*`: parameter names differ where two routes share a position.
    static func shape(_ method: HTTPRequest.Method, _ path: String) -> String {
        let known = knownShapes.withLock { $0[path] }
        let shape = known ?? path.replacing(/\{[^}]+\}/, with: "*")
        if known == nil { knownShapes.withLock { $0[path] = shape } }
        return "\(method.rawValue) \(shape)"
    }

    /// Hundreds of tests make a fleet, each with all routes: a regular expression for each would be a tenth of their time.
    private static let knownShapes = Mutex<[String: String]>([:])

    // MARK: Requests

    /// - Parameter address: the client's address: the server counts requests per address.
    func ask(
        _ method: String, _ path: String, headers: HTTPFields = [:], body: String? = nil,
        from address: String = "192.0.2.1", authority: String? = "test"
    ) async throws -> Answer {
        let (response, route) = try await respond(
            method, path, headers, body, from: address, authority: authority)
        let text = Text()
        // Event streams never end.
        if response.headers[.contentType] != "text/event-stream" { try await response.body.write(text) }
        return Answer(
            status: response.status.code, headers: response.headers, body: text.text, route: route)
    }

    /// What a listener hears while `events` happen, up to the one that contains `last`.
    func told(_ events: [ServerEvent], to person: Person, until last: String) async throws -> String {
        let (response, _) = try await respond(
            "GET", "/api/v1/events", [.authorization: "Bearer \(person.token)"], nil, from: "192.0.2.1")
        for event in events { services.fleet.events.publish(event) }
        let text = Text(until: last)
        await #expect(throws: Text.Ended.self) { try await response.body.write(text) }
        return text.text
    }

    /// What a listener hears until the stream ends by itself: `change` happens between two events.
    func told(
        before: ServerEvent, after: ServerEvent, to person: Person,
        change: (any FleetStore) async throws -> Void
    ) async throws -> String {
        let (response, _) = try await respond(
            "GET", "/api/v1/events", [.authorization: "Bearer \(person.token)"], nil, from: "192.0.2.1")
        let text = Text()
        let body = response.body
        async let end: Void = body.write(text)
        services.fleet.events.publish(before)
        while !text.text.contains(before.text) { try await Task.sleep(for: .milliseconds(5)) }
        try await change(services.fleet.store)
        try await services.fleet.reload()
        services.fleet.events.publish(after)
        try await end
        return text.text
    }

    private func respond(
        _ method: String, _ path: String, _ headers: HTTPFields, _ body: String?, from address: String,
        authority: String? = "test"
    ) async throws -> (Response, route: String?) {
        let method = try #require(HTTPRequest.Method(method))
        let channel = NIOAsyncTestingChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1)
        let context = CenterContext(source: .init(channel: channel, logger: .silent))
        let request = Request(
            head: HTTPRequest(
                method: method, scheme: "https", authority: authority, path: path, headerFields: headers),
            body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        let routes = made
        let response = try await routes.responder.respond(to: request, context: context)
        return (response, context.endpointPath.flatMap { routes.shapes["\(method.rawValue) \($0)"] })
    }

    /// Collects a response's body.
    private final class Text: ResponseBodyWriter, Sendable {
        struct Ended: Error {}

        private let parts = Mutex("")
        private let last: String?

        /// - Parameter last: ends an endless body.
        init(until last: String? = nil) { self.last = last }

        var text: String { parts.withLock { $0 } }

        func write(_ buffer: ByteBuffer) async throws {
            parts.withLock { $0 += String(buffer: buffer) }
            if let last, text.contains(last) { throw Ended() }
        }

        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    // MARK: Contents

    final class Leases: Sendable {
        let all = Mutex<[Lease]>([])
    }

    private static func services(in directory: TemporaryDirectory, _ leases: Leases) async throws
        -> CenterServices
    {
        let snapshot = SnapshotAnswer(name: "before", takenAt: 1, usedByteCount: 1)
        let file = "\(directory.path)/manifest.json"
        try Data("{}".utf8).write(to: URL(fileURLWithPath: file))
        var services = try await CenterServices.alone(
            in: directory, snapshots: [snapshot],
            planes: QuietPlanes(given: { leases.all.withLock { $0 } }),
            networks: ListedNetworks(served: try served()), images: NoImages(file: file))
        let given = try Place.allCases.enumerated().map { index, place in
            Lease(
                address: IPv4Address(rawValue: 0x0A4D_0001 + UInt32(index)),
                holder: .macAddress(try mac(place.macAddress)), expiresAt: Lease.never, hostName: place.node)
        }
        leases.all.withLock { $0 = given }
        for place in Place.allCases {
            let log = place.macAddress.replacing(":", with: "-")
            try Data("\(place.node) is up\n".utf8).write(
                to: URL(fileURLWithPath: "\(directory.path)/logs/\(log).log"))
        }
        await services.builds.use { _ in }
        services.agents = Agents(
            fleet: services.fleet, terminals: services.terminals, port: try AgentPortBench.port(in: directory)
        )
        return services
    }

    private static func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

    /// - Returns: the first and last change to each place's node.
    private static func seed(_ services: CenterServices) async throws -> [Place: (first: Int, last: Int)] {
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

    // MARK: Restoring

    /// Undoes the effects of a request, so that the next one finds the same fleet.
    func restore() async throws {
        let seeded = seeded
        let now = try await services.fleet.reload()
        for rollout in now.rollouts.values where seeded.rollouts[rollout.id] == nil {
            _ = try await services.fleet.steer(rollout.id, by: "seed") { $0.abort(because: "", at: 1) }
        }
        try await services.fleet.change(by: "seed") { try Self.edits(from: $0, to: seeded) }
        // A server that was removed has no sessions any more.
        for place in Place.allCases { try Self.hear(of: place, in: services) }
    }

    private static func edits(from now: FleetSnapshot, to wanted: FleetSnapshot) throws -> [FleetEdit] {
        // Groups are added before what is in them, and removed after.
        let groups = difference(NodeGroup.self, from: now, to: wanted).sorted { $0.key < $1.key }
        var edits = groups.filter { $0.record != nil }
        // Tokens, links and hooks stay as requests leave them: their secrets are in no snapshot. What servers do to volumes is no edit.
        let apart = [NodeGroup.kind, Volume.kind, APIToken.kind, BoardLink.kind, WebHook.Record.kind]
        let others = FleetRecords.all.filter { !apart.contains($0.kind) }
        for case let type as any TableRecord.Type in others {
            edits += difference(type, from: now, to: wanted).flatMap { edit in
                guard let account = edit.of(Administrator.self) else { return [edit] }
                guard let record = account.after else { return now.edits(removingAdministrator: account.key) }
                let isKept = now.contents.access.administrators[account.key] != nil
                return [.administrator(account.key, record, passwordHash: isKept ? nil : "none")]
            }
        }
        for (name, volume) in wanted.volumes where now.volume(of: name) != volume {
            edits.append(.volume(name, volume))
        }
        edits += groups.filter { $0.record == nil }.reversed()
        for image in wanted.images.values {
            guard let current = now.images[image.name] else { continue }
            for (channel, number) in image.channels where current.channels[channel] != number {
                edits.append(.channel(image.name, channel, number))
            }
            for tag in Set(image.tags.keys).union(current.tags.keys)
            where image.tags[tag] != current.tags[tag] {
                edits.append(.tag(image.name, tag, image.tags[tag]))
            }
            if image.keep != current.keep { edits.append(.keep(image.name, image.keep)) }
        }
        return edits
    }

    /// The edits that make one kind's records `now` those that are `wanted`.
    private static func difference<Record: TableRecord>(
        _: Record.Type, from now: FleetSnapshot, to wanted: FleetSnapshot
    ) -> [FleetEdit] {
        let (old, new) = (now.contents[keyPath: Record.table], wanted.contents[keyPath: Record.table])
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.map { FleetEdit($0, new[$0]) }
    }
}
