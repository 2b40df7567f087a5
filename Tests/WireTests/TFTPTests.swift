import Testing
import Wire

@Suite struct TFTPPacketTests {
    static let request = TFTPRequest(
        path: "ipxe.efi", options: [.init(name: "tsize", value: "0"), .init(name: "blksize", value: "1468")])

    @Test(arguments: [
        TFTPPacket.read(request), .write(request), .data(block: 7, [1, 2, 3]), .data(block: 8, []),
        .acknowledgement(block: 65_535), .error(TFTPError(.fileNotFound, "no")),
        .optionAcknowledgement(request.options),
    ])
    func `a written packet parses to the same value`(packet: TFTPPacket) throws {
        #expect(try parse(TFTPPacket.self, written(packet)) == packet)
    }

    @Test func `every truncation of a request before its mode begins is refused`() {
        let wire = written(TFTPPacket.read(TFTPRequest(path: "a", mode: "octet")))
        for length in 0...4 {
            #expect(throws: WireError.self) { try parse(TFTPPacket.self, Array(wire[..<length])) }
        }
    }

    @Test func `the last NUL may be missing, whichever string it ends`() throws {
        for packet in [
            TFTPPacket.read(Self.request), .read(TFTPRequest(path: "a")), .error(TFTPError(.undefined, "no")),
            .optionAcknowledgement(Self.request.options),
        ] {
            #expect(try parse(TFTPPacket.self, written(packet).dropLast()) == packet)
        }
    }

    @Test func `padding after a request and an acknowledgement is ignored`() throws {
        let request = TFTPPacket.read(TFTPRequest(path: "a"))
        #expect(try parse(TFTPPacket.self, written(request) + [0, 0, 0]) == request)
        // Up to the size of a block, or with leftover memory.
        #expect(
            try parse(TFTPPacket.self, written(request) + [UInt8](repeating: 0, count: 600)) == request)
        #expect(try parse(TFTPPacket.self, written(request) + bytes("7a 6b 6c")) == request)
        #expect(try parse(TFTPPacket.self, bytes("00 04 00 01 00 00")) == .acknowledgement(block: 1))
    }

    @Test func `a request above 512 bytes is refused`() {
        let request = TFTPPacket.read(TFTPRequest(path: String(repeating: "a", count: 600)))
        #expect(throws: WireError.self) { try parse(TFTPPacket.self, written(request)) }
    }

    @Test(arguments: [
        ("//grubx64.efi", "grubx64.efi"), ("\\Boot\\BCD", "Boot/BCD"), ("/a/./b//c", "a/b/c"),
        ("../etc/shadow", nil),
        ("a/../../b", nil), ("a\nb", nil), ("/boot/../a", "a"), ("", ""),
    ])
    func `paths are normalised`(path: String, canonical: String?) {
        #expect(TFTPPath.canonical(path) == canonical)
    }

    @Test func `the end mark of options after a name is not part of it`() throws {
        let wire: [UInt8] = [0, 1] + Array("undionly.kpxe".utf8) + [0xFF, 0] + Array("octet".utf8) + [0]
        guard case .read(let request) = try parse(TFTPPacket.self, wire) else {
            Issue.record("no request")
            return
        }
        #expect(TFTPPath.canonical(request.path) == "undionly.kpxe")
    }
}

@Suite struct TFTPNegotiationTests {
    private func agree(_ options: [(String, String)], size: Int = 1_000) -> TFTPNegotiation {
        let request = TFTPRequest(
            path: "a", options: options.map { .init(name: $0.0.lowercased(), value: $0.1) })
        return TFTPNegotiation(request, fileByteCount: size, limits: .init())
    }

