import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NetworkErrors
import Synchronization
import Testing

@testable import HTTPClient

@Suite struct HTTPClientTests {
    private static let limits = HTTPClientLimits(whole: .seconds(600))
    private static let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    /// Status and body.
    private func text(
        _ request: HTTPClientRequest, _ limits: HTTPClientLimits = Self.limits,
        client: HTTPClient = HTTPClient(),
        upTo byteLimit: Int = 1_000
    ) async throws -> String {
        let answer = try await client.execute(request, within: limits)
        let body = try await answer.body.collect(upTo: byteLimit)
        return "\(answer.status) \(String(buffer: body))"
    }

    private func failure(
        _ request: HTTPClientRequest, _ limits: HTTPClientLimits = Self.limits,
        client: HTTPClient = HTTPClient()
    ) async -> HTTPClientError.Cause? {
        do {
            let answer = try await text(request, limits, client: client)
            Issue.record("it went well: \(answer)")
            return nil
        } catch {
            // The error for people names the place, and nothing from Swift or SwiftNIO.
            let said = ErrorText.of(error)
            for raw in ["NIO", "Error", "Optional", "()", "errno"] { #expect(!said.contains(raw), "\(said)") }
            if let place = (error as? HTTPClientError)?.place { #expect(said.contains(place)) }
            return (error as? HTTPClientError)?.cause
        }
    }

    // MARK: Connections that stay

    @Test func `a kept connection carries the next request`() async throws {
        let server = try await ByteServer(Self.hello)
        let client = try HTTPClient(trustingPEM: TestCertificates.good, at: "", keepsConnection: true)
        for _ in 0..<5 {
            #expect(try await text(HTTPClientRequest(url: server.url), client: client) == "200 hello")
        }
        var events = server.events.makeAsyncIterator()
        for _ in 0..<5 {
            guard case .request(let head)? = await events.next() else {
                Issue.record("it was closed in between")
                return
            }
            #expect(!head.lowercased().contains("connection: close"))
        }
    }

    @Test func `one that the server has closed is made anew`() async throws {
        let server = try await ByteServer(Self.hello, isClosing: true)
        let client = try HTTPClient(trustingPEM: TestCertificates.good, at: "", keepsConnection: true)
        for _ in 0..<20 {
            #expect(try await text(HTTPClientRequest(url: server.url), client: client) == "200 hello")
        }
    }

    @Test func `an answer that ends with its connection, or is not read, ends a kept one`() async throws {
        let server = try await ByteServer("HTTP/1.0 200 OK\r\n\r\nhello", isClosing: true)
        let client = try HTTPClient(trustingPEM: TestCertificates.good, at: "", keepsConnection: true)
        for _ in 0..<2 {
            #expect(try await text(HTTPClientRequest(url: server.url), client: client) == "200 hello")
        }
        let endless = try await ByteServer { _ in
            .init(bytes: "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", fillerByteCount: 100_000_000)
        }
        for _ in 0..<2 {
            _ = try await client.execute(HTTPClientRequest(url: endless.url), within: Self.limits)
        }
        var events = endless.events.makeAsyncIterator()
        var closedCount = 0
        while closedCount < 2, let event = await events.next() { if event == .closed { closedCount += 1 } }
        #expect(closedCount == 2)
    }

    // MARK: Answers

    @Test(arguments: [
        (hello, false, "200 hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false,
            "200 hello"
        ),
        ("HTTP/1.0 200 OK\r\n\r\nhello", true, "200 hello"),
        ("HTTP/1.1 204 No Content\r\n\r\n", false, "204 "),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\n"
                + "Content-Length: 2\r\n\r\nOK", false, "201 OK"
        ),
    ])
    func `an answer ends where it says`(bytes: String, isClosing: Bool, answer: String) async throws {
        let server = try await ByteServer(bytes, isClosing: isClosing)
        #expect(try await text(HTTPClientRequest(url: server.url)) == answer)
        try await server.stop()
    }

    @Test(arguments: [
        ("", HTTPClientError.Cause.closedEarly), ("HTTP/1.1 200 OK\r\nContent-Le", .closedEarly),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", .closedEarly),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .closedEarly),
        ("SSH-2.0-OpenSSH_10.0\r\n", .notHTTP), ("HTTP/1.1 200 OK\r\nContent-Length: some\r\n\r\n", .notHTTP),
    ])
    func `an incomplete or missing answer is an error`(bytes: String, cause: HTTPClientError.Cause)
        async throws
    {
        let server = try await ByteServer(bytes, isClosing: true)
        #expect(await failure(HTTPClientRequest(url: server.url)) == cause)
        try await server.stop()
    }

    @Test func `the size of headers is limited`() async throws {
        for headers in [
            String(repeating: "A: b\r\n", count: 300), "A: " + String(repeating: "b", count: 200_000),
        ] {
            let server = try await ByteServer("HTTP/1.1 200 OK\r\n" + headers)
            #expect(await failure(HTTPClientRequest(url: server.url)) == .longHeaders)
            try await server.stop()
        }
    }

    @Test func `the size of a body is limited`() async throws {
        let server = try await ByteServer(Self.hello)
        await #expect(throws: NIOTooManyBytesError.self) {
            try await text(HTTPClientRequest(url: server.url), upTo: 4)
        }
        try await server.stop()
    }

