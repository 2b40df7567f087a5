import Fleet
import Glibc
import Linux
import Testing
import Wire

@testable import Services

/// ROMs on loopback against the TFTP server, with a port per transfer and with a single port.
@Suite struct TFTPServiceTests {
    private static let a = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 511) }
    private static let b = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 / 1_023) }
    private static let exact = [UInt8](repeating: 0x5A, count: 5_120)

    private static func planes(isSinglePort: Bool, blockByteLimit: Int = 1_468) throws -> LoopbackPlanes {
        var settings = TFTPService.Settings()
        settings.isSinglePort = isSinglePort
        settings.limits.blockByteLimit = blockByteLimit
        return try LoopbackPlanes(
            files: ["a.efi": a, "b.efi": b, "exact.bin": exact, "empty.bin": []], tftp: settings
        ) { $0.tftpRequests = PeerRates(perSecond: 100_000, burst: 100_000) }
    }

    private static func bytes(_ packet: TFTPPacket) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes)
        return bytes
    }

    private static func request(_ name: String, _ options: [(String, String)] = []) -> [UInt8] {
        bytes(.read(TFTPRequest(path: name, options: options.map { .init(name: $0.0, value: $0.1) })))
    }

    private static func packet(_ bytes: [UInt8]) throws -> TFTPPacket {
        var wire = bytes.span
        return try TFTPPacket(parsing: &wire)
    }

    /// Requests a file and reads all of it; nil when something else arrives, or nothing.
    private static func fetch(
        _ name: String, _ options: [(String, String)] = [], by client: LoopbackClient
    ) throws -> [UInt8]? {
        client.say(request(name, options))
        var (size, window, file, block) = (512, 1, [UInt8](), 0)
        while true {
            let (heard, port) = client.hearFrom()
            guard !heard.isEmpty else { return nil }
            switch try packet(heard) {
            case .optionAcknowledgement(let agreed):
                for option in agreed {
                    if option.name == "blksize" { size = Int(option.value) ?? 0 }
                    if option.name == "windowsize" { window = Int(option.value) ?? 0 }
                }
                client.say(bytes(.acknowledgement(block: 0)), to: port)
            case .data(let number, let data):
                // Leftovers of an earlier transfer.
                guard number == UInt16(truncatingIfNeeded: block + 1) else { continue }
                block += 1
                file += data
                let isLast = data.count < size
                if isLast || block % window == 0 {
                    client.say(bytes(.acknowledgement(block: number)), to: port)
                }
                if isLast { return file }
            default: return nil
            }
        }
    }

    // Names only: what is an argument is written into the events, byte for byte.
    @Test(arguments: [false, true], ["a.efi", "exact.bin", "empty.bin"])
    func `a file arrives complete, whatever its size`(isSinglePort: Bool, name: String) throws {
        let content = ["a.efi": Self.a, "exact.bin": Self.exact][name] ?? []
        let planes = try Self.planes(isSinglePort: isSinglePort)
        for options in [
            [], [("tsize", "0")], [("blksize", "1428"), ("windowsize", "4"), ("tsize", "0")],
            [("blksize", "1024"), ("blksize", "512")],
        ] {
            let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            #expect(try Self.fetch(name, options, by: client) == content)
        }
    }

    @Test(arguments: [false, true])
    func `blocks larger than a packet also come in windows`(isSinglePort: Bool) throws {
        let planes = try Self.planes(isSinglePort: isSinglePort, blockByteLimit: 65_464)
        for size in ["65464", "32000", "1024"] {
            let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            #expect(try Self.fetch("a.efi", [("blksize", size), ("windowsize", "8")], by: client) == Self.a)
        }
    }

    @Test(arguments: [false, true])
    func `another file from the same port is another transfer`(isSinglePort: Bool) throws {
        let planes = try Self.planes(isSinglePort: isSinglePort)
        // Dropped before anything was acknowledged, in the middle, and the same file in another mode.
        for (acknowledged, options) in [(0, [("tsize", "0")]), (3, []), (0, []), (3, [("blksize", "1024")])] {
            let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            client.say(Self.request("a.efi", options))
            for block in 0..<acknowledged {
                let (_, port) = client.hearFrom()
                let number = options.isEmpty ? block + 1 : block
                client.say(Self.bytes(.acknowledgement(block: UInt16(number))), to: port)
            }
            _ = client.hear()
            #expect(try Self.fetch("b.efi", by: client) == Self.b)
            #expect(try Self.fetch("b.efi", [("blksize", "1468")], by: client) == Self.b)
        }
    }

    @Test(arguments: [false, true])
    func `after the probe of a size the file arrives, whichever packet is read first`(isSinglePort: Bool)
        throws
    {
        let planes = try Self.planes(isSinglePort: isSinglePort)
        let start = EventLoop.now()
        for round in 0..<60 {
            let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            let probe = [("tsize", "0"), ("blksize", "1468")]
            client.say(Self.request("a.efi", probe))
            let (answer, port) = client.hearFrom()
            #expect(
                try Self.packet(answer)
                    == .optionAcknowledgement([
                        .init(name: "tsize", value: "100000"), .init(name: "blksize", value: "1468"),
                    ]))
            client.say(
                Self.bytes(.error(TFTPError(round % 2 == 0 ? .optionsRefused : .undefined, "aborted"))),
                to: port)
            // Some ask for less the second time, others for the same.
            let again = round % 3 == 0 ? probe : [("blksize", "1468")]
            #expect(try Self.fetch("a.efi", again, by: client) == Self.a, "round \(round)")
        }
        // A single retransmission would take a second.
        #expect(EventLoop.now() - start < 10_000)
    }

    @Test(arguments: [false, true])
    func `the same request is a copy at first, and a fresh start later`(isSinglePort: Bool) throws {
        let planes = try Self.planes(isSinglePort: isSinglePort)
        let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        client.say(Self.request("a.efi"))
        let (first, port) = client.hearFrom()
        client.say(Self.bytes(.acknowledgement(block: 1)), to: port)
        client.say(Self.request("a.efi"))
        #expect(try Self.packet(first) == .data(block: 1, Array(Self.a.prefix(512))))
        let (second, samePort) = client.hearFrom()
        #expect(try Self.packet(second) == .data(block: 2, Array(Self.a[512..<1_024])))
        #expect(samePort == port)
        // The machine was switched off, and its ROM asks again from the same port. No copy arrives that late.
        usleep(1_100_000)
        client.say(Self.request("a.efi"))
        repeat {
            let heard = try Self.packet(client.hear())
            if case .data(let block, _) = heard, block == 1 { break }
            // Block 2 arrived again in between.
            #expect(heard == .data(block: 2, Array(Self.a[512..<1_024])))
        } while true
    }

    @Test func `with a single port, late acknowledgements do not end a newer transfer`()
        throws
    {
        let planes = try Self.planes(isSinglePort: true)
        let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        #expect(try Self.fetch("empty.bin", by: client) == [])
        client.say(Self.bytes(.acknowledgement(block: 1)))
        #expect(try Self.fetch("b.efi", [("blksize", "1468")], by: client) == Self.b)
        client.say(Self.request("a.efi"))
        #expect(client.hearFrom().port == planes.ports.tftp)
    }

    @Test func `netascii ends lines with CR LF, and the size is that of the converted text`() {
        let content = TFTPContent.bytes(Array("one\ntwo\r\nthree\rfour".utf8))
        let sent = content.netascii
        #expect(sent == Array("one\r\ntwo\r\0\r\nthree\r\0four".utf8))
        let request = TFTPRequest(path: "a", mode: "netascii", options: [.init(name: "tsize", value: "0")])
        let agreed = TFTPNegotiation(request, fileByteCount: sent.count, limits: .init())
        #expect(agreed.acknowledged == [.init(name: "tsize", value: "\(sent.count)")])
    }

    @Test func `requests that are invalid or for missing files get an answer`() throws {
        let planes = try Self.planes(isSinglePort: false)
        let client = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        let cases: [([UInt8], TFTPError.Code)] = [
            ([0, 1, 0x61], .illegalOperation), (Self.request("nothing"), .fileNotFound),
            (Self.request("../a.efi"), .accessViolation),
            (Self.bytes(.read(TFTPRequest(path: "a.efi", mode: "mail"))), .illegalOperation),
            (Self.bytes(.write(TFTPRequest(path: "a.efi"))), .accessViolation),
            (Self.bytes(.acknowledgement(block: 1)), .unknownTransfer),
        ]
        for (words, code) in cases {
            client.say(words)
            guard case .error(let error) = try Self.packet(client.hear()) else {
                Issue.record("\(words)"); return
            }
            #expect(error.code == code)
        }
        // The last NUL is missing.
        client.say(Array(Self.request("b.efi").dropLast()))
        #expect(try Self.packet(client.hear()) == .data(block: 1, Array(Self.b.prefix(512))))
    }

    @Test func `a client that has gone, according to its host, no longer takes a slot`() throws {
        let planes = try LoopbackPlanes(files: ["a.efi": Self.a]) { $0.tftpTransfers = 1 }
        var client: LoopbackClient? = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        client?.say(Self.request("a.efi"))
        #expect(client?.hear().prefix(4) == [0, 3, 0, 1])
        client = nil
        // The next retransmission is told that nothing listens there.
        let isServed = try (0..<50).contains { _ in
            usleep(100_000)
            let other = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            other.say(Self.request("a.efi"))
            return other.hear().prefix(4) == [0, 3, 0, 1]
        }
        #expect(isServed)
    }

    @Test func `outgoing UDP packets may be fragmented`() throws {
        let socket = try Socket.datagram(.loopback, port: 0)
        var (value, size) = (Int32(-1), socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe getsockopt(socket.number, Int32(IPPROTO_IP), IP_MTU_DISCOVER, &value, &size)
        #expect(result == 0 && value == IP_PMTUDISC_OMIT)
    }
}
