import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Services
import Wire

/// Whole sessions with the real services: one request after the other, in one process and without a network.
enum Conversations {
    static var targets: [Target] {
        [
            Target(name: "dhcp", weight: 4) { try dhcp() }, Target(name: "tftp", weight: 4) { try tftp() },
            Target(name: "http", weight: 4) { try http() }, Target(name: "nbd", weight: 4) { try nbd() },
            Target(name: "logs", weight: 2) { try logs() }, Target(name: "reports", weight: 2) { reports() },
        ]
    }

    // MARK: DHCP

    private static let relays: [IPv4Address] = [0, 0x0A4D_0001, 0x0A4E_0005, 0xFFFF_FFFF, 0x7F00_0001].map {
        IPv4Address(rawValue: $0)
    }

    private static func dhcp() throws -> Series {
        let ground = try Ground()
        let journal = try LeaseJournal("\(ground.directory)/journal")
        let committer = try LeaseCommitter(journal: journal, log: { _ in })
        var links: [DHCPLink] = []
        for (index, text) in ["10.77.0.0/24", "10.78.0.0/30", "0.0.0.0/0"].enumerated() {
            guard let network = IPv4Network(text) else { continue }
            let first = network.hosts.lowerBound
            let subnet = DHCPSubnet(
                network: network, server: first,
                pools: [
                    IPv4Address(rawValue: first.rawValue + 1)...IPv4Address(rawValue: first.rawValue + 2)
                ],
                nameServers: [first], leaseSeconds: index == 0 ? .max : nil, options: [43: [1, 2], 200: []])
            links.append(DHCPLink(interface: index == 0 ? "lo" : nil, subnets: [subnet]))
        }
        let reservations = [
            DHCPReservation(.clientIdentifier([1, 2, 3]), IPv4Address(rawValue: 0x0A4D_0003)),
            DHCPReservation(.macAddress(Ground.waiting), IPv4Address(rawValue: 0x0A4E_0002)),
        ]
        let served = links
        let lo = (try? NetworkInterface.all())?.first { $0.name == "lo" }
        return {
            ground.clear()
            // Each series has its own loop and table.
            let loop = try EventLoop()
            let service = DHCPService(
                links: served, reservations: reservations, leases: [], committer: committer,
                context: ground.context, log: { _ in })
            let ends = try ClientEnd.pair(SOCK_DGRAM)
            // Without permission to receive ARP: relayed requests only.
            var neighbours: FileDescriptor?
            var heard: NetworkInterface?
            if let lo, let socket = try? Socket.arp(interface: lo.index) {
                neighbours = consume socket
                heard = lo
            }
            try service.listen(
                on: FileDescriptor(owning: ends.0), frames: nil, neighbours: neighbours,
                at: DHCPService.Endpoint(interface: heard), loop: loop)
            let kept = Kept(ground, service, loop, FileDescriptor(owning: ends.1))
            return { noise in
                let count = 1 + noise.below(8)
                kept.service.take((0..<count).map { _ in dhcpMessage(&noise) })
                return count
            }
        }
    }

    private final class Kept<Service> {
        let ground: Ground
        let service: Service
        let loop: EventLoop
        let other: FileDescriptor

        init(_ ground: Ground, _ service: Service, _ loop: EventLoop, _ other: consuming FileDescriptor) {
            (self.ground, self.service, self.loop) = (ground, service, loop)
            self.other = other
        }
    }

    private static func dhcpMessage(_ noise: inout Noise) -> [UInt8] {
        let mac = noise.one(of: [
            Ground.node, Ground.waiting, .broadcast, MACAddress(rawValue: noise.number()),
        ])
        var message = DHCPMessage(transaction: noise.number(), from: mac)
        if noise.once(in: 16) { message.operation = .reply }
        message.relay = noise.one(of: relays)
        message.flags = noise.number()
        message.hops = noise.number()
        message.seconds = noise.number()
        if noise.once(in: 2) { message.clientAddress = address(&noise) }
        if noise.once(in: 8) { message.bootFile = noise.text() }
        if !noise.once(in: 12) {
            message.options.set(.messageType, to: DHCPMessageType(rawValue: UInt8(noise.below(10))))
        }
        if noise.once(in: 2) { message.options.set(.requestedAddress, to: address(&noise)) }
        if noise.once(in: 3) { message.options.set(.serverIdentifier, to: noise.one(of: relays)) }
        if noise.once(in: 2) { message.options.set(.hostName, to: noise.text()) }
        if noise.once(in: 2) {
            message.options.set(
                .vendorClass,
                to: noise.one(of: [
                    "PXEClient:Arch:00007:UNDI:003016", "HTTPClient", "PXEClient:Arch:\(noise.digits())",
                    noise.text(),
                ]))
        }
        if noise.once(in: 3) {
            message.options.set(.userClass, to: UserClass([noise.one(of: ["iPXE", noise.text()])]))
        }
        if noise.once(in: 3) {
            message.options.set(.clientArchitecture, to: [ClientArchitecture(rawValue: noise.number())])
        }
        for code: UInt8 in [12, 43, 52, 55, 57, 61, 77, 82, 93, 97, 175] where noise.once(in: 8) {
            message.options[code] = noise.bytes(noise.one(of: [4, 17, 64, 600]))
        }
        if noise.once(in: 4) { message.options[61] = [1, 2, 3] }
        var bytes = Parsers.written(message)
        // Lengths and kinds of hardware without six-byte addresses.
        if noise.once(in: 8), bytes.count > 2 { (bytes[1], bytes[2]) = (noise.number(), noise.number()) }
        return noise.sometimesDamaged(bytes)
    }

