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
        #expect(try HTTPFraming(request).keepsAlive)
    }

    @Test func `a head is complete only with its empty line`() {
        let text = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
        #expect(HTTPRequestHead.byteCount(in: text.span) == nil)
    }

    @Test(arguments: [
        "GET / HTTP/11\r\n\r\n", "GET / http/1.1\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n",
        "GET ftp://a/b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n X: y\r\n\r\n", "GET /a\rb HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\n\r\n",
    ])
    func `ambiguous requests are refused`(text: String) {
        #expect(throws: WireError.self) { try head(text) }
    }

    @Test(arguments: [
        ("GET http://10.77.0.1/a?b HTTP/1.1", "/a?b"), ("GET HTTP://host HTTP/1.1", "/"),
        ("GET http://host?x=1 HTTP/1.1", "/?x=1"), ("OPTIONS * HTTP/1.1", "*"), ("GET //a HTTP/1.1", "//a"),
    ])
    func `a target in any form becomes a path`(line: String, target: String) throws {
        #expect(try head("\(line)\r\nHost: a\r\n\r\n").target == target)
    }

    @Test func `a first line of 8,000 bytes is read`() throws {
        let path = "/" + String(repeating: "a", count: 7_985)
        #expect(try head("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n").target == path)
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
            ("bytes=5-2", .whole), ("Bytes=0-0", .part(0..<1)),
            ("bytes=10-99999999999999999999", .part(10..<1_000)),
            ("bytes=99999999999999999999-", .unsatisfiable),
            ("bytes=-99999999999999999999", .part(0..<1_000)),
            ("bytes=0-1,5-6", .whole), ("bytes=u-u", .whole), ("bytes=-", .whole), ("lines=0-1", .whole),
            (nil, .whole),
        ] as [(String?, HTTPByteRange)])
    func `a Range field asks for a part, for everything, or for no existing byte`(
        field: String?, range: HTTPByteRange
    ) {
        #expect(HTTPByteRange(field: field, fileByteCount: 1_000) == range)
    }
}

@Suite struct HTTPFramingTests {
    private func framing(_ text: String) throws -> HTTPFraming {
        let wire = Array(text.utf8)
        var span = wire.span
        return try HTTPFraming(HTTPRequestHead(parsing: &span))
    }

