import Fleet
import HTTPTypes
import Testing
import Wire

@testable import Center

/// What proxies and their health checks do to requests.
@Suite struct ProxyTests {
    private let person = Person(role: .auditor, place: .site)

    @Test(arguments: ["/healthz", "/readyz", "/login", "/api/v1/openapi.yaml", "/nosuch", "/api/v1/nodes"])
    func `HEAD is answered like GET, without content`(path: String) async throws {
        let fleet = try await SmallFleet()
        let (get, head) = (try await fleet.ask("GET", path), try await fleet.ask("HEAD", path))
        #expect(head.status == get.status && head.body.isEmpty, "\(head)")
        #expect(head.headers[.contentType] == get.headers[.contentType])
    }

    @Test func `HEAD needs the same permission as GET, and leaves no listener behind`() async throws {
        let fleet = try await SmallFleet()
        let token: HTTPFields = [.authorization: "Bearer \(person.token)"]
        for path in ["/api/v1/nodes", "/api/v1/events"] {
            #expect(try await fleet.ask("HEAD", path).status == 401, "\(path)")
            #expect(try await fleet.ask("HEAD", path, headers: token).status == 200, "\(path)")
        }
        #expect(fleet.services.fleet.events.listenerCount == 0)
    }

    @Test(arguments: ["Basic YTpi", "Digest username=\"a\"", "", "Bearer", "Bearer "])
    func `another scheme than Bearer is the proxy's, and does not count`(field: String) async throws {
        let fleet = try await SmallFleet()
        let fields: HTTPFields = [.authorization: field]
        #expect(try await fleet.ask("GET", "/login", headers: fields).status == 200)
        #expect(try await fleet.ask("GET", "/healthz", headers: fields).status == 200)
        #expect(try await fleet.ask("GET", "/api/v1/nodes", headers: fields).status == 401)
        let both: HTTPFields = [
            .authorization: field, .cookie: "\(IdentityMiddleware.cookieName)=\(person.cookie)",
        ]
        #expect(try await fleet.ask("GET", "/api/v1/nodes", headers: both).status == 200)
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER", "Bearer "])
    func `the scheme of a token is read in any case`(scheme: String) async throws {
        let fleet = try await SmallFleet()
        let fields: HTTPFields = [.authorization: "\(scheme) \(person.token)"]
        #expect(try await fleet.ask("GET", "/api/v1/nodes", headers: fields).status == 200)
        #expect(
            try await fleet.ask("GET", "/login", headers: [.authorization: "\(scheme) wrong"]).status == 401)
    }

    @Test func `proxies may not compress streams of events`() async throws {
        let fleet = try await SmallFleet()
        let answer = try await fleet.ask(
            "GET", "/api/v1/events", headers: [.authorization: "Bearer \(person.token)"])
        #expect(answer.headers[.cacheControl] == "no-store, no-transform")
        #expect(answer.headers[.accelBuffering] == "no")
    }

    @Test(
        arguments: [
            (nil, false, true, false), (nil, true, false, false), (["10.0.0.5"], false, true, true),
            (["10.0.0.5"], true, false, true), (["127.0.0.1", "10.0.0.5"], true, true, true),
            ([], false, false, false),
        ] as [([String]?, Bool, Bool, Bool)])
    func `a proxy on this host stays trusted when others are named, and sends no header unless it is named`(
        named: [String]?, isTLS: Bool, trustsOwn: Bool, trustsOther: Bool
    ) throws {
        let networks = try named?.map { try #require(IPNetwork($0)) }
        let addresses = ClientAddresses(named: networks, isTLS: isTLS, readsHeader: true)
        #expect(
            addresses.isTrusted("127.0.0.1") == trustsOwn && addresses.isTrusted("10.0.0.5") == trustsOther)
        #expect(addresses.sendsHeader("10.0.0.5") == trustsOther)
        #expect(addresses.sendsHeader("127.0.0.1") == (named?.contains("127.0.0.1") == true))
        #expect(!ClientAddresses(named: networks, isTLS: isTLS, readsHeader: false).sendsHeader("10.0.0.5"))
    }
}
