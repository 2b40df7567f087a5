import Testing
import Wire

@Suite struct NBDNegotiationTests {
    struct OneExport: NBDExportDirectory {
        func export(named name: String) -> NBDExport? {
            ["debian", ""].contains(name)
                ? NBDExport(name: name, byteCount: 4096, flags: [.hasFlags, .readOnly, .sendDontFragment])
                : nil
        }
        var exportNames: [String] { ["debian"] }
    }

    @Test func `our server understands our client's handshake`() throws {
        var negotiation = NBDNegotiation()
        let hello = try NBDClientNegotiation.answer(greeting: NBDNegotiation.greeting, exportName: "debian")
        var wire = hello.span
        var output: [UInt8] = []
        let outcome = negotiation.handle(&wire, exports: OneExport(), output: &output)
        guard case .chosen(let export) = outcome else { Issue.record("\(outcome)"); return }
        #expect(export.byteCount == 4096)
        let left = wire.count
        #expect(left == 0)
        var reply = output.span
        let header = try NBDClientNegotiation.ReplyHeader(parsing: &reply)
        #expect(header.reply == .info)
    }

    // MARK: Other clients

    /// A server's replies, in the order of the options.
    private struct Reply: Equatable {
        var option: UInt32
        var type: NBDOptionReply
        var data: [UInt8] = []
    }

    private struct Conversation {
        var negotiation = NBDNegotiation()
        var output: [UInt8] = []
        var outcome = NBDNegotiation.Outcome.goingOn

        init(flags: UInt32) { say { $0.write(flags) } }

        mutating func say(_ write: (inout [UInt8]) -> Void) {
            var bytes: [UInt8] = []
            write(&bytes)
            var wire = bytes.span
            outcome = negotiation.handle(&wire, exports: OneExport(), output: &output)
        }

        mutating func say(option: UInt32, _ data: [UInt8] = []) {
            say {
                $0.write(NBDProtocol.optionMagic)
                $0.write(option)
                $0.write(UInt32(data.count))
                $0 += data
            }
        }

        /// The replies since the last call.
        mutating func hear() throws -> [Reply] {
            var wire = output.span
            var replies: [Reply] = []
            while !wire.isEmpty {
                let magic: UInt64 = try wire.read()
                #expect(magic == NBDProtocol.optionReplyMagic)
                let option: UInt32 = try wire.read()
                let type = NBDOptionReply(rawValue: try wire.read())
                let count: UInt32 = try wire.read()
                replies.append(Reply(option: option, type: type, data: try wire.read(byteCount: Int(count))))
            }
            output = []
            return replies
        }
    }

    private static func request(_ name: String, _ kinds: [UInt16] = []) -> [UInt8] {
        var data: [UInt8] = []
        data.write(UInt32(name.utf8.count))
        data.write(name)
        data.write(UInt16(kinds.count))
        for kind in kinds { data.write(kind) }
        return data
    }

    private static func isClosed(_ outcome: NBDNegotiation.Outcome) -> Bool {
        if case .closed = outcome { true } else { false }
    }

