import Fleet
import Foundation
import Sealing
import Services
import Wire

/// Parsers alone, each with valid inputs to damage.
enum Parsers {
    struct Parser: Sendable {
        var name: String
        var seeds: [[UInt8]]
        var parse: @Sendable ([UInt8]) throws -> Void
    }

    static var targets: [Target] {
        all.map { parser in
            Target(name: "parse-\(parser.name)") {
                precondition(
                    !parser.seeds.isEmpty,
                    "\(parser.name) has nothing to start from; run from the repository's root")
                let session: Session = { noise in
                    let input = noise.damaged(noise.one(of: parser.seeds), with: parser.seeds)
                    try? parser.parse(input)
                    return 1
                }
                return { session }
            }
        }
    }

    private struct AnyExport: NBDExportDirectory {
        func export(named name: String) -> NBDExport? {
            NBDExport(name: name, byteCount: 1 << 20, flags: [.hasFlags, .readOnly])
        }
        var exportNames: [String] { ["debian"] }
    }

    static func written(_ value: some WireCodable) -> [UInt8] {
        var wire: [UInt8] = []
        value.write(to: &wire)
        return wire
    }

    private static let capturedPayloads: [[UInt8]] = {
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

    /// An introduction, a challenge, and a reply with a handle.
    private static let tpmMessages: [[UInt8]] = {
        guard let endorsement = try? TPMKey(.curve, TPMKey.template(.curve)),
            let attestation = try? TPMKey(.attestation, TPMKey.template(.attestation))
        else { return [] }
        let introduction = TPMIntroduction(
            bootKey: [UInt8](repeating: 9, count: 32), endorsement: endorsement, attestation: attestation,
            certificate: [0x30, 0x82, 0, 1, 5])
        let challenge = TPMChallenge(
            blob: [UInt8](repeating: 1, count: 68), secret: [UInt8](repeating: 2, count: 68))
        let reply: [UInt8] = [0x80, 2, 0, 0, 0, 22, 0, 0, 0, 0, 0x80, 0, 0, 1, 0, 0, 0, 4, 0, 2, 7, 7]
        return [written(introduction), written(challenge), reply]
    }()

    /// A request, sealed and open, and an answer.
    private static let logIns: [[UInt8]] = {
        let request = LogInRequest(
            id: LogInIdentifier(time: 1, random: [1, 2]).text, user: "anna", pool: "room", protocols: ["rdp"],
            publicKey: "ssh-ed25519 AAAA", hasPassword: true, takesOver: false)
        let ticket = SessionTicket(
            id: "t", kind: "rdp", address: "10.77.0.11", port: 3_389, user: "anna", credential: "c",
            lifetime: 60,
            certificate: "00ff", hostKeys: ["a"], broker: "", isReconnection: false)
        let sealed = RunKey(bytes: [UInt8](repeating: 1, count: 32))?.seal(
            request, of: Ground.node, in: "b", run: "r")
        return [
            written(request), sealed ?? [], written(LogInAnswer(id: request.id, outcome: .ready(ticket))),
        ]
    }()

    private static let all: [Parser] = messages + machines + texts + terminals

    private static let messages: [Parser] = [
        Parser(name: "dhcp", seeds: capturedPayloads.filter { $0.count > 240 }) { bytes in
            var wire = bytes.span
            let message = try DHCPMessage(parsing: &wire)
            _ = BootClient(message)
            // A parsed message can be written, and parses to the same value.
            let again = written(message)
            var second = again.span
            let repeated = try DHCPMessage(parsing: &second)
            precondition(repeated.transaction == message.transaction, "a message changed by writing")
            if again.count <= UDPFrame.payloadByteLimit, let mac = message.macAddress {
                _ = UDPFrame.bytes(
                    payload: again, from: (mac, message.relay, 67), to: (mac, message.clientAddress, 68))
            }
        },
        Parser(name: "tpm", seeds: tpmMessages) { bytes in
            if let reply = try? TPMReply(bytes) {
                _ = (try? reply.handle(), try? reply.firstParameter(), try? reply.indexByteCount())
            }
            var wire = bytes.span
            if let challenge = try? TPMChallenge(parsing: &wire) { _ = written(challenge) }
            var second = bytes.span
            let introduction = try TPMIntroduction(parsing: &second)
            precondition(written(introduction) == bytes, "an introduction changed by writing")
        },
        Parser(name: "log-in", seeds: logIns) { bytes in
            if let key = RunKey(bytes: [UInt8](repeating: 1, count: 32)) {
                _ = key.logInRequest(bytes, of: Ground.node, in: "b", run: "r")
            }
            var wire = bytes.span
            if let answer = try? LogInAnswer(parsing: &wire), case .ready(let ticket) = answer.outcome {
                _ = written(ticket)
            }
            var second = bytes.span
            let request = try LogInRequest(parsing: &second)
            let again = written(request)
            var third = again.span
            let repeated = try LogInRequest(parsing: &third)
            precondition(repeated == request, "a request changed by writing")
            _ = (request.isPlausible, LogInIdentifier(request.id))
        },
        Parser(name: "tftp", seeds: capturedPayloads.filter { $0.count < 100 }) { bytes in
            var wire = bytes.span
            let packet = try TFTPPacket(parsing: &wire)
            _ = written(packet)
        },
        Parser(
            name: "nbd-handshake",
            seeds: [
                (try? NBDClientNegotiation.answer(greeting: NBDNegotiation.greeting, exportName: "debian"))
                    ?? []
            ]
        ) { bytes in
            var negotiation = NBDNegotiation()
            var wire = bytes.span
            var output: [UInt8] = []
            _ = negotiation.handle(&wire, exports: AnyExport(), output: &output)
        },
        Parser(
            name: "nbd-request",
            seeds: [written(NBDRequest(.read, cookie: 1, offset: 4_096, byteCount: 4_096))]
        ) {
            bytes in
            var wire = bytes.span
            _ = try NBDRequest(parsing: &wire).range(inExportOf: 1 << 20)
        },
        Parser(name: "nbd-transmission", seeds: [Conversations.requests]) { bytes in
            Conversations.checkTransmission(of: bytes)
        },
        Parser(
            name: "arp",
            seeds: [Array(ARPPacket(probing: .loopback, from: .broadcast).broadcastFrame.dropFirst(14))]
        ) {
            bytes in
            var wire = bytes.span
            _ = written(try ARPPacket(parsing: &wire))
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
            _ = (
                try? HTTPFraming(head), head.query("x"), HTTPRequestHead.percentDecoded(head.path)
            )
            _ = HTTPByteRange(field: head["range"], fileByteCount: 100)
        },
    ]

    /// What nodes read from servers, their kernel and their hardware; and what servers read from disks.
    private static let machines: [Parser] = [
        Parser(name: "nbd-client", seeds: [NBDNegotiation.greeting]) { bytes in
            _ = try? NBDClientNegotiation.answer(greeting: bytes, exportName: "debian")
            _ = try? NBDClientNegotiation.export(in: bytes)
            var wire = bytes.span
            _ = try NBDClientNegotiation.ReplyHeader(parsing: &wire)
        },
        Parser(
            name: "http-reply",
            seeds: [
                Array("HTTP/1.1 200 OK\r\nServer: roost\r\nContent-Length: 7\r\n\r\nrestart".utf8),
                Array("HTTP/1.1 403 Forbidden\r\nContent-Length: 18446744073709551615\r\n\r\nno".utf8),
            ]
        ) { bytes in _ = try HTTPReply(parsing: bytes) },
        Parser(
            name: "steps",
            seeds: [
                written([
                    StepWork(
                        name: "a", failure: .stop, attempts: 2, secondLimit: 9,
                        acts: [
                            .shell(text: "echo"), .program(words: ["a", "b"]),
                            .write(path: "/a", mode: 0o644, content: [1]),
                            .link(path: "/a", target: "/b", isRequired: true),
                        ])
                ])
            ]
        ) { bytes in
            var wire = bytes.span
            let steps = try [StepWork](parsing: &wire)
            let again = written(steps)
            var second = again.span
            let repeated = try [StepWork](parsing: &second)
            precondition(repeated == steps, "a step changed by writing")
        },
        Parser(
            name: "step-results",
            seeds: [
                Array(
                    #"[{"name":"a","outcome":"failed","attempts":1,"milliseconds":5,"output":["b"]}]"#.utf8)
            ]
        ) { bytes in
            let told = try JSONDecoder().decode([StepResult].self, from: Data(bytes))
            let kept = PhaseResults(machine: .broadcast, boot: "0", phase: .late, told: told)
            precondition(kept.results.count <= 256, "too much is kept")
        },
        Parser(name: "sealed", seeds: [[UInt8](repeating: 1, count: 200)]) { bytes in
            _ = try NodeKey(bytes: [UInt8](repeating: 7, count: 64))?.open(
                bytes, of: .broadcast, in: "0", from: [UInt8](repeating: 3, count: 32))
        },
        Parser(
            name: "smbios", seeds: [[17, 34] + [UInt8](repeating: 1, count: 32) + Array("a".utf8) + [0, 0]]
        ) {
            bytes in
            _ = SMBIOSTable(parsing: bytes)
        },
        Parser(
            name: "edid", seeds: [[0, 255, 255, 255, 255, 255, 255, 0] + [UInt8](repeating: 0, count: 120)]
        ) {
            bytes in
            var bytes = bytes
            if bytes.count >= 128 { bytes[127] = 0 &- bytes[0..<127].reduce(0, &+) }
            _ = EDID(bytes)
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
            // With a valid checksum the fields can still be anything.
            let payload = Array(bytes.dropFirst(14))
            var record = Array("ROOSTLJ1".utf8)
            record += [
                UInt8(truncatingIfNeeded: payload.count >> 8), UInt8(truncatingIfNeeded: payload.count),
            ]
            let checksum = CRC32.of(payload)
            record += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) } + payload
            _ = LeaseJournal.read(record)
        },
    ]

