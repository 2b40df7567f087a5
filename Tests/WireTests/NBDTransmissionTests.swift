import Testing
import Wire

/// The transmission phase without a socket: bytes in, steps and headers out.
@Suite struct NBDTransmissionTests {
    private static let exportByteCount = 1 << 20
    private static let image: NBDExportFlags = [
        .hasFlags, .readOnly, .sendFlush, .sendDontFragment, .canMultiConnect, .sendCache,
    ]
    private static let disk: NBDExportFlags = [
        .hasFlags, .sendFlush, .sendForceUnitAccess, .sendTrim, .sendWriteZeroes, .canMultiConnect,
    ]
    private static let limit = UInt32(NBDProtocol.readByteLimit)

    /// The machine with an owner that answers at once and takes written data as it arrives.
    private struct Server {
        var transmission: NBDTransmission
        var steps: [NBDTransmission.Step] = []
        var data: [UInt8] = []
        /// The headers of all replies.
        var output: [UInt8] = []
        var answersAtOnce = true
        private var kept: [UInt8] = []
        private var write: NBDRequest?

        init(_ flags: NBDExportFlags, isStructured: Bool = false) {
            transmission = NBDTransmission(
                exportByteCount: NBDTransmissionTests.exportByteCount, flags: flags,
                usesStructuredReplies: isStructured)
        }

        /// Takes more bytes, and keeps those that are not parsed yet.
        mutating func hear(_ bytes: [UInt8]) {
            kept += bytes
            while takeData() {
                let heard = kept
                var input = heard.span
                let step = transmission.next(&input)
                kept = [UInt8](copying: input)
                switch step {
                case .needsMore: return
                case .write(let request, _): write = request
                case .ended: return steps.append(step)
                case .read(let request, let range) where answersAtOnce:
                    reply(request, dataByteCount: range.count)
                case .refuse(let request, let error) where answersAtOnce: reply(request, error)
                case .clear(let request, _) where answersAtOnce: reply(request)
                case .prefetch(let request, _) where answersAtOnce: reply(request)
                case .flush(let request) where answersAtOnce: reply(request)
                default: break
                }
                steps.append(step)
            }
        }

        /// Whether no data is expected.
        private mutating func takeData() -> Bool {
            guard let request = write else { return true }
            let count = min(kept.count, transmission.remainingDataByteCount)
            data += kept.prefix(count)
            kept.removeFirst(count)
            transmission.tookData(count)
            guard transmission.remainingDataByteCount == 0 else { return false }
            write = nil
            if answersAtOnce { reply(request) }
            return true
        }

        mutating func reply(
            _ request: NBDRequest, _ error: NBDError = .none, dataByteCount: Int = 0
        ) {
            var header = [UInt8](repeating: 0xEE, count: NBDTransmission.replyHeaderByteLimit)
            var count = 0
            do {
                var span = header.mutableSpan
                var bytes = unsafe span.mutableBytes
                count = transmission.reply(
                    to: request, error, dataByteCount: dataByteCount, into: &bytes)
            }
            output += header.prefix(count)
        }
    }

    private static func request(
        _ command: NBDCommand, offset: UInt64 = 0, byteCount: UInt32 = 512, flags: UInt16 = 0,
        cookie: UInt64 = 7
    ) -> NBDRequest {
        NBDRequest(command, cookie: cookie, offset: offset, byteCount: byteCount, flags: flags)
    }

    /// Data that looks like a request.
    private static let hostileData = written(request(.disconnect)) + [UInt8](repeating: 0x25, count: 484)

    private static func answer(
        _ request: NBDRequest, of flags: NBDExportFlags, isStructured: Bool = false
    ) -> NBDTransmission.Step {
        var transmission = NBDTransmission(
            exportByteCount: exportByteCount, flags: flags, usesStructuredReplies: isStructured)
        let bytes = written(request)
        var input = bytes.span
        return transmission.next(&input)
    }

    // MARK: Accepted and refused requests

    @Test func `an image is read, and everything that would change it is refused`() {
        let image = Self.image
        let range = 4_096..<4_608
        func request(_ command: NBDCommand) -> NBDRequest { Self.request(command, offset: 4_096) }
        #expect(Self.answer(request(.read), of: image) == .read(request(.read), range))
        #expect(Self.answer(request(.cache), of: image) == .prefetch(request(.cache), range))
        #expect(Self.answer(request(.flush), of: image) == .flush(request(.flush)))
        for command: NBDCommand in [.write, .trim, .writeZeroes] {
            #expect(Self.answer(request(command), of: image) == .refuse(request(command), .notPermitted))
        }
    }