    @Test func `options are agreed in the order of the request, within our limits`() {
        let agreed = agree([("tsize", "0"), ("windowsize", "100"), ("blksize", "8192"), ("timeout", "3")])
        #expect(
            agreed.acknowledged.map { "\($0.name)=\($0.value)" } == [
                "tsize=1000", "windowsize=64", "blksize=1468", "timeout=3",
            ])
    }

    @Test func `if an option comes twice, the first one counts`() {
        let agreed = agree([
            ("blksize", "1024"), ("BLKSIZE", "512"), ("windowsize", "4"), ("windowsize", "8"),
        ])
        #expect(agreed.acknowledged.map { "\($0.name)=\($0.value)" } == ["blksize=1024", "windowsize=4"])
        #expect(agreed.blockByteCount == 1_024 && agreed.windowBlockCount == 4)
        // Nor does a second one replace an invalid first one.
        #expect(agree([("blksize", "7"), ("blksize", "1024")]).blockByteCount == 512)
    }

    @Test func `only requested options are acknowledged, and the size whatever the client says about it`() {
        #expect(agree([("blksize", "1024")]).acknowledged.map(\.name) == ["blksize"])
        for value in ["0", "", "x"] {
            #expect(agree([("tsize", value)], size: 0).acknowledged == [.init(name: "tsize", value: "0")])
        }
        #expect(agree([("blksize", "65535")]).blockByteCount == 1_468)
    }

    @Test(arguments: [
        ("blksize", "7"), ("blksize", "x"), ("windowsize", "0"), ("timeout", "256"), ("timeout", "255"),
        ("timeout", "31"), ("multicast", ""), ("blksize", ""), ("blksize", "99999999999999999999"),
    ])
    func `unknown or invalid options are left out, not refused`(name: String, value: String) {
        #expect(agree([(name, value)]).acknowledged.isEmpty)
    }
}

@Suite struct TFTPSendTests {
    private func transfer(
        bytes: Int, window: Int = 1, block: Int = 512, options: [TFTPRequest.Option] = []
    ) -> TFTPSend {
        let request = TFTPRequest(path: "a", options: options)
        var agreed = TFTPNegotiation(request, fileByteCount: bytes, limits: .init())
        agreed.blockByteCount = block
        agreed.windowBlockCount = window
        return TFTPSend(fileByteCount: bytes, agreed: agreed)
    }

    @Test func `a file of whole blocks ends with an empty one, and so does an empty file`() {
        #expect(transfer(bytes: 1_024).blockCount == 3)
        #expect(transfer(bytes: 0).blockCount == 1)
        var send = transfer(bytes: 0)
        #expect(send.start(now: 0) == .send(blocks: 1...1))
        #expect(send.handle(.acknowledged(1), now: 1) == .finish)
    }

    @Test func `lock-step goes block by block, and duplicates change nothing`() {
        var send = transfer(bytes: 1_000)
        #expect(send.start(now: 0) == .send(blocks: 1...1))
        #expect(send.handle(.acknowledged(1), now: 1) == .send(blocks: 2...2))
        #expect(send.handle(.acknowledged(1), now: 1) == .wait)
        #expect(send.handle(.acknowledged(1), now: 200) == .wait)
        #expect(send.handle(.acknowledged(2), now: 201) == .finish)
    }

    @Test func `block numbers wrap, and seventy thousand blocks arrive`() {
        var send = transfer(bytes: 70_000 * 8, block: 8)
        var action = send.start(now: 0)
        var count = 0
        while case .send(let blocks) = action {
            count += blocks.count
            action = send.handle(
                .acknowledged(UInt16(truncatingIfNeeded: blocks.upperBound)), now: count)
        }
        #expect(action == .finish)
        #expect(count == 70_001)
    }

    @Test func `after an acknowledgement inside a window, sending resumes after it (RFC 7440)`() {
        var send = transfer(bytes: 512 * 100, window: 16)
        #expect(send.start(now: 0) == .send(blocks: 1...16))
        #expect(send.handle(.acknowledged(10), now: 1) == .send(blocks: 11...26))
        #expect(send.handle(.acknowledged(9), now: 2) == .wait)
        #expect(send.handle(.acknowledged(27), now: 3) == .wait)
        #expect(send.handle(.timeout, now: 1_001) == .send(blocks: 11...26))
    }