    private static let ltspMachines = [
        LTSPMachine(macAddress: "02:5b:c1:00:11:0a", address: "192.168.40.10", hostName: "hall-10"),
        LTSPMachine(),
    ]

    private static let ltspSeeds: [[UInt8]] = [
        "[default]\nA = \"b $C ${D:-e} $(f)\"\nLIKE = x # y\ninclude more\n[hall-*]\nLIKE = hall-10\nA = NONE\n[hall-10]\nHOSTS_1 = \"10.0.0.1 a\"\n",
        "A=1\n[clients]\nINCLUDE = lab\nB='x\n[lab|*]\nC=\"$B\"; if x; then D=1; fi\n[02:5b:c1:00:11:0a]\nHOSTNAME=pc\n[init/]\nPOST_INIT_A=`b`\n",
    ].map { Array($0.utf8) }

    /// A file that is refused imports nothing, and what it imports is valid.
    private static func check(_ file: LTSPFile) {
        let result = LTSPImport(file)
        precondition(!result.isRefused || result.isEmpty, "a refused file imports something")
        for rule in result.rules {
            precondition((try? Condition(rule.condition)) != nil, "a rule with a condition that is none")
        }
    }

    /// A file that a server keeps is stored as it is, counts as a whole or not at all, and gives old clients a file that can be read.
    private static func checkKept(_ bytes: [UInt8], _ dialect: LTSPVariableKind.Dialect) throws {
        let kept = KeptFile(
            .site, path: "/a", dialect: dialect, main: "a", ["a": bytes, "more": bytes.reversed()])
        let coder = JSONEncoder()
        coder.userInfo[RecordSettings.revealsSecrets] = true
        let stored = try JSONDecoder().decode(KeptFile.self, from: coder.encode(kept))
        precondition(stored == kept, "a kept file changed in the store")
        let empty = FleetSnapshot(revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
        let isRefused = kept.file.problems.contains(where: \.isError)
        guard let fleet = try? empty.applying([.keptFile(.site, kept)], revision: 2) else { return }
        precondition(!isRefused, "a wrong file counts")
        let reader = VariableReader(
            node: nil, card: MACAddress(rawValue: 1), address: IPv4Address(rawValue: 0x0A00_0001),
            isNodeItself: false)
        // Values near the limits are longer than a line, with what they are quoted by.
        guard let text = fleet.variableFile(dialect, for: reader), text.utf8.count < 32 << 10 else { return }
        let again = KeptFile(.site, path: "/a", dialect: dialect, main: "a", ["a": Array(text.utf8)]).file
        precondition(!again.problems.contains(where: \.isError), "old clients get a file with an error")
    }

    private static let texts: [Parser] = [
        Parser(
            name: "condition",
            seeds: ["memory < 2 GiB and (vendor = \"HP\" or not n[1-40,7] tag~x*)"].map { Array($0.utf8) }
        ) { bytes in
            _ = try Condition(String(decoding: bytes, as: UTF8.self))
        },
        Parser(
            name: "settings",
            seeds: [
                "52:54:00:12:34:56", "10.77.0.0/24", "12345678-1234-5678-1234-56789abcdef0",
                "debian@0123456789ab", "/etc/motd:644", "8G", "server:2G", "zram:50%", "0.5%",
                "volume/pc-1/0",
                "0020-00000000,ff7f-00000100,-",
            ]
            .map { Array($0.utf8) }
        ) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = (
                MACAddress(text), IPv4Address(text), IPv4Network(text), MachineUUID(text),
                ImageReference(text)
            )
            _ = (
                try? ConfiguredFile(reading: text, text), try? NodeName(text), try? GroupPath(text),
                MACPattern(text)
            )
            _ = (Volume.byteCount(text), SwapPlace(text), Rollout.Share(text), VolumeExportName(text))
            _ = (MachineMemory(answer: text), ScreenText(text), PlainText(text), KernelWords([text]))
            for definition in SettingDefinition.all { _ = try? definition.value(fromText: text) }
        },
        Parser(name: "lts-conf", seeds: ltspSeeds) { bytes in
            // What is included is noise as well.
            let conf = LTSConf(bytes) { name in name.utf8.count < 8 ? Array(bytes.reversed()) : nil }
            for machine in ltspMachines {
                _ = conf.variables(of: machine, kernelLine: "ltsp.a=1").inScreen("07")
            }
            check(.lts(conf))
        },
        Parser(name: "ltsp-conf", seeds: ltspSeeds) { bytes in
            let conf = LTSPConf(bytes)
            for machine in ltspMachines { _ = conf.variables(of: machine).inByteOrder("POST_INIT_") }
            check(.ltsp(conf))
        },
        Parser(name: "kept-file", seeds: ltspSeeds) { bytes in
            for dialect in LTSPVariableKind.Dialect.allCases { try checkKept(bytes, dialect) }
        },
    ]
}
