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

    /// A page as the site's administrator gets it, or the answer to a form of it.
    func page(_ path: String, _ form: String? = nil) async throws -> Answer {
        let person = Person(role: .admin, place: .site)
        return try await ask(
            form == nil ? "GET" : "POST", path,
            headers: [
                .cookie: "__Host-roost=\(person.cookie)",
                .contentType: "application/x-www-form-urlencoded",
            ], body: form.map { "\($0)&csrf=\(person.csrfToken)" })
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

    static func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

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