    private static func address(_ noise: inout Noise) -> IPv4Address {
        noise.once(in: 3)
            ? IPv4Address(rawValue: noise.number())
            : IPv4Address(rawValue: 0x0A4D_0000 + UInt32(noise.below(6)))
    }

    // MARK: TFTP

    private static let paths = [
        "undionly.kpxe", "/ipxe.efi", "i/\(Ground.digest)/kernel", "i/\(Ground.archive)/node.cpio",
        "node/52-54-00-00-00-01/boot.ipxe", "node/52-54-00-00-00-02/boot.ipxe?memory=0020-00000000,-",
        "grub.cfg", "grub/grub.cfg-01-52-54-00-00-00-01", "grub.cfg-0A4D0005", "health", "i/x/root.squashfs",
    ]

    private static func path(_ noise: inout Noise) -> String {
        noise.once(in: 5) ? noise.text() : noise.one(of: paths)
    }

    private static func tftp() throws -> Series {
        let ground = try Ground()
        let ends = try ClientEnd.pair(SOCK_DGRAM)
        var settings = TFTPService.Settings()
        // It behaves the same with one socket per transfer; this way its packets come here.
        settings.isSinglePort = true
        let service = try TFTPService(
            socket: FileDescriptor(owning: ends.0), loop: ground.loop, context: ground.context,
            settings: settings)
        let kept = Kept(ground, service, ground.loop, FileDescriptor(owning: ends.1))
        let session: Session = { noise in
            kept.ground.enter(&noise)
            let peer = IPv4Address(rawValue: 0x0A4D_0005)
            let port: UInt16 = noise.number()
            let count = 2 + noise.below(12)
            var block = 0
            let first = request(&noise)
            for index in 0..<count {
                // A repeated request is handled differently from the next one.
                let packet = index == 0 || noise.once(in: 8) ? first : tftpPacket(&block, &noise)
                let bytes = noise.sometimesDamaged(Parsers.written(packet))
                kept.service.take(bytes.span, from: peer, port: port, to: Ground.server)
                if noise.once(in: 6) { kept.service.repeatWindows(dueAt: EventLoop.now() + 10_000) }
            }
            let end = Parsers.written(TFTPPacket.error(TFTPError(.undefined, noise.text())))
            kept.service.take(end.span, from: peer, port: port, to: Ground.server)
            // Transfers that no error reached are given up.
            kept.service.repeatWindows(dueAt: EventLoop.now() + 600_000)
            return count + 1
        }
        return {
            ground.clear()
            return session
        }
    }

    private static func request(_ noise: inout Noise) -> TFTPPacket {
        let names = ["blksize", "tsize", "timeout", "windowsize", "BLKSIZE", noise.text()]
        let options = (0..<noise.below(5)).map { _ in
            TFTPRequest.Option(
                name: noise.one(of: names),
                value: noise.one(of: [noise.digits(), "8", "512", "1468", "65464", "64"]))
        }
        let wish = TFTPRequest(
            path: path(&noise), mode: noise.one(of: ["octet", "octet", "netascii", noise.text()]),
            options: options)
        return noise.once(in: 12) ? .write(wish) : .read(wish)
    }