    @Test(arguments: [(0, 124), (1, 124), (2, 0), (3, 0)] as [(UInt32, Int)])
    func `a minimal client chooses by name, and gets zeroes unless it declined them`(
        flags: UInt32, zeroes: Int
    ) {
        for name in ["debian", ""] {
            var client = Conversation(flags: flags)
            client.say(option: 1, Array(name.utf8))
            guard case .chosen = client.outcome else { Issue.record("\(client.outcome)"); return }
            // Size and flags; without structured replies DF does not apply.
            #expect(
                client.output == bytes("00 00 00 00 00 00 10 00 00 03") + [UInt8](repeating: 0, count: zeroes)
            )
        }
    }

    @Test(arguments: [4, 8, 0x8000_0000, 0xFFFF_FFFF] as [UInt32])
    func `a client with flags that were not offered is disconnected`(flags: UInt32) {
        #expect(Self.isClosed(Conversation(flags: flags).outcome))
    }

    @Test func `unknown options are refused one by one, and the export is given all the same`()
        throws
    {
        for flags: UInt32 in [0, 3] {
            var client = Conversation(flags: flags)
            for option: UInt32 in [4, 9, 10, 11, 0x0765_4321, .max] {
                client.say(option: option, [1, 2, 3, 4])
                #expect(try client.hear() == [Reply(option: option, type: .unsupported)])
            }
            client.say(option: 5)
            #expect(try client.hear().map(\.type) == [.policy])
            client.say(option: 7, Self.request("debian"))
            #expect(try client.hear().map(\.type) == [.info, .acknowledged])
            guard case .chosen = client.outcome else { Issue.record("\(client.outcome)"); return }
        }
    }

    @Test func `an export that vanished since it was looked up is refused before anything is said of it`()
        throws
    {
        struct Vanishing: NBDExportDirectory {
            func export(named name: String) -> NBDExport? { OneExport().export(named: name) }
            func begin(_ export: NBDExport) -> String? { "\(export.name) vanished" }
            var exportNames: [String] { ["debian"] }
        }
        func answer(_ option: UInt32, _ data: [UInt8]) -> (NBDNegotiation, NBDNegotiation.Outcome, [UInt8]) {
            var negotiation = NBDNegotiation()
            var words: [UInt8] = []
            words.write(3 as UInt32)
            words.write(NBDProtocol.optionMagic)
            words.write(option)
            words.write(UInt32(data.count))
            words += data
            var (wire, output) = (words.span, [UInt8]())
            let outcome = negotiation.handle(&wire, exports: Vanishing(), output: &output)
            return (negotiation, outcome, output)
        }
        var (negotiation, outcome, output) = answer(7, Self.request("debian"))
        #expect(outcome == .goingOn)
        #expect(negotiation.takeRefusal() == "debian vanished")
        // One reply, and it is the error.
        #expect(Array(output[8..<16]) == [0, 0, 0, 7, 0x80, 0, 0, 6])
        #expect(output.count == 20 + Int(output[19]))
        (_, outcome, output) = answer(1, Array("debian".utf8))
        #expect(outcome == .closed(mistake: "debian vanished") && output.isEmpty)
        // Information is none of the transmission.
        (_, outcome, output) = answer(6, Self.request("debian"))
        #expect(outcome == .goingOn && Array(output.suffix(8)) == [0, 0, 0, 1, 0, 0, 0, 0])
    }

    @Test func `many requests for the list of exports get it a few times`() {
        struct ManyExports: NBDExportDirectory {
            func export(named name: String) -> NBDExport? { nil }
            var exportNames: [String] { (0..<2_000).map { "image-\($0)@stable" } }
        }
        var negotiation = NBDNegotiation()
        var (bytes, output): ([UInt8], [UInt8]) = ([], [])
        bytes.write(3 as UInt32)
        for _ in 0..<NBDProtocol.optionCountLimit {
            bytes.write(NBDProtocol.optionMagic)
            bytes.write(NBDOption.list.rawValue)
            bytes.write(0 as UInt32)
        }
        var wire = bytes.span
        let outcome = negotiation.handle(&wire, exports: ManyExports(), output: &output)
        #expect(outcome == .goingOn && output.count < 4 * NBDProtocol.listByteLimit, "\(output.count)")
        let message = Array("the exports were listed before".utf8)
        let type = output.dropLast(message.count + 4).suffix(4)
        #expect(output.suffix(message.count).elementsEqual(message))
        #expect(type.elementsEqual([0x80, 0, 0, 9]))
    }

    @Test func `an end that the client asks for is no mistake, an export that does not exist is one`() throws
    {
        var client = Conversation(flags: 3)
        client.say(option: 6, Self.request("nosuch"))
        #expect(client.negotiation.takeRefusal() == nil)
        client.say(option: 7, Self.request("nosuch"))
        #expect(client.negotiation.takeRefusal() == "no export ‘nosuch’")
        #expect(client.negotiation.takeRefusal() == nil)
        client.say(option: 2)
        #expect(client.outcome == .closed(mistake: nil))
        client = Conversation(flags: 3)
        client.say(option: 1, Array("nosuch".utf8))
        #expect(client.outcome == .closed(mistake: "no export ‘nosuch’"))
    }

    @Test func `LIST, STRUCTURED_REPLY and STARTTLS have no data; ABORT may have some`() throws {
        var client = Conversation(flags: 3)
        for option: UInt32 in [3, 5, 8] {
            client.say(option: option, [0])
            #expect(try client.hear().map(\.type) == [.invalid])
        }
        #expect(!client.negotiation.usesStructuredReplies)
        client.say(option: 3)
        #expect(
            try client.hear() == [
                Reply(option: 3, type: .server, data: bytes("00 00 00 06") + Array("debian".utf8)),
                Reply(option: 3, type: .acknowledged),
            ])
        client.say(option: 2, [1, 2, 3])
        #expect(try client.hear() == [Reply(option: 2, type: .acknowledged)])
        #expect(Self.isClosed(client.outcome))
    }

    @Test func `DF is offered with structured replies, and only then`() throws {
        var client = Conversation(flags: 3)
        for (isStructured, flags) in [(false, "00 03"), (true, "00 83")] {
            if isStructured {
                client.say(option: 8)
                #expect(try client.hear() == [Reply(option: 8, type: .acknowledged)])
            }
            client.say(option: 6, Self.request("debian"))
            #expect(
                try client.hear().first
                    == Reply(
                        option: 6, type: .info, data: bytes("00 00 00 00 00 00 00 00 10 00") + bytes(flags)))
        }
        client.say(option: 1, Array("debian".utf8))
        #expect(client.output == bytes("00 00 00 00 00 00 10 00 00 83"))
    }

    @Test func `INFO and GO give known information that was asked for, or say what is wrong`() throws {
        var client = Conversation(flags: 3)
        client.say(option: 6, Self.request("debian", [3, 1, 2, 99]))
        let kinds = try client.hear().filter { $0.type == .info }.map { $0.data[1] }
        #expect(kinds == [0, 3, 1, 2])
        client.say(option: 6, Self.request("nothing"))
        let refusal = try client.hear()
        #expect(refusal.map(\.type) == [.unknown])
        #expect(String(decoding: refusal.first?.data ?? [], as: UTF8.self) == "no export ‘nothing’")
        // Inconsistent lengths: a name that is too long, a missing count, bytes after the last item.
        for data in [bytes("00 00 00 09 61"), bytes("00 00 00 00 00 01"), Self.request("debian") + [0], []] {
            client.say(option: 7, data)
            #expect(try client.hear().map(\.type) == [.invalid])
            #expect(client.outcome == .goingOn)
        }
        client.say(option: 7, Self.request("nothing"))
        #expect(try client.hear().map(\.type) == [.unknown])
        client.say(option: 7, Self.request("debian"))
        guard case .chosen = client.outcome else { Issue.record("\(client.outcome)"); return }
    }

    @Test func `an option that is too long is refused and skipped, in whatever pieces it arrives`() throws {
        var client = Conversation(flags: 3)
        client.say {
            $0.write(NBDProtocol.optionMagic)
            $0.write(UInt32(10))
            $0.write(UInt32(100_000))
            $0 += [UInt8](repeating: 0x49, count: 10_000)
        }
        #expect(try client.hear().map(\.type) == [.tooBig])
        client.say { $0 += [UInt8](repeating: 0x49, count: 89_999) }
        client.say {
            $0.append(0x49)
            $0.write(NBDProtocol.optionMagic)
            $0.write(UInt32(7))
            let data = Self.request("debian")
            $0.write(UInt32(data.count))
            $0 += data
        }
        #expect(try client.hear().map(\.type) == [.info, .acknowledged])
        guard case .chosen = client.outcome else { Issue.record("\(client.outcome)"); return }
    }

    @Test func `a request that cannot be answered ends the connection`() {
        var unknown = Conversation(flags: 0)
        unknown.say(option: 1, Array("nothing".utf8))
        #expect(Self.isClosed(unknown.outcome) && unknown.output.isEmpty)
        var wrong = Conversation(flags: 3)
        wrong.say { $0 += [UInt8](repeating: 0, count: 16) }
        #expect(Self.isClosed(wrong.outcome))
        var long = Conversation(flags: 3)
        long.say {
            $0.write(NBDProtocol.optionMagic)
            $0.write(UInt32(7))
            $0.write(UInt32.max)
        }
        #expect(Self.isClosed(long.outcome))
        var many = Conversation(flags: 3)
        for _ in 0...NBDProtocol.optionCountLimit { many.say(option: 3) }
        #expect(Self.isClosed(many.outcome))
    }

    @Test func `a handshake in single bytes is the same as in one piece`() throws {
        var whole = Conversation(flags: 3)
        var pieces = Conversation(flags: 3)
        var words: [UInt8] = []
        for (option, data) in [(8, []), (3, []), (99, [1, 2]), (7, Self.request("debian", [3]))]
            as [(UInt32, [UInt8])]
        {
            words.write(NBDProtocol.optionMagic)
            words.write(option)
            words.write(UInt32(data.count))
            words += data
        }
        whole.say { $0 = words }
        // Bytes that are not taken are passed again with the next byte, as the service does.
        var kept: [UInt8] = []
        for byte in words {
            kept.append(byte)
            var wire = kept.span
            pieces.outcome = pieces.negotiation.handle(&wire, exports: OneExport(), output: &pieces.output)
            kept = [UInt8](copying: wire)
        }
        #expect(pieces.output == whole.output && pieces.outcome == whole.outcome)
    }

    @Test(
        arguments: [
            (0, 0, 0..<0), (0, 4_096, 0..<4_096), (4_095, 1, 4_095..<4_096), (4_096, 0, 4_096..<4_096),
            (4_096, 1, nil),
            (0, 4_097, nil), (1 << 63, 1, nil), (1 << 63, 0, nil), (UInt64.max, UInt32.max, nil),
            (UInt64.max, 1, nil),
            (1 << 63 - 1, UInt32.max, nil), (1, UInt32.max, nil),
        ] as [(UInt64, UInt32, Range<Int>?)])
    func `a requested range lies inside the export or is refused`(
        offset: UInt64, byteCount: UInt32, expected: Range<Int>?
    ) {
        let request = NBDRequest(.read, cookie: 0, offset: offset, byteCount: byteCount)
        #expect(request.range(inExportOf: 4_096) == expected)
        #expect(request.range(inExportOf: 0) == (offset == 0 && byteCount == 0 ? 0..<0 : nil))
    }
}
