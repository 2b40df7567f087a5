import Foundation
import HTTPTypes
import Testing
import Wire

@testable import Center

/// The client addresses of requests.
@Suite struct ClientAddressesTests {
    @Test(arguments: [
        ("192.0.2.1", [], "192.0.2.1"),
        // An untrusted client can claim anything.
        ("192.0.2.1", ["10.0.0.9"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"), ("127.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        // Earlier entries are invented by the client.
        ("127.0.0.1", ["10.9.9.9, 192.0.2.7"], "192.0.2.7"),
        ("127.0.0.1", ["10.9.9.9", "192.0.2.7"], "192.0.2.7"),
        // Two proxies in a chain.
        ("127.0.0.1", ["198.51.100.1, 192.0.2.7, 10.1.0.5"], "192.0.2.7"),
        ("127.0.0.1", ["10.1.0.5"], "10.1.0.5"),
        ("127.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"), ("127.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("127.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        // After nonsense, the proxy itself is counted.
        ("127.0.0.1", ["unknown"], "127.0.0.1"), ("127.0.0.1", ["192.0.2.7, "], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.7, 1.2.3.4.5"], "127.0.0.1"),
    ])
    func `the client is the last address before the trusted proxies`(
        peer: String, forwarded: [String], client: String
    )
        throws
    {
        let addresses = ClientAddresses(
            proxies: try ["127.0.0.0/8", "10.1.0.0/24"].map { try #require(IPNetwork($0)) })
        #expect(addresses.client(peer: peer, forwardedFor: forwarded) == client)
    }

    @Test(arguments: [
        (["for=192.0.2.7"], [], "192.0.2.7"), (["for=10.9.9.9, for=192.0.2.7"], [], "192.0.2.7"),
        (["for=198.51.100.1", "for=\"192.0.2.7:4711\", for=10.1.0.5"], [], "192.0.2.7"),
        (["for=\"[2001:DB8::1]:443\""], [], "2001:db8::1"),
        // Hidden or unreadable: the proxy itself is counted, and no address before it.
        (["for=192.0.2.7, for=_hidden"], [], "127.0.0.1"), (["for=192.0.2.7, for=unknown"], [], "127.0.0.1"),
        (["for=192.0.2.7, proto=https"], [], "127.0.0.1"), (["for=\"x, for=192.0.2.7"], [], "127.0.0.1"),
        (["for=192.0.2.8, for=_hidden, for=10.1.0.5"], [], "10.1.0.5"),
        // Both kinds of fields must agree on the client.
        (["for=192.0.2.7"], ["192.0.2.7"], "192.0.2.7"), (["for=10.9.9.9"], ["192.0.2.7"], "127.0.0.1"),
        (["for=192.0.2.7"], ["10.9.9.9"], "127.0.0.1"), ([""], ["192.0.2.7"], "192.0.2.7"),
    ])
    func `Forwarded is read like X-Forwarded-For`(
        forwarded: [String], forwardedFor: [String], client: String
    ) throws {
        let addresses = ClientAddresses(
            proxies: try ["127.0.0.0/8", "10.1.0.0/24"].map { try #require(IPNetwork($0)) })
        #expect(
            addresses.client(peer: "127.0.0.1", forwardedFor: forwardedFor, forwarded: forwarded) == client)
        // An untrusted client can claim anything.
        let stranger = "192.0.2.1"
        #expect(
            addresses.client(peer: stranger, forwardedFor: forwardedFor, forwarded: forwarded) == stranger)
    }

    @Test(arguments: [
        (["for=192.0.2.7;proto=https"], true), (["proto=HTTPS"], true), (["for=192.0.2.7;proto=http"], false),
        (["for=192.0.2.7;proto=https, for=127.0.0.2;proto=http"], true), (["for=_x;proto=https"], true),
        // The client's own claim.
        (["for=127.0.0.3;proto=https, for=192.0.2.7;proto=http"], false), (["for=192.0.2.7"], false),
        ([], false),
    ])
    func `Forwarded shows that the client used HTTPS`(forwarded: [String], isSecure: Bool) throws {
        let addresses = ClientAddresses(proxies: [try #require(IPNetwork("127.0.0.0/8"))])
        #expect(addresses.isSecure(peer: "127.0.0.1", forwardedProto: [], forwarded: forwarded) == isSecure)
        #expect(!addresses.isSecure(peer: "192.0.2.1", forwardedProto: [], forwarded: forwarded))
        #expect(addresses.isSecure(peer: "127.0.0.1", forwardedProto: ["https"], forwarded: forwarded))
    }

    @Test(arguments: [
        ("127.0.0.1", ["https"], true), ("127.0.0.1", ["HTTPS, http"], true),
        ("127.0.0.1", ["http, https"], false),
        ("127.0.0.1", [], false), ("127.0.0.1", [""], false), ("::1", ["https"], true),
        ("::ffff:127.0.0.1", ["https"], true),
        // An untrusted client can claim anything.
        ("192.0.2.1", ["https"], false),
    ])
    func `only a trusted proxy is believed that its client used HTTPS`(
        peer: String, forwarded: [String], isSecure: Bool
    ) throws {
        let addresses = ClientAddresses(
            proxies: try ["127.0.0.0/8", "::1"].map { try #require(IPNetwork($0)) })
        #expect(addresses.isSecure(peer: peer, forwardedProto: forwarded) == isSecure)
    }

    @Test func `cookies are Secure when the proxy's client used HTTPS`() async throws {
        let fleet = try await SmallFleet(isTLS: false)
        func language(_ proto: String?, from peer: String) async throws -> String {
            var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
            headers[.forwardedProto] = proto
            let answer = try await fleet.ask(
                "POST", "/language", headers: headers, body: "language=fr&back=/", from: peer)
            return try #require(answer.headers[.setCookie])
        }
        #expect(try await language("https", from: "127.0.0.1").contains("; Secure"))
        #expect(try await !language("http", from: "127.0.0.1").contains("; Secure"))
        #expect(try await !language("https", from: "192.0.2.1").contains("; Secure"))
    }

    @Test func `a /64 network shares the attempts of one address`() async throws {
        let fleet = try await SmallFleet()
        func logIn(from address: String) async throws -> Int {
            try await fleet.ask(
                "POST", "/login", headers: [.contentType: "application/x-www-form-urlencoded"],
                body: "name=aide-pc-1&password=wrong", from: address
            ).status
        }
        for number in 1...5 { #expect(try await logIn(from: "2001:db8::\(number)") == 401) }
        #expect(try await logIn(from: "2001:db8::ffff:1") == 429)
        #expect(try await logIn(from: "2001:db8:0:1::1") == 401)
    }

    @Test
    func
        `behind a proxy each client has its own password attempts, and direct clients cannot choose an address`()
        async throws
    {
        let fleet = try await SmallFleet(isTLS: false)
        func logIn(from peer: String, as forwarded: String) async throws -> Int {
            try await fleet.ask(
                "POST", "/login",
                headers: [
                    .forwardedFor: forwarded, .contentType: "application/x-www-form-urlencoded",
                ], body: "name=aide-pc-1&password=wrong", from: peer
            ).status
        }
        for _ in 0..<5 { #expect(try await logIn(from: "127.0.0.1", as: "192.0.2.7") == 401) }
        #expect(try await logIn(from: "127.0.0.1", as: "192.0.2.7") == 429)
        #expect(try await logIn(from: "127.0.0.1", as: "192.0.2.8") == 401)
        // Without a proxy, claiming a new address each time does not help.
        for number in 0..<5 { #expect(try await logIn(from: "192.0.2.9", as: "198.51.100.\(number)") == 401) }
        #expect(try await logIn(from: "192.0.2.9", as: "198.51.100.9") == 429)
    }
}
