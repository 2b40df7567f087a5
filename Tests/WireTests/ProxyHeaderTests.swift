import Testing
import Wire

@Suite struct ProxyHeaderTests {
    private static let signature = "0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A "

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.7 10.0.0.1 4711 8443\r\nGET", "192.0.2.7", 41),
        ("PROXY TCP6 2001:db8::7 fd00::1 4711 8443\r\n", "2001:db8::7", 42),
        ("PROXY UNKNOWN\r\n", nil, 15), ("PROXY UNKNOWN ff:: ff:: 1 2\r\n", nil, 29),
    ])
    func `a line names the client`(text: String, client: String?, byteCount: Int) throws {
        let header = try #require(try ProxyHeader.read(Array(text.utf8)))
        #expect(header.client?.description == client && header.byteCount == byteCount)
    }

    @Test(arguments: [
        // HAProxy's send-proxy-v2, with a TLV after the addresses.
        ("21 11 00 10 C0 00 02 07 0A 00 00 01 12 67 20 FB 03 00 01 FF", "192.0.2.7", 32),
        (
            "21 21 00 24 20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 07 FD 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 12 67 20 FB",
            "2001:db8::7", 52
        ),
        // A health check; a local socket before the proxy.
        ("20 00 00 00", nil, 16), ("20 11 00 0C 7F 00 00 01 7F 00 00 01 00 01 00 02", nil, 28),
        ("21 31 00 02 00 00", nil, 18),
    ])
    func `a binary header names the client`(rest: String, client: String?, byteCount: Int) throws {
        let wire = bytes(Self.signature + rest)
        let header = try #require(try ProxyHeader.read(wire + [0x16, 0x03]))
        #expect(header.client?.description == client && header.byteCount == byteCount)
        for count in 0..<byteCount { #expect(try ProxyHeader.read(Array(wire.prefix(count))) == nil) }
    }

    @Test func `a line is complete only with its end`() throws {
        let line = Array("PROXY TCP4 192.0.2.7 10.0.0.1 4711 8443\r\n".utf8)
        for count in 0..<line.count { #expect(try ProxyHeader.read(Array(line.prefix(count))) == nil) }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.7\r\n", "PROXY TCP4 a b 1 2\r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r\n", "PROXY UNKNOWN\n",
        "PROXY \(String(repeating: "x", count: 107))\r\n",
        "\r\n\r\nx",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: WireError.self) { try ProxyHeader.read(Array(text.utf8)) }
    }

    @Test(arguments: ["11 11 00 0C", "22 11 00 0C", "21 11 10 01", "21 11 00 04 C0 00 02 07"])
    func `an impossible binary header is refused`(rest: String) {
        #expect(throws: WireError.self) { try ProxyHeader.read(bytes(Self.signature + rest)) }
    }
}
