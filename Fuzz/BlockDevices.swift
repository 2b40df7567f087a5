import Fleet
import Glibc
import Linux
import Services
import Wire

extension Conversations {
    /// NBD from the greeting to the end: the image, a volume, swap, and names that do not exist.
    static func nbd() throws -> Series {
        let ground = try Ground()
        let ends = try ClientEnd.pair(SOCK_STREAM)
        _ = close(ends.1)
        let service = try NBDService(
            listener: FileDescriptor(owning: ends.0), loop: ground.loop, context: ground.context,
            log: { _ in })
        let session: Session = { [ground, service] noise in
            ground.enter(&noise)
            let client = try ClientEnd { service.take($0) }
            let export = exportName(ground, &noise)
            var (count, bytes) = negotiation(export, &noise)
            for _ in 0..<noise.below(12) {
                bytes += noise.once(in: 24) ? noise.bytes() : request(export, &noise)
                count += 1
                if noise.once(in: 3) {
                    client.say(bytes)
                    bytes = []
                }
            }
            client.say(bytes)
            client.end()
            return count
        }
        return {
            ground.clear()
            return session
        }
    }

    private static func exportName(_ ground: Ground, _ noise: inout Noise) -> String {
        switch noise.below(16) {
        case 0: noise.text()
        case 1: ""
        case 2: "swap/pc-1/\(ground.boot(&noise))"
        case 3, 4: "volume/pc-1/\(ground.boot(&noise))"
        case 5: "debian@\(noise.digits())"
        default: "debian"
        }
    }

    private static func negotiation(_ export: String, _ noise: inout Noise) -> (count: Int, [UInt8]) {
        var bytes: [UInt8] = []
        bytes.write(noise.once(in: 16) ? noise.number(UInt32.self) : UInt32(noise.below(4)))
        var count = 1
        for _ in 0..<noise.below(4) {
            bytes += option(noise.one(of: [2, 3, 5, 6, 8, noise.number()]), export, &noise)
            count += 1
        }
        let last: UInt32 = noise.once(in: 6) ? 1 : 7
        bytes += option(last, export, &noise)
        return (count + 1, noise.once(in: 12) ? noise.damaged(bytes) : bytes)
    }

    private static func option(_ code: UInt32, _ export: String, _ noise: inout Noise) -> [UInt8] {
        var data: [UInt8] = []
        switch code {
        case 1: data = Array(export.utf8)
        case 6, 7:
            let kinds = (0..<noise.below(4)).map { _ in noise.number(UInt16.self) }
            data.write(noise.once(in: 16) ? noise.number() : UInt32(truncatingIfNeeded: export.utf8.count))
            data.write(export)
            data.write(noise.once(in: 16) ? noise.number() : UInt16(truncatingIfNeeded: kinds.count))
            for kind in kinds { data.write(kind) }
        // Sometimes longer than the limit.
        default:
            if noise.once(in: 4) {
                data = noise.once(in: 8) ? [UInt8](repeating: 7, count: 20_000) : noise.bytes()
            }
        }
        var bytes: [UInt8] = []
        bytes.write(NBDProtocol.optionMagic)
        bytes.write(code)
        bytes.write(noise.once(in: 24) ? noise.number() : UInt32(truncatingIfNeeded: data.count))
        return bytes + data
    }

    private static func request(_ export: String, _ noise: inout Noise) -> [UInt8] {
        let isSmall = noise.once(in: 2)
        let request = NBDRequest(
            NBDCommand(rawValue: noise.once(in: 12) ? noise.number() : UInt16(noise.below(8))),
            cookie: noise.number(),
            offset: isSmall ? UInt64(noise.below(Ground.byteCount + 10_000)) : noise.number(),
            byteCount: isSmall ? UInt32(noise.below(70_000)) : noise.number(),
            flags: noise.once(in: 4) ? noise.number() : 0)
        var bytes = Parsers.written(request)
        // Its data, more or less.
        if request.command == .write, !noise.once(in: 4) {
            bytes += [UInt8](repeating: 9, count: min(100_000, Int(request.byteCount)))
        }
        return bytes
    }
    // MARK: The transmission phase alone

    /// One of each, two of them with data.
    static let requests: [UInt8] = (0..<9).flatMap { command -> [UInt8] in
        let request = NBDRequest(
            NBDCommand(rawValue: UInt16(command == 2 ? 1 : command)), cookie: UInt64(command), offset: 4_096,
            byteCount: 512, flags: UInt16(command % 2))
        return Parsers.written(request)
            + (request.command == .write ? [UInt8](repeating: 0x25, count: 512) : [])
    }

    /// For any input, however it is split: the same actions, ranges inside the export, and one reply per request.
    static func checkTransmission(of bytes: [UInt8]) {
        let isDisk = bytes.first.map { $0 & 1 == 1 } ?? false
        let piece = 1 + Int(bytes.last ?? 0)
        let whole = steps(of: [bytes], isDisk: isDisk)
        let pieces = stride(from: 0, to: bytes.count, by: piece).map {
            Array(bytes[$0..<min(bytes.count, $0 + piece)])
        }
        precondition(steps(of: pieces, isDisk: isDisk) == whole, "pieces are not what the whole is")
    }

    private static func steps(of pieces: [[UInt8]], isDisk: Bool) -> [NBDTransmission.Step] {
        let exportByteCount = 1 << 20
        var transmission = NBDTransmission(
            exportByteCount: exportByteCount,
            flags: isDisk
                ? [.hasFlags, .sendFlush, .sendForceUnitAccess, .sendTrim, .sendWriteZeroes]
                : [.hasFlags, .readOnly, .sendFlush, .sendDontFragment, .sendCache],
            usesStructuredReplies: isDisk)
        var steps: [NBDTransmission.Step] = []
        var kept: [UInt8] = []
        for piece in pieces {
            let bytes = kept + piece
            var input = bytes.span
            while case let step = transmission.next(&input), step != .needsMore {
                steps.append(step)
                switch step {
                case .ended: return steps
                case .read(let request, let range):
                    precondition(!range.isEmpty && range.count <= NBDProtocol.readByteLimit)
                    reply(to: request, range, exportByteCount, &transmission)
                case .write(let request, let range), .clear(let request, let range),
                    .prefetch(let request, let range):
                    reply(to: request, range, exportByteCount, &transmission)
                case .flush(let request), .refuse(let request, _):
                    reply(to: request, 0..<0, exportByteCount, &transmission)
                case .needsMore: break
                }
            }
            kept = [UInt8](copying: input)
            precondition(kept.count < NBDProtocol.requestByteCount, "a whole request was kept")
        }
        return steps
    }

    private static func reply(
        to request: NBDRequest, _ range: Range<Int>, _ exportByteCount: Int,
        _ transmission: inout NBDTransmission
    ) {
        precondition(range.lowerBound >= 0 && range.upperBound <= exportByteCount)
        var header = [UInt8](repeating: 0, count: NBDTransmission.replyHeaderByteLimit)
        var span = header.mutableSpan
        var bytes = unsafe span.mutableBytes
        let dataByteCount = request.command == .read ? range.count : 0
        let count = transmission.reply(
            to: request, range.isEmpty ? .invalid : .none, dataByteCount: dataByteCount, into: &bytes)
        precondition(16...NBDTransmission.replyHeaderByteLimit ~= count && transmission.unansweredCount == 0)
    }
}