    @Test func `a disk accepts every command that it offers`() {
        let disk = Self.disk
        let range = 4_096..<4_608
        for flags: UInt16 in [0, NBDRequest.forceUnitAccess] {
            func request(_ command: NBDCommand) -> NBDRequest {
                Self.request(command, offset: 4_096, flags: flags)
            }
            #expect(Self.answer(request(.read), of: disk) == .read(request(.read), range))
            #expect(Self.answer(request(.write), of: disk) == .write(request(.write), range))
            #expect(Self.answer(request(.trim), of: disk) == .clear(request(.trim), range))
            #expect(Self.answer(request(.writeZeroes), of: disk) == .clear(request(.writeZeroes), range))
            #expect(Self.answer(request(.flush), of: disk) == .flush(request(.flush)))
            #expect(Self.answer(request(.cache), of: disk) == .refuse(request(.cache), .invalid))
            #expect(request(.write).forcesUnitAccess == (flags != 0))
        }
        let keeping = Self.request(.writeZeroes, flags: NBDRequest.noHole)
        #expect(Self.answer(keeping, of: disk) == .clear(keeping, 0..<512))
        #expect(keeping.keepsRoom && !Self.request(.trim, flags: NBDRequest.noHole).keepsRoom)
    }

    @Test(
        arguments: [
            (.read, NBDRequest.forceUnitAccess), (.read, NBDRequest.doNotFragment), (.read, 1 << 8),
            (.flush, 1), (.cache, 1), (.blockStatus, 0), (.blockStatus, 8), (NBDCommand(rawValue: 99), 0),
            (NBDCommand(rawValue: .max), .max),
        ] as [(NBDCommand, UInt16)])
    func `a flag that an image does not offer is an error of its request`(command: NBDCommand, flags: UInt16)
    {
        let request = Self.request(command, flags: flags)
        #expect(Self.answer(request, of: Self.image) == .refuse(request, .invalid))
    }

    @Test(
        arguments: [
            (.read, NBDRequest.noHole), (.read, NBDRequest.doNotFragment), (.write, NBDRequest.noHole),
            (.trim, NBDRequest.noHole), (.writeZeroes, 1 << 4), (.flush, 1 << 15), (.cache, 0),
            (.blockStatus, 0),
            (NBDCommand(rawValue: 8), 0),
        ] as [(NBDCommand, UInt16)])
    func `a flag that a disk does not offer is an error of its request`(command: NBDCommand, flags: UInt16) {
        let request = Self.request(command, flags: flags)
        #expect(Self.answer(request, of: Self.disk) == .refuse(request, .invalid))
    }

    @Test func `DF is accepted with structured replies, and only then`() {
        let request = Self.request(.read, flags: NBDRequest.doNotFragment)
        #expect(Self.answer(request, of: Self.image) == .refuse(request, .invalid))
        #expect(Self.answer(request, of: Self.image, isStructured: true) == .read(request, 0..<512))
        #expect(Self.answer(request, of: Self.disk, isStructured: true) == .refuse(request, .invalid))
    }

    @Test func `an export without flags can only be read`() {
        for command: NBDCommand in [.flush, .trim, .writeZeroes, .cache] {
            let request = Self.request(command)
            #expect(Self.answer(request, of: [.hasFlags]) == .refuse(request, .invalid))
        }
        #expect(Self.answer(Self.request(.read), of: [.hasFlags]) == .read(Self.request(.read), 0..<512))
    }

    // MARK: Lengths

    @Test func `lengths at their limits`() {
        let end = UInt64(Self.exportByteCount)
        for (offset, byteCount) in [
            (end, 1), (end - 1, 2), (0, 0), (0, .max), (1 << 63, 1), (.max, .max), (0, Self.limit + 1),
        ] as [(UInt64, UInt32)] {
            let read = Self.request(.read, offset: offset, byteCount: byteCount)
            #expect(Self.answer(read, of: Self.disk) == .refuse(read, .invalid), "\(offset) \(byteCount)")
        }
        for (offset, byteCount) in [(end, 1), (1 << 63, 1), (.max, Self.limit)] as [(UInt64, UInt32)] {
            let write = Self.request(.write, offset: offset, byteCount: byteCount)
            #expect(Self.answer(write, of: Self.disk) == .refuse(write, .noSpace))
            let zeroes = Self.request(.writeZeroes, offset: offset, byteCount: byteCount)
            #expect(Self.answer(zeroes, of: Self.disk) == .refuse(zeroes, .invalid))
        }
        let nothing = Self.request(.write, offset: end, byteCount: 0)
        #expect(Self.answer(nothing, of: Self.disk) == .write(nothing, Int(end)..<Int(end)))
        // An export larger than a single read.
        var large = NBDTransmission(exportByteCount: .max, flags: Self.image, usesStructuredReplies: true)
        let longest = Self.request(.read, offset: 1 << 40, byteCount: Self.limit)
        let bytes = written(longest) + written(Self.request(.read, byteCount: Self.limit + 1))
        var input = bytes.span
        let first = large.next(&input)
        #expect(first == .read(longest, 1 << 40..<1 << 40 + Int(Self.limit)))
        let second = large.next(&input)
        #expect(second == .refuse(Self.request(.read, byteCount: Self.limit + 1), .invalid))
    }