    private static func tftpPacket(_ block: inout Int, _ noise: inout Noise) -> TFTPPacket {
        switch noise.below(12) {
        case 0: return request(&noise)
        case 1: return .data(block: noise.number(), noise.bytes())
        case 2: return .optionAcknowledgement([TFTPRequest.Option(name: noise.text(), value: noise.digits())])
        case 3: return .error(TFTPError(TFTPError.Code(rawValue: noise.number()), noise.text()))
        case 4: return .acknowledgement(block: noise.number())
        default:
            defer { block += noise.one(of: [1, 1, 4, 64]) }
            return .acknowledgement(block: UInt16(truncatingIfNeeded: block))
        }
    }

    // MARK: HTTP

    private static func http() throws -> Series {
        let ground = try Ground()
        // No client connects to it: connections are handed over.
        let ends = try ClientEnd.pair(SOCK_STREAM)
        let service = try HTTPService(
            listener: FileDescriptor(owning: ends.0), loop: ground.loop, context: ground.context,
            log: { _ in })
        let kept = Kept(ground, service, ground.loop, FileDescriptor(owning: ends.1))
        let session: Session = { noise in
            kept.ground.enter(&noise)
            let client = try ClientEnd { kept.service.take($0) }
            let count = 1 + noise.below(6)
            var waiting: [UInt8] = []
            for _ in 0..<count {
                waiting += noise.sometimesDamaged(httpRequest(kept.ground, &noise))
                // Pipelined, or split anywhere.
                if noise.once(in: 2) { continue }
                let cut = noise.once(in: 3) ? noise.below(waiting.count) : waiting.count
                client.say(Array(waiting.prefix(cut)))
                waiting.removeFirst(cut)
            }
            client.say(waiting)
            client.end()
            return count
        }
        return {
            ground.clear()
            return session
        }
    }

    /// A sealed request for a session; mostly of the machine and boot at the other end.
    private static func logIn(_ ground: Ground, _ noise: inout Noise) -> [UInt8] {
        let machine = ground.machine ?? Ground.node
        let boot = ground.boot(&noise)
        guard !noise.once(in: 4), let delivery = ground.context.tracker.progress(of: machine)?.delivery,
            let key = ground.context.settings.secrets.runKey(of: machine, in: boot, sealedTo: delivery.key)
        else { return noise.bytes(120) }
        let id = LogInIdentifier(time: noise.below(5), random: noise.bytes(16))
        return key.seal(
            LogInRequest(
                id: noise.once(in: 8) ? noise.text() : id.text, user: noise.text(), pool: noise.text(),
                protocols: [noise.one(of: ["rdp", noise.text()])], publicKey: noise.text(),
                hasPassword: false,
                takesOver: false), of: machine, in: boot, run: ground.context.logInRun)
    }

    private static func httpRequest(_ ground: Ground, _ noise: inout Noise) -> [UInt8] {
        let machine = noise.one(of: ["52-54-00-00-00-01", "52-54-00-00-00-02", noise.text()])
        let boot = ground.boot(&noise)
        var body: [UInt8] = []
        var method = "POST"
        let target: String
        switch noise.below(12) {
        case 11:
            target = "/node/\(machine)/ticket?boot=\(boot)&run=\(ground.context.logInRun)"
            body = logIn(ground, &noise)
        case 10:
            let phase = noise.one(of: StepPhase.allCases.map(\.rawValue) + [noise.text()])
            target = "/node/\(machine)/steps?boot=\(boot)&phase=\(phase)"
            body = noise.bytes(40)
        case 0:
            let stage = noise.one(of: BootStage.allCases.map(\.rawValue))
            target = "/node/\(machine)/report?boot=\(boot)&stage=\(stage)&age=\(noise.digits())"
            body = Array(noise.text().utf8)
        case 1:
            target = "/node/\(machine)/hardware?boot=\(boot)"
            body = Array(hardware(&noise).utf8)
        case 2:
            target = "/node/\(machine)/sessions?boot=\(boot)"
            body = Array(sessions(&noise).utf8)
        case 3:
            target = "/node/\(machine)/configuration?boot=\(boot)"
            body = noise.once(in: 4) ? NodeKey().publicBytes : noise.bytes(40)
        case 4:
            method = "GET"
            target =
                "/node/\(machine)/register?name=\(noise.one(of: ["pc-9", "%41", noise.text()]))&group=%2f&pin=\(noise.digits())"
        case 5:
            method = "GET"
            target = "/node/\(machine)/orders?boot=\(boot)"
        default:
            method = noise.one(of: ["GET", "GET", "HEAD", "PUT", noise.text()])
            target = "/" + path(&noise)
        }
        let version = noise.once(in: 12) ? "\(noise.below(10)).\(noise.below(10))" : "1.\(noise.below(2))"
        // Sometimes after an empty line, or with an absolute URL.
        let start = noise.once(in: 8) ? "\r\n" : ""
        let host = noise.once(in: 16) ? "http://\(noise.text())" : ""
        var head = "\(start)\(method) \(host)\(target) HTTP/\(version)\r\nHost: roost\r\n"
        if noise.once(in: 3) {
            head +=
                "Range: bytes=\(noise.once(in: 2) ? noise.digits() : "")-\(noise.once(in: 2) ? noise.digits() : "")\r\n"
        }
        if noise.once(in: 8) { head += "If-Range: \(noise.text())\r\nIf-None-Match: *\r\n" }
        if noise.once(in: 8) {
            head +=
                "Connection: \(noise.one(of: ["close", "keep-alive", "Keep-Alive, TE", noise.text()]))\r\n"
        }
        if noise.once(in: 8) { head += "Expect: 100-continue\r\n" }
        if noise.once(in: 24) { head += "Transfer-Encoding: \(noise.one(of: ["chunked", noise.text()]))\r\n" }
        head += "Content-Length: \(noise.once(in: 8) ? noise.digits() : String(body.count))\r\n\r\n"
        return Array(head.utf8) + body
    }

