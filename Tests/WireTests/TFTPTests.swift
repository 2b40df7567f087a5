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
    func `what is written is read alike`(packet: TFTPPacket) throws {
        #expect(try parse(TFTPPacket.self, written(packet)) == packet)
    }

    @Test func `every truncation of a request before its mode ends is refused`() {
        let wire = written(TFTPPacket.read(TFTPRequest(path: "a", mode: "octet")))
        for length in 0..<wire.count {
            #expect(throws: WireError.self) { try parse(TFTPPacket.self, Array(wire[..<length])) }
        }
    }

    @Test func `padding behind a request and an acknowledgement is passed over`() throws {
        let request = TFTPPacket.read(TFTPRequest(path: "a"))
        #expect(try parse(TFTPPacket.self, written(request) + [0, 0, 0]) == request)
        #expect(try parse(TFTPPacket.self, bytes("00 04 00 01 00 00")) == .acknowledgement(block: 1))
    }

    @Test func `a request above 512 bytes is refused`() {
        let request = TFTPPacket.read(TFTPRequest(path: String(repeating: "a", count: 600)))
        #expect(throws: WireError.self) { try parse(TFTPPacket.self, written(request)) }
    }

    @Test(arguments: [
        ("//grubx64.efi", "grubx64.efi"), ("\\Boot\\BCD", "Boot/BCD"), ("/a/./b//c", "a/b/c"),
        ("../etc/shadow", nil),
        ("a/../../b", nil), ("a\nb", nil),
    ])
    func `paths become one form`(path: String, canonical: String?) {
        #expect(TFTPPath.canonical(path) == canonical)
    }
}

@Suite struct TFTPNegotiationTests {
    private func agree(_ options: [(String, String)], size: Int = 1_000) -> TFTPNegotiation {
        let request = TFTPRequest(path: "a", options: options.map { .init(name: $0.0, value: $0.1) })
        return TFTPNegotiation(request, fileByteCount: size, limits: .init())
    }

    @Test func `options are agreed in the order of the request, within our limits`() {
        let agreed = agree([("tsize", "0"), ("windowsize", "100"), ("blksize", "8192"), ("timeout", "3")])
        #expect(
            agreed.acknowledged.map { "\($0.name)=\($0.value)" } == [
                "tsize=1000", "windowsize=64", "blksize=1468", "timeout=3",
            ])
    }

    @Test(arguments: [
        ("blksize", "7"), ("blksize", "x"), ("windowsize", "0"), ("timeout", "256"), ("timeout", "255"),
        ("timeout", "31"), ("multicast", ""),
    ])
    func `what is unknown or out of range is left out, not refused`(name: String, value: String) {
        #expect(agree([(name, value)]).acknowledged.isEmpty)
    }
}

@Suite struct TFTPSendTests {
    private func transfer(bytes: Int, window: Int = 1, block: Int = 512) -> TFTPSend {
        var agreed = TFTPNegotiation(TFTPRequest(path: "a"), fileByteCount: bytes, limits: .init())
        agreed.blockByteCount = block
        agreed.windowBlockCount = window
        return TFTPSend(fileByteCount: bytes, agreed: agreed)
    }

    @Test func `a file of whole blocks ends with an empty one`() {
        #expect(transfer(bytes: 1_024).blockCount == 3)
        #expect(transfer(bytes: 0).blockCount == 1)
    }

    @Test func `lock-step goes block by block, and duplicates change nothing`() {
        var send = transfer(bytes: 1_000)
        #expect(send.start() == .send(blocks: 1...1))
        #expect(send.handle(.acknowledged(1)) == .send(blocks: 2...2))
        #expect(send.handle(.acknowledged(1)) == .wait)
        #expect(send.handle(.acknowledged(2)) == .finish)
    }

    @Test func `block numbers wrap, seventy thousand blocks arrive`() {
        var send = transfer(bytes: 70_000 * 8, block: 8)
        var action = send.start()
        var count = 0
        while case .send(let blocks) = action {
            count += blocks.count
            action = send.handle(.acknowledged(UInt16(truncatingIfNeeded: blocks.upperBound)))
        }
        #expect(action == .finish)
        #expect(count == 70_001)
    }

    @Test func `an acknowledgement inside a window goes on behind it (RFC 7440)`() {
        var send = transfer(bytes: 512 * 100, window: 16)
        #expect(send.start() == .send(blocks: 1...16))
        #expect(send.handle(.acknowledged(10)) == .send(blocks: 11...26))
        #expect(send.handle(.acknowledged(9)) == .wait)
        #expect(send.handle(.acknowledged(27)) == .wait)
        #expect(send.handle(.timeout) == .send(blocks: 11...26))
    }

    @Test func `after the options comes the first window, and silence ends in giving up`() {
        let request = TFTPRequest(path: "a", options: [.init(name: "blksize", value: "1024")])
        let agreed = TFTPNegotiation(request, fileByteCount: 5_000, limits: .init())
        var send = TFTPSend(fileByteCount: 5_000, agreed: agreed, attemptLimit: 3)
        #expect(send.start() == .sendOptions)
        #expect(send.handle(.timeout) == .sendOptions)
        #expect(send.handle(.acknowledged(0)) == .send(blocks: 1...1))
        #expect(send.handle(.timeout) == .send(blocks: 1...1))
        #expect(send.handle(.timeout) == .send(blocks: 1...1))
        #expect(send.handle(.timeout) == .giveUp)
    }
}
