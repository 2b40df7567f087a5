// roost-fuzz: throws damaged input at every parser that reads from the network or from disks.
//
// A parser passes when it answers or throws; a trap ends this program, whose last line then names parser and seed.
// roost-fuzz [--seconds N] [--seed N] [--parser NAME]

import Fleet
import Foundation
import Services
import Wire

/// SplitMix64: small, fast, and the same everywhere for one seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// A parser with inputs that it accepts, to damage.
struct Parser {
    var name: String
    var seeds: [[UInt8]]
    var parse: ([UInt8]) throws -> Void
}

struct AnyExport: NBDExportDirectory {
    func export(named name: String) -> NBDExport? {
        NBDExport(name: name, byteCount: 1 << 20, flags: [.hasFlags, .readOnly])
    }
    var exportNames: [String] { ["debian"] }
}

func written(_ value: some WireCodable) -> [UInt8] {
    var wire: [UInt8] = []
    value.write(to: &wire)
    return wire
}

let servedLink = DHCPLink(
    interface: "br0",
    subnets: IPv4Network("10.77.0.0/24").map { network in
        [
            DHCPSubnet(
                network: network, server: network.hosts.lowerBound,
                pools: [network.hosts.upperBound...network.hosts.upperBound])
        ]
    } ?? [])

let capturedPayloads: [[UInt8]] = {
    guard let data = FileManager.default.contents(atPath: "Tests/Captures/boot.pcap") else { return [] }
    let bytes = [UInt8](data)
    var position = 24
    var found: [[UInt8]] = []
    while position + 16 <= bytes.count {
        let length = (0..<4).reduce(0) { $0 | Int(bytes[position + 8 + $1]) << (8 * $1) }
        found.append(Array(bytes[position + 16 + 42..<min(bytes.count, position + 16 + length)]))
        position += 16 + length
    }
    return found
}()

let parsers: [Parser] = [
    Parser(name: "dhcp", seeds: capturedPayloads.filter { $0.count > 240 }) { bytes in
        var wire = bytes.span
        let message = try DHCPMessage(parsing: &wire)
        _ = BootClient(message)
        // What was read can be written, and reads alike.
        let again = written(message)
        var second = again.span
        let repeated = try DHCPMessage(parsing: &second)
        precondition(repeated.transaction == message.transaction, "a message changed by writing")
        var server = DHCPServer(links: [servedLink], reservations: [], leases: [])
        _ = server.handle(
            message, on: "br0", now: 0, snapshot: .empty,
            policy: BootPolicy(server: .any, loaders: [], nodeArchives: [:]))
    },
    Parser(name: "tftp", seeds: capturedPayloads.filter { $0.count < 100 }) { bytes in
        var wire = bytes.span
        let packet = try TFTPPacket(parsing: &wire)
        if case .read(let request) = packet {
            _ = TFTPPath.canonical(request.path)
            let agreed = TFTPNegotiation(request, fileByteCount: 100_000, limits: .init())
            var send = TFTPSend(fileByteCount: 100_000, agreed: agreed)
            _ = send.start()
            for byte in bytes { _ = send.handle(.acknowledged(UInt16(byte))) }
        }
        _ = written(packet)
    },
    Parser(
        name: "nbd-handshake",
        seeds: [
            (try? NBDClientNegotiation.answer(greeting: NBDNegotiation.greeting, exportName: "debian")) ?? []
        ]
    ) { bytes in
        var negotiation = NBDNegotiation()
        var wire = bytes.span
        var output: [UInt8] = []
        _ = negotiation.handle(&wire, exports: AnyExport(), output: &output)
    },
    Parser(
        name: "nbd-request", seeds: [written(NBDRequest(.read, cookie: 1, offset: 4_096, byteCount: 4_096))]
    ) { bytes in
        var wire = bytes.span
        _ = try NBDRequest(parsing: &wire)
    },
    Parser(name: "smbios", seeds: [[17, 34] + [UInt8](repeating: 1, count: 32) + Array("a".utf8) + [0, 0]]) {
        bytes in
        _ = SMBIOSTable(parsing: bytes)
    },
    Parser(name: "edid", seeds: [[0, 255, 255, 255, 255, 255, 255, 0] + [UInt8](repeating: 0, count: 120)]) {
        bytes in
        _ = EDID(bytes)
    },
    Parser(
        name: "condition",
        seeds: ["memory < 2 GiB and (vendor = \"HP\" or not n[1-40,7] tag~x*)"].map { Array($0.utf8) }
    ) { bytes in
        _ = try Condition(String(decoding: bytes, as: UTF8.self))
    },
    Parser(name: "nbd-client", seeds: [NBDNegotiation.greeting]) { bytes in
        _ = try? NBDClientNegotiation.answer(greeting: bytes, exportName: "debian")
        _ = try? NBDClientNegotiation.export(in: bytes)
        var wire = bytes.span
        _ = try NBDClientNegotiation.ReplyHeader(parsing: &wire)
    },
    Parser(
        name: "http",
        seeds: [
            Array(
                "GET /i/a/kernel?x=%20 HTTP/1.1\r\nHost: 10.77.0.1\r\nRange: bytes=1-2\r\nContent-Length: 3\r\n\r\n"
                    .utf8)
        ]
    ) { bytes in
        var wire = bytes.span
        guard HTTPRequestHead.byteCount(in: wire) != nil else { return }
        let head = try HTTPRequestHead(parsing: &wire)
        _ = (head.contentLength, head.keepsAlive, head.query("x"), HTTPRequestHead.percentDecoded(head.path))
        _ = HTTPByteRange(field: head["range"], fileByteCount: 100)
    },
    Parser(
        name: "journal",
        seeds: [
            Array("ROOSTLJ1".utf8) + [
                0, 20, 0, 0, 0, 0, 10, 77, 0, 100, 0, 0, 0, 0, 0, 0, 0, 9, 1, 6, 1, 2, 3, 4, 5, 6,
            ]
        ]
    ) { bytes in
        _ = LeaseJournal.read(bytes)
        // Behind a right checksum the fields can still be anything.
        let payload = Array(bytes.dropFirst(14))
        var record = Array("ROOSTLJ1".utf8)
        record += [UInt8(truncatingIfNeeded: payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
        let checksum = CRC32.of(payload)
        record += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) } + payload
        _ = LeaseJournal.read(record)
    },
    Parser(
        name: "text",
        seeds: [
            "52:54:00:12:34:56", "10.77.0.0/24", "12345678-1234-5678-1234-56789abcdef0",
            "debian@0123456789ab", "/etc/motd:644",
        ]
        .map { Array($0.utf8) }
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (MACAddress(text), IPv4Address(text), IPv4Network(text), MachineUUID(text), ImageReference(text))
        _ = (ConfiguredFile(key: text), try? NodeName(text), try? GroupPath(text))
        for definition in SettingDefinition.all { _ = try? definition.value(fromText: text) }
    },
]