    @Test func `a window whose first block is lost is resent at the first sign of that`() {
        var send = transfer(bytes: 512 * 100, window: 16)
        #expect(send.start(now: 0) == .send(blocks: 1...16))
        #expect(send.handle(.acknowledged(16), now: 1) == .send(blocks: 17...32))
        #expect(send.handle(.acknowledged(16), now: 2) == .send(blocks: 17...32))
        // A client that reports it for each block out of order, and for copies of the retransmission.
        for time in 2...30 { #expect(send.handle(.acknowledged(16), now: time) == .wait) }
        #expect(send.handle(.acknowledged(32), now: 31) == .send(blocks: 33...48))
        #expect(send.handle(.acknowledged(32), now: 31) == .wait)
        #expect(send.handle(.acknowledged(48), now: 32) == .send(blocks: 49...64))
        #expect(send.handle(.acknowledged(48), now: 33) == .send(blocks: 49...64))
    }

    @Test func `a repeated request is answered again, but not its copies, and not during the transfer`() {
        var send = transfer(bytes: 5_000, options: [.init(name: "blksize", value: "1024")])
        #expect(send.start(now: 0) == .sendOptions)
        #expect(send.handle(.requestedAgain, now: 3) == .wait)
        #expect(send.handle(.requestedAgain, now: 300) == .sendOptions)
        #expect(!send.isUnderway)
        #expect(send.handle(.acknowledged(0), now: 301) == .send(blocks: 1...1))
        #expect(send.isUnderway)
        #expect(send.handle(.requestedAgain, now: 900) == .wait)
    }

    /// The times at which `send` is due, until it gives up.
    private func silence(_ send: inout TFTPSend) -> [Int] {
        var times: [Int] = []
        repeat { times.append(send.deadline) } while send.handle(.timeout, now: send.deadline) != .giveUp
        return times
    }

    @Test func `silence doubles the time-out, and after half a minute the transfer is given up`() {
        var send = transfer(bytes: 5_000, options: [.init(name: "blksize", value: "1024")])
        #expect(send.start(now: 0) == .sendOptions)
        #expect(silence(&send) == [1_000, 3_000, 7_000, 15_000, 23_000, 31_000])
        // The client answers in between: its time starts again.
        var heard = transfer(bytes: 5_000)
        #expect(heard.start(now: 0) == .send(blocks: 1...1))
        #expect(heard.handle(.timeout, now: 25_000) == .send(blocks: 1...1))
        #expect(heard.handle(.acknowledged(1), now: 25_001) == .send(blocks: 2...2))
        #expect(silence(&heard).last == 55_001)
    }

    @Test func `an agreed time-out is kept, and the client gets six times as long`() {
        var send = transfer(bytes: 5_000, options: [.init(name: "timeout", value: "10")])
        #expect(send.start(now: 0) == .sendOptions)
        #expect(send.handle(.acknowledged(0), now: 5) == .send(blocks: 1...1))
        #expect(send.deadline == 10_005)
        #expect(silence(&send) == [10_005, 20_005, 30_005, 40_005, 50_005, 60_005])
    }

    @Test func `the link's own pace decides when a window is resent`() {
        // A local network.
        var near = transfer(bytes: 512 * 100)
        #expect(near.start(now: 0) == .send(blocks: 1...1))
        #expect(near.handle(.acknowledged(1), now: 1) == .send(blocks: 2...2))
        #expect(near.deadline == 252)
        #expect(near.handle(.timeout, now: 252) == .send(blocks: 2...2))
        #expect(near.deadline == 754)
        // It is unknown which of the two was acknowledged (Karn): it stays slow until one is sent once.
        #expect(near.handle(.acknowledged(2), now: 752) == .send(blocks: 3...3))
        #expect(near.deadline == 1_254)
        #expect(near.handle(.acknowledged(3), now: 753) == .send(blocks: 4...4))
        #expect(near.deadline == 1_004)
        // A window that takes a second and a half.
        var slow = transfer(bytes: 512 * 1_000, window: 64)
        #expect(slow.start(now: 0) == .send(blocks: 1...64))
        #expect(slow.handle(.timeout, now: 1_000) == .send(blocks: 1...64))
        #expect(slow.handle(.acknowledged(64), now: 1_500) == .send(blocks: 65...128))
        #expect(slow.deadline == 3_500)
        #expect(slow.handle(.acknowledged(128), now: 3_000) == .send(blocks: 129...192))
        #expect(slow.deadline > 3_000 + 1_500)
    }
}
