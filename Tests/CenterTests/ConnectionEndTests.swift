import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Center

/// Connections to the control center stay open, or end, as RFC 9112 §9.3 says.
@Suite struct ConnectionEndTests {
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        try pipeline.addHandler(ConnectionEnd())
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        return channel
    }

    /// The head of an answer, as it is sent.
    private func answer(
        on channel: EmbeddedChannel, _ status: HTTPResponseStatus = .ok,
        _ fields: HTTPHeaders = ["Content-Length": "0"]
    ) throws -> String {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: fields)
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        guard var bytes = try channel.readOutbound(as: ByteBuffer.self) else { return "" }
        return (bytes.readString(length: bytes.readableBytes) ?? "").lowercased()
    }

    @Test(
        arguments: [
            ("HTTP/1.1", "", false), ("HTTP/1.1", "Connection: keep-alive\r\n", false),
            ("HTTP/1.1", "Connection: close\r\n", true), ("HTTP/1.1", "Connection: Close\r\n", true),
            ("HTTP/1.1", "Connection: TE, close\r\n", true),
            ("HTTP/1.1", "Connection: TE\r\nConnection: close\r\n", true),
            ("HTTP/1.0", "", true), ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
            // Java's and curl's offer of HTTP/2 without TLS, and what nginx passes on.
            ("HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", true),
            ("HTTP/1.1", "Connection: upgrade\r\nUpgrade: websocket\r\n", true),
            ("HTTP/1.1", "Connection: upgrade\r\n", false), ("HTTP/1.1", "Upgrade: h2c\r\n", false),
        ] as [(String, String, Bool)])
    func `the library and the client are told that a connection ends`(
        version: String, fields: String, ends: Bool
    ) throws {
        let channel = try channel()
        try channel.writeInbound(ByteBuffer(string: "GET / \(version)\r\nHost: a\r\n\(fields)\r\n"))
        guard case .head(let head) = try channel.readInbound(as: HTTPServerRequestPart.self) else {
            Issue.record("there is no request")
            return
        }
        #expect((head.headers["Connection"] == ["close"]) == ends)
        #expect(try answer(on: channel).contains("connection: close") == ends)
    }

    @Test func `each answer is for its own request, and one on the way says nothing`() throws {
        let channel = try channel()
        let second = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + second))
        #expect(try !answer(on: channel, .continue, [:]).contains("connection"))
        let ends = try (0..<3).map { _ in try answer(on: channel).contains("connection: close") }
        #expect(ends == [false, true, false])
    }

    @Test func `no chunks go to a client of HTTP 1_0`() throws {
        for (version, isChunked) in [("HTTP/1.0", false), ("HTTP/1.1", true)] {
            let channel = try channel()
            try channel.writeInbound(ByteBuffer(string: "GET / \(version)\r\nHost: a\r\n\r\n"))
            #expect(try answer(on: channel, .ok, [:]).contains("chunked") == isChunked)
        }
    }
}
