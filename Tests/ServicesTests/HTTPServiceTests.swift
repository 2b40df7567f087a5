import Glibc
import Linux
import Testing
import Wire

@testable import Services

/// Byte-level boot loaders against the boot HTTP server: RFC 9112 as far as they need it (`docs/protocols.md`).
@Suite struct HTTPServiceTests {
    private static let root = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ $0 / 777) }
    private static let kernel = "/i/\(LoopbackPlanes.digest)/kernel"

    private static func planes() throws -> LoopbackPlanes {
        try LoopbackPlanes(files: ["small.bin": [1, 2, 3], "empty.bin": []], image: root)
    }

    private static func client(of planes: LoopbackPlanes) throws -> LoopbackClient {
        try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
    }

    /// An answer as its client reads it.
    private struct Answer {
        var head: String
        var body: [UInt8] = []

        var status: Int { Int(head.dropFirst(9).prefix(3)) ?? 0 }

        /// A field by its case-sensitive name; nil when absent.
        subscript(name: String) -> String? {
            head.split(separator: "\r\n").first { $0.hasPrefix("\(name): ") }.map {
                String($0.dropFirst(name.utf8.count + 2))
            }
        }
    }

    /// The next answer on a connection that stays open.
    private static func hear(_ client: LoopbackClient, hasBody: Bool = true) -> Answer {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let next = client.hear(1)
            if next.isEmpty { break }
            head += next
        }
        var answer = Answer(head: String(decoding: head, as: UTF8.self))
        if hasBody { answer.body = client.hear(answer["Content-Length"].flatMap { Int($0) } ?? 0) }
        return answer
    }

    @Test func `HTTP 1_0 with keep-alive is told that the connection stays open, and it does`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        // Twice: the second answer comes from the cached heads.
        for path in [Self.kernel, Self.kernel, "/small.bin", "/nothing", "/health"] {
            client.say("GET \(path) HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            let answer = Self.hear(client)
            #expect(answer["Connection"] == "keep-alive", "\(path)")
            if path == Self.kernel { #expect(answer.body == Self.root) }
        }
        client.say("GET /small.bin HTTP/1.0\r\n\r\n")
        #expect(Self.hear(client)["Connection"] == "close")
        #expect(client.hearsEnd())
    }

    @Test(arguments: ["/small.bin", "/empty.bin", "/nothing", "/", kernel])
    func `a client that reads to the end gets everything, and then the end`(path: String) throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        client.say("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: TE, close\r\n\r\n")
        let all = try #require(client.hearAll())
        let text = String(decoding: all.prefix(400), as: UTF8.self)
        #expect(text.contains("\r\nConnection: close\r\n"))
        let end = HTTPRequestHead.byteCount(in: all.span) ?? 0
        switch path {
        case Self.kernel: #expect(Array(all[end...]) == Self.root)
        case "/small.bin": #expect(Array(all[end...]) == [1, 2, 3])
        case "/empty.bin": #expect(all.count == end && text.contains("Content-Length: 0\r\n"))
        case "/": #expect(text.hasPrefix("HTTP/1.1 404 ") && text.hasSuffix("unless it was changed\n"))
        default: #expect(text.hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func `HTTP 1_1 stays open by default, and pipelined requests are answered in order`()
        throws
    {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        let words = ["/small.bin", "/empty.bin", Self.kernel, "/health", "/small.bin"].map {
            "\r\nGET \($0) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
        client.say(words.joined())
        let answers = words.map { _ in Self.hear(client) }
        #expect(answers.map(\.body) == [[1, 2, 3], [], Self.root, Array("ok\n".utf8), [1, 2, 3]])
        #expect(answers.allSatisfy { $0["Connection"] == nil && $0.status == 200 })
    }

    @Test func `bodies arrive in any pieces, followed by the next request`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        // From another machine: its answer, 403, comes when the body is complete, not before.
        let request = "POST /node/52:54:00:00:00:01/report HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
        for expectation in ["", "Expect: 100-continue\r\n"] {
            client.say(request + expectation + "\r\n")
            if !expectation.isEmpty {
                #expect(client.hear(25) == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
            for byte in "GET / HTT" {
                client.say(String(byte))
                usleep(2_000)
            }
            #expect(Self.hear(client).status == 403)
            // The last byte of one and all of the next together.
            client.say(request + "\r\n12345678")
            usleep(2_000)
            client.say("9GET /small.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(Self.hear(client).status == 403)
            #expect(Self.hear(client).body == [1, 2, 3])
        }
    }

    @Test(arguments: [
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
        (
            "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            411
        ),
        ("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", 413),
        ("GET /\(String(repeating: "a", count: 20_000))", 414),
        ("GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 20_000))", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: a\r\n", count: 100))\r\n", 431),
    ])
    func `a refusal can be read, whatever the client still sends, before the connection ends`(
        text: String, status: Int
    )
        throws
    {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        client.say(Array(text.utf8) + [UInt8](repeating: 0x61, count: 500_000))
        let answer = Self.hear(client)
        #expect(answer.status == status)
        #expect(answer["Connection"] == "close" && !answer.body.isEmpty)
        #expect(client.hearsEnd())
    }

    @Test(arguments: [[0x16, 3, 1, 0, 5, 1], [0x16], [0], [0x80, 0x2E, 1], [0x20]] as [[UInt8]])
    func `a client that speaks another protocol is told so with its first byte`(bytes: [UInt8]) throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        client.say(bytes)
        let answer = Self.hear(client)
        #expect(answer.status == 400)
        #expect(
            String(decoding: answer.body, as: UTF8.self).contains(bytes[0] == 0x16 ? "http://" : "not HTTP"))
        #expect(client.hearsEnd())
    }

    /// HTTP/0.9 sends nothing behind its line, and nor do people who try a port by hand.
    @Test(arguments: ["GET /small.bin\r\n", "GET /small.bin\n", "HELO example\r\n", "GET  / HTTP/1.1\r\n"])
    func `a first line that begins no request is refused at once`(line: String) throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        client.say(line)
        let answer = Self.hear(client)
        #expect(answer.status == 400)
        #expect(client.hearsEnd())
    }

    @Test func `unsupported and unknown methods are refused`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        for (line, status, allowed) in [
            ("DELETE /small.bin", 405, "GET, HEAD"), ("OPTIONS *", 405, "GET, HEAD"),
            ("BREW /small.bin", 501, nil),
            ("get /small.bin", 501, nil), ("TRACE /health", 405, "GET, HEAD"),
        ] as [(String, Int, String?)] {
            client.say("\(line) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = Self.hear(client)
            #expect(answer.status == status && answer["Allow"] == allowed, "\(line)")
        }
    }

    @Test func `ranges are for GET, and If-Range for the file that it names`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        func ask(_ method: String, _ fields: String) -> Answer {
            client.say("\(method) \(Self.kernel) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            return Self.hear(client, hasBody: method != "HEAD")
        }
        let tag = try #require(ask("GET", "")["ETag"])
        let part = ask("GET", "Range: bytes=1000-1999\r\n")
        #expect(part.status == 206 && part.body == Array(Self.root[1_000..<2_000]))
        #expect(part["Content-Range"] == "bytes 1000-1999/200000" && part["ETag"] == tag)
        #expect(ask("GET", "Range: bytes=1000-1999\r\nIf-Range: \(tag)\r\n").status == 206)
        for other in ["\"other\"", "W/\(tag)", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            let whole = ask("GET", "Range: bytes=1000-1999\r\nIf-Range: \(other)\r\n")
            #expect(whole.status == 200 && whole.body == Self.root, "\(other)")
        }
        let head = ask("HEAD", "Range: bytes=0-9\r\n")
        #expect(head.status == 200 && head["Content-Length"] == "200000")
        let beyond = ask("GET", "Range: bytes=200000-\r\n")
        #expect(beyond.status == 416 && beyond["Content-Range"] == "bytes */200000")
        #expect(ask("GET", "If-None-Match: \"x\", \(tag)\r\n").status == 304)
        for (wanted, status) in [
            ("*", 200), (tag, 200), ("\"x\", \(tag)", 200), ("\"x\"", 412), ("W/\(tag)", 412),
        ] {
            #expect(ask("GET", "If-Match: \(wanted)\r\n").status == status, "\(wanted)")
        }
        // However the path is written, the file is the same.
        client.say("GET \(Self.kernel.dropLast(6))%6Bernel HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Self.hear(client)["ETag"] == tag)
    }

    @Test func `a loader has a tag and a date, and another loader in its place is served at once`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        func ask(_ fields: String) -> Answer {
            client.say("GET /small.bin HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            return Self.hear(client)
        }
        let first = ask("")
        let tag = try #require(first["ETag"])
        let date = try #require(first["Last-Modified"])
        #expect(first["Cache-Control"] == "no-cache" && first.body == [1, 2, 3])
        #expect(ask("If-None-Match: \(tag)\r\n").status == 304)
        #expect(ask("If-Modified-Since: \(date)\r\n").status == 304)
        #expect(ask("If-Match: \(tag)\r\n").status == 200)
        #expect(ask("Range: bytes=1-\r\nIf-Range: \(tag)\r\n").body == [2, 3])
        #expect(ask("Range: bytes=1-\r\nIf-Range: \(date)\r\n").body == [1, 2, 3])
        try planes.exchange("small.bin", with: [4, 5, 6, 7])
        let second = ask("If-None-Match: \(tag)\r\n")
        #expect(second.status == 200 && second.body == [4, 5, 6, 7] && second["ETag"] != tag)
        #expect(ask("If-Match: \(tag)\r\n").status == 412)
    }

    @Test func `a body that waits for 100 is asked for, and one that is already sent is not`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        let words = "POST /health HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        client.say(words)
        #expect(Self.hear(client).head == "HTTP/1.1 100 Continue\r\n\r\n")
        client.say("body")
        #expect(Self.hear(client).status == 405)
        client.say(words + "body")
        #expect(Self.hear(client).status == 405)
    }

    @Test func `field names have the capitals that GRUB and shim compare, and no value is empty`() throws {
        let planes = try Self.planes()
        let client = try Self.client(of: planes)
        for path in [Self.kernel, "/small.bin", "/nothing", Self.kernel] {
            client.say("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = Self.hear(client)
            #expect(answer["Content-Length"] != nil && answer["Content-Type"] != nil || path == "/health")
            #expect(answer["Date"]?.hasSuffix(" GMT") == true)
            for line in answer.head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                #expect(parts.count == 2 && parts[1].count > 1, "\(line)")
            }
        }
    }
}