    private func framing(_ version: String, _ fields: String) throws -> HTTPFraming {
        try framing("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n")
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: Close\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        ("1.1", "Connection: Upgrade, HTTP2-Settings\r\n", true),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false), ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true), ("1.0", "Connection: TE ,\tkeep-alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false), ("1.0", "Connection: keep-alive-not\r\n", false),
        ("1.9", "", true),
    ])
    func `whether a connection stays open depends on the version and the Connection field`(
        version: String, fields: String, keepsAlive: Bool
    ) throws {
        #expect(try framing(version, fields).keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        ("Content-Length: 5\r\n", 5), ("", 0), ("Content-Length: 5\r\nContent-Length: 5\r\n", 5),
        ("Content-Length: 99999999999999999999\r\n", Int.max),
    ])
    func `the length of a body is a single number or absent`(fields: String, length: Int) throws {
        #expect(try framing("1.1", fields).bodyByteCount == length)
    }

    @Test(arguments: [
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417),
    ])
    func `invalid requests are refused, each with its own status`(text: String, status: Int) {
        #expect { try framing(text) } throws: { ($0 as? HTTPRefusal)?.status == status }
    }

    @Test func `HTTP 1_0 may omit Host, an empty one is valid, and 100 is for HTTP 1_1`() throws {
        #expect(try framing("GET / HTTP/1.0\r\n\r\n").keepsAlive == false)
        #expect(try framing("GET / HTTP/1.1\r\nHost:\r\n\r\n").keepsAlive)
        #expect(try framing("GET / HTTP/1.1\r\nHost: [fe80::1]:80\r\n\r\n").keepsAlive)
        #expect(try framing("1.1", "Expect: 100-Continue\r\n").expectsContinue)
        #expect(try framing("1.0", "Expect: 100-continue\r\n").expectsContinue == false)
    }

    @Test(
        arguments: [
            (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
            (1_796_083_199, "Mon, 30 Nov 2026 23:59:59 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (0, nil), (-1, nil), (.max, nil),
        ] as [(Int, String?)])
    func `a date has one form, and a clock that was never set has none`(seconds: Int, text: String?) {
        #expect(HTTPDate.text(seconds) == text)
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

    @Test func `networks of any prefix length know their hosts`() throws {
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
    func `a MAC address is read in every usual form`(text: String) {
        #expect(MACAddress(text)?.description == "52:54:00:12:34:56")
    }

    @Test(arguments: [
        "", "5254001234", "52:54:00:12:34", "52:54-00:12:34:56", "52-54-0-12-34-56", "10.77.0.5", "pc-1",
        "52:54:00:12:34:5g", "5,254E+11", "52540012345678", "::::::", "5254:0012:3456:7890",
    ])
    func `anything else is not a MAC address`(text: String) { #expect(MACAddress(text) == nil) }

    @Test func `a UDP frame carries correct checksums`() throws {
        let mac = MACAddress(rawValue: 0x5254_0012_3456)
        let frame = UDPFrame.bytes(
            payload: [1, 2, 3], from: (mac, IPv4Address(rawValue: 0x0A4D_0001), 67),
            to: (mac, IPv4Address(rawValue: 0x0A4D_0064), 68))
        // A header that contains its checksum sums to zero.
        #expect(UDPFrame.checksum(Array(frame[14..<34])) == 0)
        #expect(UDPFrame.checksum(Array(frame[26..<34]) + [0, 17, 0, 11] + Array(frame[34...])) == 0)
    }

    @Test func `no UDP frame has a checksum of 0xFFFF, which dhcpcd takes for damage`() {
        let mac = MACAddress(rawValue: 0x5254_0012_3456)
        var padded = 0
        for word in UInt16.min...UInt16.max {
            let frame = UDPFrame.bytes(
                payload: [UInt8(word >> 8), UInt8(word & 0xFF)],
                from: (mac, IPv4Address(rawValue: 0x0A4D_0001), 67),
                to: (mac, IPv4Address(rawValue: 0x0A4D_0064), 68))
            if frame[40...41] == [0xFF, 0xFF] || frame[40...41] == [0, 0] {
                Issue.record("\(word) has none")
            }
            guard frame.count != 44 else { continue }
            padded += 1
            #expect(frame[34...] == frame[34..<44] + [0] && frame[17] == 31 && frame[39] == 11)
            #expect(UDPFrame.checksum(Array(frame[14..<34])) == 0)
            #expect(UDPFrame.checksum(Array(frame[26..<34]) + [0, 17, 0, 11] + Array(frame[34...])) == 0)
        }
        #expect(padded == 1)
    }

    @Test func `CRC-32 of the check string is the published value`() {
        #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}

/// Dates and conditions of files (RFC 9110 §5.6.7, §13).
@Suite struct HTTPConditionTests {
    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799), ("Mon, 06 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 6 Nov 1994 08:49:37 GMT", nil), ("Sun, +6 Nov 1994 08:49:37 GMT", nil), ("", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("0", nil),
            ("Wed, 30 Feb 1994 08:49:37 GMT", nil),
        ] as [(String, Int?)])
    func `a date is read as it is written`(text: String, second: Int?) {
        #expect(HTTPDate.second(text) == second)
        if let second { #expect(HTTPDate.text(of: second) == text) }
    }

    @Test(
        arguments: [
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777), ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Wednesday, 16-Nov-22 08:49:37 GMT", 1_668_588_577), ("Wed Nov 16 08:49:37 2022", 1_668_588_577),
            ("Monday, 06-Nov-94 08:49:37 GMT", nil), ("Sunday, 06-Nov-1994 08:49:37 GMT", nil),
            ("Sunday, 06-Nov-94 08:49:37", nil), ("Sun Nov 6 08:49:37 1994", nil),
            ("Sun Nov  6 08:49:37 94", nil), ("Sun Nov   6 08:49:37 1994", nil), ("day, -- ::", nil),
        ] as [(String, Int?)])
    func `a date is read in the forms of old programs, too`(text: String, second: Int?) {
        #expect(HTTPDate.second(text) == second)
    }

    /// Of a file with the tag "a", changed on 6 November 1994.
    @Test(
        arguments: [
            ("", .serves), ("If-Match: *", .serves), ("If-Match: \"b\", \"a\"", .serves),
            ("If-Match: W/\"a\"", .failed), ("If-None-Match: W/\"a\"", .notModified),
            ("If-None-Match: *", .notModified),
            ("If-None-Match: \"ab\"", .serves),
            ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .notModified),
            ("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT", .serves),
            ("If-Modified-Since: yesterday", .serves),
            ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT", .failed),
            ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .serves),
            // Tags count more than dates.
            ("If-None-Match: \"b\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .serves),
            ("If-Match: \"a\"\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT", .serves),
        ] as [(String, HTTPValidators.Outcome)])
    func `conditions are about the file that a client has`(fields: String, outcome: HTTPValidators.Outcome)
        throws
    {
        let lines = fields.isEmpty ? "" : fields + "\r\n"
        let bytes = Array("GET /a HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8)
        var span = bytes.span
        let request = try HTTPRequestHead(parsing: &span)
        #expect(HTTPValidators(tag: "\"a\"", modifiedAt: 784_111_777).outcome(of: request) == outcome)
    }
}