    @Test(arguments: [false, true])
    func `a write with more data than we skip gets its error, and is the last request`(
        isDisk: Bool
    ) {
        var server = Server(isDisk ? Self.disk : Self.image)
        let write = Self.request(.write, byteCount: Self.limit + 1)
        server.hear(written(write) + written(Self.request(.read)))
        server.hear(written(Self.request(.read)))
        let ending = NBDTransmission.Ending.tooLongWrite(byteCount: Self.limit + 1)
        #expect(server.steps == [.refuse(write, .invalid), .ended(ending), .ended(ending)])
        #expect(server.output.count == 16)
        #expect(ending.mistake == "a write of 33554433 bytes")
    }

    // MARK: In pieces

    /// Everything in one go, and the result.
    private static func pipeline(_ flags: NBDExportFlags) -> (bytes: [UInt8], whole: Server) {
        let requests: [(NBDRequest, [UInt8])] = [
            (request(.read, cookie: 1), []), (request(.write, offset: 512, cookie: 2), hostileData),
            (request(.flush, cookie: 3), []), (request(NBDCommand(rawValue: 77), cookie: 4), []),
            (request(.write, offset: .max, cookie: 5), hostileData),
            (request(.write, flags: 1 << 9, cookie: 6), hostileData),
            (request(.write, byteCount: 0, cookie: 7), []), (request(.writeZeroes, cookie: 8), []),
            (request(.read, offset: 512, byteCount: 3, cookie: 9), []), (request(.disconnect), []),
            (request(.read, cookie: 10), []),
        ]
        let bytes = requests.flatMap { written($0.0) + $0.1 }
        var whole = Server(flags, isStructured: true)
        whole.hear(bytes)
        return (bytes, whole)
    }

    @Test func `requests and data are told apart`() {
        let image = Self.pipeline(Self.image).whole
        #expect(image.steps.count == 10 && image.steps.last == .ended(.disconnect))
        #expect(image.data.isEmpty)
        let disk = Self.pipeline(Self.disk).whole
        #expect(disk.steps.count == 10 && disk.steps.last == .ended(.disconnect))
        #expect(disk.data == Self.hostileData)
        #expect(disk.transmission.unansweredCount == 0 && disk.transmission.remainingDataByteCount == 0)
    }

    @Test(arguments: [false, true])
    func `the result is the same wherever a stream is split`(isDisk: Bool) {
        let (bytes, whole) = Self.pipeline(isDisk ? Self.disk : Self.image)
        for cut in 0...bytes.count {
            var server = Server(isDisk ? Self.disk : Self.image, isStructured: true)
            server.hear(Array(bytes[..<cut]))
            if server.steps.last != .ended(.disconnect) { server.hear(Array(bytes[cut...])) }
            #expect(server.steps == whole.steps, "\(cut)")
            #expect(server.data == whole.data && server.output == whole.output, "\(cut)")
        }
        var single = Server(isDisk ? Self.disk : Self.image, isStructured: true)
        for byte in bytes where single.steps.last != .ended(.disconnect) { single.hear([byte]) }
        #expect(single.steps == whole.steps)
        #expect(single.data == whole.data && single.output == whole.output)
    }

    @Test func `an owner that reads as much as needed never reads too much`() {
        let (bytes, whole) = Self.pipeline(Self.image)
        var server = Server(Self.image, isStructured: true)
        var position = 0
        while server.steps.last != .ended(.disconnect), position < bytes.count {
            let wanted = server.transmission.wantedByteCount
            #expect(wanted > 0 && position + wanted <= bytes.count)
            server.hear(Array(bytes[position..<min(bytes.count, position + wanted)]))
            position += wanted
        }
        #expect(server.steps == whole.steps)
        // The request after DISC is not read.
        #expect(position == bytes.count - NBDProtocol.requestByteCount)
    }

    @Test func `data that is not taken is skipped`() {
        var transmission = NBDTransmission(
            exportByteCount: Self.exportByteCount, flags: Self.disk, usesStructuredReplies: false)
        let bytes = written(Self.request(.write)) + Self.hostileData + written(Self.request(.read))
        var input = bytes.span
        let write = transmission.next(&input)
        #expect(write == .write(Self.request(.write), 0..<512))
        // The disk was full after half of them.
        input = input.extracting(droppingFirst: 200)
        transmission.tookData(200)
        let read = transmission.next(&input)
        #expect(read == .read(Self.request(.read), 0..<512))
        let left = input.count
        #expect(left == 0)
    }