/// One to eight changes: bits, bytes, lengths, pieces of other inputs.
func damaged(_ seed: [UInt8], with others: [[UInt8]], using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let place = Int.random(in: 0...max(0, bytes.count - 1), using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where !bytes.isEmpty:
            bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        case 2: bytes.removeSubrange(place...)
        case 3:
            bytes.insert(
                contentsOf: (0..<4).map { _ in UInt8.random(in: .min ... .max, using: &generator) }, at: place
            )
        case 4 where !bytes.isEmpty:
            bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &generator)))
        default:
            let other = others.randomElement(using: &generator) ?? []
            bytes.insert(
                contentsOf: other.suffix(Int.random(in: 0...max(0, other.count), using: &generator)),
                at: min(place, bytes.count))
        }
        if bytes.count > 70_000 { bytes.removeSubrange(70_000...) }
    }
    return bytes
}

func option(_ name: String) -> String? {
    CommandLine.arguments.firstIndex(of: "--\(name)").flatMap { index in
        CommandLine.arguments.indices.contains(index + 1) ? CommandLine.arguments[index + 1] : nil
    }
}

let seconds = option("seconds").flatMap(Double.init) ?? 10
let firstSeed = option("seed").flatMap(UInt64.init) ?? UInt64(Date().timeIntervalSince1970)
let chosen = parsers.filter { option("parser") == nil || $0.name == option("parser") }
for parser in chosen {
    precondition(
        !parser.seeds.isEmpty, "\(parser.name) has nothing to start from; run from the repository's root")
    print("\(parser.name): seed \(firstSeed)")
    fflush(nil)
    var generator = SeededGenerator(state: firstSeed)
    let end = Date().addingTimeInterval(seconds / Double(chosen.count))
    var count = 0
    var accepted = 0
    while count % 256 != 0 || Date() < end {
        let seed = parser.seeds.randomElement(using: &generator) ?? []
        let input = damaged(seed, with: parser.seeds, using: &generator)
        if (try? parser.parse(input)) != nil { accepted += 1 }
        count += 1
    }
    print("\(parser.name): \(count) inputs, \(accepted) accepted, none trapped")
}
