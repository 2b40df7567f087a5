import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Center

/// Requests to the control center have one host (RFC 9112 §3.2).
@Suite struct HostTests {
    /// The host that is left for the library to read; nil when the request is refused.
    private func host(in head: String) throws -> String? {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        try pipeline.addHandler(HostCheck())
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: head))
        guard case .head(let read) = try channel.readInbound(as: HTTPServerRequestPart.self) else {
            Issue.record("there is no request")
            return nil
        }
        return read.headers["Host"].first
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a"), ("GET / HTTP/1.1\r\nHost:\r\n\r\n", ""),
            ("GET / HTTP/1.1\r\nhOST: [fe80::1]:8443\r\n\r\n", "[fe80::1]:8443"),
            ("GET / HTTP/1.0\r\n\r\n", ""), ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "a"),
            ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "a"),
            ("GET / HTTP/1.1\r\n\r\n", nil), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", nil),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nhost: b\r\n\r\n", nil),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", nil),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", nil), ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", nil),
            ("GET / HTTP/1.1\r\nHost: ann@a\r\n\r\n", nil), ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", nil),
        ] as [(String, String?)])
    func `one host is kept, and what is not one host is none`(head: String, host: String?) throws {
        #expect(try self.host(in: head) == host)
    }

    @Test func `a request without a host is refused before its caller is looked up`() async throws {
        let fleet = try await SmallFleet()
        for path in ["/login", "/api/v1/nodes", "/healthz"] {
            #expect(try await fleet.ask("GET", path, authority: nil).status == 400, "\(path)")
        }
    }
}