    @Test func `a request contains length, host and the given fields`() async throws {
        let server = try await ByteServer(Self.hello)
        var request = HTTPClientRequest(url: server.url + "a%20b?c=d#e")
        request.method = .POST
        request.headers.add(name: "X-Word", value: "one")
        request.body = ByteBuffer(string: "four")
        _ = try await text(request)
        request.body.clear()
        _ = try await text(request)
        let head =
            "POST /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nConnection: close\r\nX-Word: one\r\n"
        var seen: [ByteServer.Event] = []
        for await event in server.events where event != .closed {
            seen.append(event)
            if seen.count == 2 { break }
        }
        let wanted = ["Content-Length: 4\r\n\r\nfour", "Content-Length: 0\r\n\r\n"]
        #expect(seen == wanted.map { .request(head + $0) })
        request.headers.add(name: "Authorization", value: "Bearer a\nb")
        #expect(await failure(request) == .header("Authorization"))
        try await server.stop()
    }

    @Test(arguments: [
        ("http://boot", "boot:80", "boot", "/", "boot"),
        ("HTTPS://boot.example:443?x=y", "boot.example:443", "boot.example", "/?x=y", "boot.example"),
        ("https://192.0.2.1:8443/a", "192.0.2.1:8443", "192.0.2.1:8443", "/a", ""),
        ("http://[2001:db8::1]/a", "[2001:db8::1]:80", "[2001:db8::1]", "/a", ""),
        ("https://[fe80::1%25eth0]:8443/", "[fe80::1%eth0]:8443", "[fe80::1]:8443", "/", ""),
    ])
    func `an address is split into its parts`(
        url: String, place: String, host: String, target: String, name: String
    )
        throws
    {
        let destination = try HTTPDestination(HTTPClientRequest(url: url))
        let head = try destination.head(of: HTTPClientRequest(url: url), isLast: true)
        #expect(destination.description == place)
        #expect((destination.serverName ?? "") == name)
        #expect(head.uri == target && head.headers["Host"] == [host])
        #expect(destination.isEncrypted == url.lowercased().hasPrefix("https"))
    }

    @Test(arguments: [
        "boot", "boot:8080", "ftp://boot", "http://", "http:///a", "http://boot:0", "http://boot:70000",
    ])
    func `an invalid address is reported`(url: String) async {
        #expect(await failure(HTTPClientRequest(url: url)) == .address)
    }