    // MARK: Logs

    private static func logs() throws -> Series {
        let ground = try Ground()
        let ends = try ClientEnd.pair(SOCK_DGRAM)
        let service = try LogReceiver(
            socket: FileDescriptor(owning: ends.0), loop: ground.loop, context: ground.context)
        let kept = Kept(ground, service, ground.loop, FileDescriptor(owning: ends.1))
        let session: Session = { noise in
            kept.ground.enter(&noise)
            let count = 1 + noise.below(16)
            for _ in 0..<count {
                let bytes = noise.sometimesDamaged(Array(logMessage(&noise).utf8))
                kept.service.take(bytes.span, from: .loopback)
            }
            kept.service.nextSecond()
            return count
        }
        return {
            ground.clear()
            return session
        }
    }

    private static func logMessage(_ noise: inout Noise) -> String {
        switch noise.below(4) {
        case 0:
            "<\(noise.digits())>1 2026-10-11T22:14:15.003Z \(noise.text()) su \(noise.digits()) ID47 - \(noise.text())"
        case 1: "<\(noise.below(300))>Oct \(noise.below(40)) 22:14:15 \(noise.text()): \(noise.text())"
        case 2: "\(noise.digits()),\(noise.digits()),\(noise.digits()),-,caller=T1;\(noise.text())"
        default: noise.text()
        }
    }

    // MARK: Reports

    private static func hardware(_ noise: inout Noise) -> String {
        """
        {"vendor":"\(noise.one(of: ["HP", "\\u0000\\u202e", "=1"]))","processorCount":\(noise.digits()),\
        "memoryMebibytes":\(noise.digits()),"isComplete":\(noise.once(in: 2)),"memoryModules":[{"slot":"a",\
        "mebibytes":\(noise.digits()),"kind":"","speed":\(noise.digits()),"maker":"","part":""}],"disks":[{"name":"sda",\
        "model":"","serial":"","mebibytes":\(noise.digits()),"isRotating":false}],"cards":[{"name":"eth0",\
        "macAddress":"","driver":"","speed":\(noise.digits())}],"graphics":["\(noise.below(9))"]}
        """
    }

    private static func sessions(_ noise: inout Noise) -> String {
        let one = (0..<noise.below(4)).map { index in
            """
            {"id":"\(index)","user":"a","kind":"tty","place":"","from":"","isActive":true,"age":\(noise.digits())}
            """
        }
        return "[\(one.joined(separator: ","))]"
    }

    /// What the server makes of the JSON that nodes send.
    private static func reports() -> Series {
        let decoder = JSONDecoder()
        var known: Hardware?
        let session: Session = { noise in
            let told = noise.sometimesDamaged(Array(hardware(&noise).utf8))
            if let new = try? decoder.decode(Hardware.self, from: Data(told)) {
                let hardware = new.completed(by: known)
                if let known {
                    _ = (hardware.differences(from: known), hardware.isAnotherMachine(than: known))
                }
                _ = hardware.facts
                known = hardware
            }
            let people = noise.sometimesDamaged(Array(sessions(&noise).utf8))
            if let new = try? decoder.decode([NodeSessions.TellsSession].self, from: Data(people)) {
                let sessions = NodeSessions(new, boot: "0", at: 1_800_000_000)
                for session in sessions.sessions { _ = 1_800_000_000 - session.startedAt }
                _ = sessions.isFresh(at: 1_800_000_000)
            }
            return 2
        }
        return {
            known = nil
            return session
        }
    }
}