    // MARK: The end

    @Test func `requests before DISC are answered before the end`() {
        var server = Server(Self.image)
        server.answersAtOnce = false
        let requests = (0..<3).map { Self.request(.read, cookie: $0) }
        server.hear(requests.flatMap(written) + written(Self.request(.disconnect)))
        #expect(server.steps == requests.map { .read($0, 0..<512) })
        for (request, left) in zip(requests.reversed(), [2, 1, 0]) {
            server.reply(request, dataByteCount: 512)
            #expect(server.transmission.unansweredCount == left)
            server.hear(written(Self.request(.read)))
        }
        // Nothing after it is taken.
        #expect(server.steps.dropFirst(3).elementsEqual([.ended(.disconnect)]))
    }

    @Test func `a request without its magic ends the session, and earlier ones are answered`() {
        for cut in 0..<NBDProtocol.requestByteCount {
            var server = Server(Self.image)
            server.hear(written(Self.request(.read)) + [UInt8](repeating: 1, count: cut))
            #expect(server.steps == [.read(Self.request(.read), 0..<512)])
            server.hear([UInt8](repeating: 1, count: NBDProtocol.requestByteCount - cut))
            #expect(server.steps.last == .ended(.requestWithoutMagic))
            #expect(server.output.count == 16)
        }
        #expect(NBDTransmission.Ending.requestWithoutMagic.mistake != nil)
        #expect(NBDTransmission.Ending.disconnect.mistake == nil)
    }

    // MARK: Replies

    @Test func `replies are simple or structured, and in any order`() {
        for isStructured in [false, true] {
            var server = Server(Self.image, isStructured: isStructured)
            server.answersAtOnce = false
            let first = Self.request(.read, offset: 0x1234, byteCount: 3, cookie: 0x0102_0304_0506_0708)
            let second = Self.request(.flush, cookie: .max)
            let third = Self.request(.write, byteCount: 0, cookie: 0)
            server.hear([first, second, third].flatMap(written))
            server.reply(third, .notPermitted)
            server.reply(first, dataByteCount: 3)
            server.reply(second)
            let expected =
                isStructured
                ? """
                66 8E 33 EF 00 01 80 01 00 00 00 00 00 00 00 00 00 00 00 06 00 00 00 01 00 00
                66 8E 33 EF 00 01 00 01 01 02 03 04 05 06 07 08 00 00 00 0B 00 00 00 00 00 00 12 34
                66 8E 33 EF 00 01 00 00 FF FF FF FF FF FF FF FF 00 00 00 00
                """
                : """
                67 44 66 98 00 00 00 01 00 00 00 00 00 00 00 00
                67 44 66 98 00 00 00 00 01 02 03 04 05 06 07 08
                67 44 66 98 00 00 00 00 FF FF FF FF FF FF FF FF
                """
            #expect(server.output == bytes(expected))
        }
    }

    // MARK: After the handshake

    private struct OneExport: NBDExportDirectory {
        func export(named name: String) -> NBDExport? {
            NBDExport(name: name, byteCount: UInt64(exportByteCount), flags: image)
        }
        var exportNames: [String] { ["debian"] }
    }

    @Test(arguments: [1, 7] as [UInt32], [false, true])
    func `requests that arrive with the handshake come first`(option: UInt32, isStructured: Bool) {
        var words: [UInt8] = []
        words.write(3 as UInt32)
        if isStructured {
            words.write(NBDProtocol.optionMagic)
            words.write(8 as UInt32)
            words.write(0 as UInt32)
        }
        let data: [UInt8] = option == 1 ? [] : [0, 0, 0, 0, 0, 0]
        words.write(NBDProtocol.optionMagic)
        words.write(option)
        words.write(UInt32(data.count))
        words += data + written(Self.request(.read)) + written(Self.request(.disconnect))
        var negotiation = NBDNegotiation()
        var input = words.span
        var output: [UInt8] = []
        let outcome = negotiation.handle(&input, exports: OneExport(), output: &output)
        guard case .chosen(let export) = outcome else { Issue.record("\(outcome)"); return }
        var server = Server(export.flags, isStructured: negotiation.usesStructuredReplies)
        server.hear([UInt8](copying: input))
        #expect(server.steps == [.read(Self.request(.read), 0..<512), .ended(.disconnect)])
        #expect(server.output.count == (isStructured ? 28 : 16))
    }
}
