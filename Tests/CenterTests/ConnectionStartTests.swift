import Fleet
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing
import Wire

@testable import Center

/// What a connection may begin with, and how much of a request is read.
@Suite struct ConnectionStartTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private struct Outcome {
        var passed: String
        var client: String?
        var isOpen: Bool
    }

    /// A connection on which each of `pieces` arrives in turn.
    private func outcome(of pieces: [[UInt8]]) throws -> Outcome {
        let channel = EmbeddedChannel()
        let handler = ProxyHeaderHandler { _, _ in true }
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        for piece in pieces { try channel.writeInbound(ByteBuffer(bytes: piece)) }
        var passed = ""
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { passed += String(buffer: buffer) }
        return Outcome(
            passed: passed, client: handler.client?.description, isOpen: channel.isActive)
    }

    @Test func `a proxy that speaks for itself passes its request on, by either version`() throws {
        for header in [
            Array("PROXY UNKNOWN\r\n".utf8), Array("PROXY UNKNOWN ff:: ff:: 1 2\r\n".utf8),
            Self.signature + [0x20, 0x00, 0x00, 0x00],
            Self.signature + [0x20, 0x11, 0x00, 0x0C] + [UInt8](repeating: 7, count: 12),
        ] {
            let request = Array("GET /healthz".utf8)
            let whole = try outcome(of: [header + request])
            let bytewise = try outcome(of: (header + request).map { [$0] })
            for one in [whole, bytewise] {
                #expect(one.passed == "GET /healthz" && one.client == nil && one.isOpen)
            }
        }
    }

    @Test func `a header that is cut off waits, and one that cannot be is the end`() throws {
        let cut = try outcome(of: [Array("PROXY TCP4 192.0.2.7 10.".utf8)])
        #expect(cut.passed.isEmpty && cut.isOpen)
        for header in [
            Array("PROXY \(String(repeating: "x", count: 200))".utf8), Array("GET / HTTP/1.1\r\n".utf8),
            Self.signature + [0x21, 0x11, 0xFF, 0xFF], Self.signature + [0x21, 0x11, 0x00, 0x04, 1, 2, 3, 4],
        ] {
            let over = try outcome(of: [header, Array("PROXY UNKNOWN\r\nGET /".utf8)])
            #expect(over.passed.isEmpty && !over.isOpen, "\(header.prefix(20))")
        }
    }

    // MARK: Requests

    @Test func `a body that is too long is refused with a sentence, by its length or as it comes`()
        async throws
    {
        let fleet = try await SmallFleet()
        let person = Person(role: .admin, place: .site)
        let headers: HTTPFields = [
            .authorization: "Bearer \(person.token)", .contentType: "application/json",
        ]
        let path = "/api/v1/nodes/pc-1/apply"
        let long = try await fleet.ask(
            "POST", path, headers: headers, body: String(repeating: "x", count: 5_000))
        var told = headers
        // Two gigabytes, of which nothing was sent yet.
        told[.contentLength] = "2147483648"
        let announced = try await fleet.ask("POST", path, headers: told, body: "{}")
        for answer in [long, announced] {
            #expect(answer.status == 413)
            #expect(answer.body.contains("the request has more than 4 KiB"), "\(answer.body)")
        }
        var form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        form[.contentLength] = "2147483648"
        let stranger = try await fleet.ask("POST", "/login", headers: form, body: "name=a")
        #expect(stranger.status == 413 && stranger.body.contains("more than 16 KiB"))
    }

    @Test func `what is left of an answered request is waited for, but not for long`() throws {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            RequestDeadline(.init(whole: .seconds(60), between: .seconds(75), rest: .seconds(10))))
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        let head = HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))
        let body = HTTPServerRequestPart.body(ByteBuffer(string: "x"))
        func answer() throws {
            let head = HTTPResponseHead(version: .http1_1, status: .payloadTooLarge)
            try channel.writeOutbound(HTTPServerResponsePart.head(head))
            try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        }
        // The rest comes: the connection goes on, with the deadlines of any other.
        try channel.writeInbound(head)
        try answer()
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        #expect(channel.isActive)
        // It does not end, however many bytes trickle in.
        try channel.writeInbound(head)
        try answer()
        for _ in 0..<9 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try channel.writeInbound(body)
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }
}