    @Test func `redirects are followed only without a token and without changes`() async throws {
        let server = try await ByteServer { request in
            switch request.split(separator: " ")[1] {
            case "/": .init(bytes: "HTTP/1.1 301 Moved\r\nLocation: there\r\nContent-Length: 0\r\n\r\n")
            case "/there": .init(bytes: Self.hello)
            default: .init(bytes: "HTTP/1.1 307 Moved\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var request = HTTPClientRequest(url: server.url)
        #expect(try await text(request) == "200 hello")
        #expect(await failure(HTTPClientRequest(url: server.url + "round")) == .redirects)
        request.method = .POST
        #expect(try await text(request) == "301 ")
        request.method = .GET
        request.headers.add(name: "Authorization", value: "Bearer word")
        #expect(try await text(request) == "301 ")
        try await server.stop()
    }

    // MARK: Timeouts

    @Test func `a silent server times out`() async throws {
        let silent = try await ByteServer("")
        let short = Duration.milliseconds(50)
        let (whole, pause) = (
            HTTPClientLimits(whole: short), HTTPClientLimits(whole: .seconds(60), pause: short)
        )
        #expect(await failure(HTTPClientRequest(url: silent.url), whole) == .noAnswer(short))
        #expect(await failure(HTTPClientRequest(url: silent.url), pause) == .silence(short))
        let slow = try await ByteServer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
        #expect(await failure(HTTPClientRequest(url: slow.url), whole) == .noAnswer(short))
        #expect(await failure(HTTPClientRequest(url: slow.url), pause) == .silence(short))
        // The handshake never ends: the request is never sent.
        var connect = Self.limits
        connect.connect = short
        let encrypted = HTTPClientRequest(url: "https://127.0.0.1:\(silent.port)/")
        #expect(await failure(encrypted, connect) == .noConnection(short))
        try await silent.stop()
        try await slow.stop()
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"])
    func `a cancelled task leaves no connection behind`(bytes: String) async throws {
        let server = try await ByteServer(bytes)
        let request = HTTPClientRequest(url: server.url)
        let task = Task { try await text(request) }
        var events = server.events.makeAsyncIterator()
        #expect(await events.next() != .closed)
        task.cancel()
        #expect(await events.next() == .closed)
        await #expect(throws: CancellationError.self) { try await task.value }
        try await server.stop()
    }

    @Test(.timeLimit(.minutes(10))) func `an unread answer is closed`() async throws {
        let server = try await ByteServer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
        #expect(
            try await HTTPClient().execute(HTTPClientRequest(url: server.url), within: Self.limits).status
                == 200)
        var events = server.events.makeAsyncIterator()
        #expect(await events.next() != .closed)
        #expect(await events.next() == .closed)
        try await server.stop()
    }

    @Test func `unread data stays on the network`() async throws {
        let byteCount = 100 << 20
        let server = try await ByteServer { _ in
            .init(
                bytes: "HTTP/1.1 200 OK\r\nContent-Length: \(byteCount)\r\n\r\n", fillerByteCount: byteCount)
        }
        // A slow reader is not a silent server.
        let limits = HTTPClientLimits(whole: .seconds(600), pause: .seconds(60))
        let answer = try await HTTPClient().execute(HTTPClientRequest(url: server.url), within: limits)
        var body = answer.body.makeAsyncIterator()
        var received = try await body.next()?.readableBytes ?? 0
        var (sent, looks) = (-1, 0)
        while looks < 10 {
            let now = server.sentByteCount.load(ordering: .relaxed)
            looks = now == sent ? looks + 1 : 0
            sent = now
            try await Task.sleep(for: .milliseconds(20))
        }
        // The kernel's buffers at both ends of a connection, and a little here.
        #expect(sent < 32 << 20)
        while let part = try await body.next() { received += part.readableBytes }
        #expect(received == byteCount)
        try await server.stop()
    }

    // MARK: Missing and untrusted servers

    @Test func `a missing server is reported at once`() async throws {
        let server = try await ByteServer("")
        let port = server.port
        try await server.stop()
        #expect(await failure(HTTPClientRequest(url: "http://127.0.0.1:\(port)/")) == .system(ECONNREFUSED))
        // An impossible name is not sent to a name server.
        let name = String(repeating: "a", count: 64) + ".invalid"
        #expect(await failure(HTTPClientRequest(url: "http://\(name)/")) == .noSuchHost)
        let nowhere = HTTPClientRequest(url: "http://localhost/", socketPath: "/nonexistent/socket")
        #expect(await failure(nowhere) == .system(ENOENT))
    }

    @Test func `a local socket is used instead of the URL's host`() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ByteServer(socketPath: directory.path + "/s") { _ in .init(bytes: Self.hello) }
        let request = HTTPClientRequest(url: "http://localhost/a", socketPath: directory.path + "/s")
        #expect(try await text(request) == "200 hello")
        try await server.stop()
    }

    @Test func `an encrypted connection is made only to a trusted server`() async throws {
        let directory = try TemporaryDirectory()
        func path(_ name: String, _ text: String) throws -> String {
            let path = "\(directory.path)/\(name)"
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            return path
        }
        func server(_ certificate: String) async throws -> ByteServer {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem)
            let tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            return try await ByteServer(tls: NIOSSLContext(configuration: tls), Self.hello)
        }
        let (good, old) = try await (server(TestCertificates.good), server(TestCertificates.expired))
        let plain = try await ByteServer(Self.hello)
        func request(_ server: ByteServer, _ start: String = "https://localhost") -> HTTPClientRequest {
            HTTPClientRequest(url: "\(start):\(server.port)/")
        }
        let trusting = try HTTPClient(trusting: path("good.pem", TestCertificates.good))
        #expect(try await text(request(good), client: trusting) == "200 hello")
        #expect(await failure(request(good)) == .untrusted)
        #expect(await failure(request(old), client: trusting) == .expired)
        #expect(await failure(request(good, "https://127.0.0.1"), client: trusting) == .otherName)
        #expect(await failure(request(plain), client: trusting) == .notEncrypted)
        #expect(await failure(request(good, "http://localhost")) == .closedEarly)
        #expect(throws: HTTPClientError(.certificateFile, at: "/nonexistent")) {
            try HTTPClient(trusting: "/nonexistent")
        }
        let empty = try path("empty.pem", "")
        #expect(throws: HTTPClientError(.certificateFile, at: empty)) { try HTTPClient(trusting: empty) }
        for server in [good, old, plain] { try await server.stop() }
    }
}
