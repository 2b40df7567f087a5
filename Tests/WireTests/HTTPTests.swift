import Testing
import Wire

@Suite struct HTTPRequestHeadTests {
    private func head(_ text: String) throws -> HTTPRequestHead {
        let wire = Array(text.utf8)
        let count = HTTPRequestHead.byteCount(in: wire.span) ?? 0
        let whole = Array(wire[..<count])
        var span = whole.span
        return try HTTPRequestHead(parsing: &span)
    }

    @Test func `the head of edk2's HTTP boot is read`() throws {
        let request = try head(
            "HEAD //ipxe.efi HTTP/1.1\r\nHost: 10.77.0.1\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n"
        )
        #expect(request.method == "HEAD")
        #expect(request.path == "//ipxe.efi")
        #expect(request["user-agent"] == "UefiHttpBoot/1.0")
        #expect(request.keepsAlive)
    }

    @Test func `a head is whole only with its empty line`() {
        let text = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
        #expect(HTTPRequestHead.byteCount(in: text.span) == nil)
    }

    @Test(arguments: [
        "GET / HTTP/2.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n",
    ])
    func `what could be read in two ways is refused`(text: String) {
        #expect(throws: WireError.self) { try head(text) }
    }

    @Test(arguments: [
        ("Content-Length: 5\r\n", 5), ("", 0), ("Content-Length: 5\r\nContent-Length: 6\r\n", nil),
        ("Content-Length: +5\r\n", nil),
        ("Transfer-Encoding: chunked\r\n", nil),
    ])
    func `the length of a body is one number or none`(fields: String, length: Int?) throws {
        #expect(try head("POST / HTTP/1.1\r\n\(fields)\r\n").contentLength == length)
    }

    @Test func `query parameters are decoded`() throws {
        let request = try head("GET /node/x/report?boot=ab&stage=a%20b&empty= HTTP/1.1\r\n\r\n")
        #expect(request.query("boot") == "ab")
        #expect(request.query("stage") == "a b")
        #expect(request.query("empty") == "")
        #expect(request.query("none") == nil)
    }

    @Test(
        arguments: [
            ("bytes=0-99", HTTPByteRange.part(0..<100)), ("bytes=990-", .part(990..<1_000)),
            ("bytes=-10", .part(990..<1_000)),
            ("bytes=0-5000", .part(0..<1_000)), ("bytes=1000-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=5-2", .whole),
            ("bytes=0-1,5-6", .whole), ("lines=0-1", .whole), (nil, .whole),
        ] as [(String?, HTTPByteRange)])
    func `a Range field asks for a part, for all, or for nothing there is`(
        field: String?, range: HTTPByteRange
    ) {
        #expect(HTTPByteRange(field: field, fileByteCount: 1_000) == range)
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.77.0.1", true), ("10.77.0", false), ("10.77.0.256", false), ("10.077.0.1", false),
        ("+1.2.3.4", false),
    ])
    func `an IPv4 address is four plain numbers`(text: String, isValid: Bool) {
        #expect((IPv4Address(text) != nil) == isValid)
    }

    @Test func `networks of any prefix know their hosts`() throws {
        let supernet = try #require(IPv4Network("10.0.0.0/22"))
        #expect(supernet.hosts.lowerBound.description == "10.0.0.1")
        #expect(supernet.hosts.upperBound.description == "10.0.3.254")
        #expect(IPv4Network("10.0.1.0/22") == nil)
        #expect(try #require(IPv4Network("0.0.0.0/0")).mask == .any)
    }

    @Test(arguments: [
        "52:54:00:12:34:56", "52-54-00-12-34-56", "525400123456", "01-52-54-00-12-34-56", "01525400123456",
        "52:54:0:12:34:56", "5254.0012.3456", "525400-123456", "52 54 00 12 34 56", "52-54-00-12-34-56",
    ])
    func `a hardware address is read in every usual form`(text: String) {
        #expect(MACAddress(text)?.description == "52:54:00:12:34:56")
    }

    @Test(arguments: [
        "", "5254001234", "52:54:00:12:34", "52:54-00:12:34:56", "52-54-0-12-34-56", "10.77.0.5", "pc-1",
        "52:54:00:12:34:5g", "5,254E+11", "52540012345678", "::::::", "5254:0012:3456:7890",
    ])
    func `what is no hardware address is none`(text: String) { #expect(MACAddress(text) == nil) }

    @Test func `a UDP frame carries right checksums`() throws {
        let mac = MACAddress(rawValue: 0x5254_0012_3456)
        let frame = UDPFrame.bytes(
            payload: [1, 2, 3], from: (mac, IPv4Address(rawValue: 0x0A4D_0001), 67),
            to: (mac, IPv4Address(rawValue: 0x0A4D_0064), 68))
        // A header that contains its checksum sums to zero.
        #expect(UDPFrame.checksum(Array(frame[14..<34])) == 0)
        #expect(UDPFrame.checksum(Array(frame[26..<34]) + [0, 17, 0, 11] + Array(frame[34...])) == 0)
    }

    @Test func `CRC-32 of the check string is the published one`() {
        #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}
