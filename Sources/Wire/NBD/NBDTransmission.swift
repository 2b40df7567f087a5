/// The server's half of the transmission phase: requests in, reply headers out. It sees no sockets, no files, and no data except that of
/// writes that it skips.
///
/// States: taking requests ⇄ skipping the data of a write; then ending, until everything taken is answered → ended.
package struct NBDTransmission: Sendable {
    /// What to do next. All but `needsMore` and `ended` need a reply.
    package enum Step: Equatable, Sendable {
        /// More bytes are needed, or replies to what was taken.
        case needsMore
        /// Reply with the bytes of this range, which has at least one and at most `NBDProtocol.readByteLimit`.
        case read(NBDRequest, Range<Int>)
        /// Take the data, `remainingDataByteCount` bytes of the input, and write it to this range. What is not taken is skipped.
        case write(NBDRequest, Range<Int>)
        /// Make this range read as zeros.
        case clear(NBDRequest, Range<Int>)
        /// This range will be read soon.
        case prefetch(NBDRequest, Range<Int>)
        /// Everything answered so far must be durable before the reply.
        case flush(NBDRequest)
        /// Reply with an error; there is nothing else to do.
        case refuse(NBDRequest, NBDError)
        /// No further request is taken, and all that were taken are answered.
        case ended(Ending)
    }

    /// Why no further request is taken.
    package enum Ending: Equatable, Sendable {
        /// The client asked to disconnect.
        case disconnect
        case requestWithoutMagic
        /// A write with more data than we skip. It got its error.
        case tooLongWrite(byteCount: UInt32)

        /// What the client did wrong, for the log.
        package var mistake: String? {
            switch self {
            case .disconnect: nil
            case .requestWithoutMagic: "request without its magic"
            case .tooLongWrite(let byteCount): "a write of \(byteCount) bytes"
            }
        }
    }

    private let exportByteCount: Int
    private let flags: NBDExportFlags
    private let usesStructuredReplies: Bool
    /// Remaining bytes of the last write's data.
    package private(set) var remainingDataByteCount = 0
    /// Requests taken but not yet answered.
    package private(set) var unansweredCount = 0
    private var ending: Ending?

    /// - Parameter flags: those that the export offers.
    package init(exportByteCount: Int, flags: NBDExportFlags, usesStructuredReplies: Bool) {
        self.exportByteCount = exportByteCount
        self.flags = flags
        self.usesStructuredReplies = usesStructuredReplies
    }

    // MARK: Requests

    /// Takes one request from the front of `input`, after any data left from the previous write.
    package mutating func next(_ input: inout Span<UInt8>) -> Step {
        if ending == nil {
            if remainingDataByteCount > 0 { passOver(&input) }
            guard input.count >= NBDProtocol.requestByteCount else { return .needsMore }
            guard let request = try? NBDRequest(parsing: &input) else { return end(.requestWithoutMagic) }
            if request.command == .disconnect { return end(.disconnect) }
            unansweredCount += 1
            return step(for: request)
        }
        return ended
    }

    /// How many bytes to read from the client, none of which belong to the next message.
    package var wantedByteCount: Int {
        remainingDataByteCount > 0 ? remainingDataByteCount : NBDProtocol.requestByteCount
    }

    /// Reports that this many bytes of a write's data have been taken.
    package mutating func tookData(_ byteCount: Int) {
        precondition(0...remainingDataByteCount ~= byteCount, "more data than the write has")
        remainingDataByteCount -= byteCount
    }

    private mutating func passOver(_ input: inout Span<UInt8>) {
        let byteCount = min(remainingDataByteCount, input.count)
        remainingDataByteCount -= byteCount
        input = input.extracting(droppingFirst: byteCount)
    }

    private mutating func end(_ ending: Ending) -> Step {
        self.ending = ending
        return ended
    }

    /// Earlier requests are answered first (doc/proto.md, `NBD_CMD_DISC`).
    private var ended: Step {
        guard unansweredCount == 0, let ending else { return .needsMore }
        return .ended(ending)
    }

    /// A flag that the export does not offer is an error of that request (doc/proto.md, "Error values").
    private mutating func step(for request: NBDRequest) -> Step {
        let range = request.range(inExportOf: exportByteCount)
        switch request.command {
        case .read:
            guard let range, !range.isEmpty, range.count <= NBDProtocol.readByteLimit, hasOnlyOffered(request)
            else { return .refuse(request, .invalid) }
            return .read(request, range)
        case .write: return write(request, range)
        case .trim, .writeZeroes:
            guard !flags.contains(.readOnly) else { return .refuse(request, .notPermitted) }
            guard let range, hasOnlyOffered(request),
                flags.contains(request.command == .trim ? .sendTrim : .sendWriteZeroes)
            else { return .refuse(request, .invalid) }
            return .clear(request, range)
        case .flush where flags.contains(.sendFlush) && hasOnlyOffered(request): return .flush(request)
        case .cache:
            guard let range, flags.contains(.sendCache), hasOnlyOffered(request) else {
                return .refuse(request, .invalid)
            }
            return .prefetch(request, range)
        default: return .refuse(request, .invalid)
        }
    }

    /// A write's data follows in any case. A client that gets the error carries on.
    private mutating func write(_ request: NBDRequest, _ range: Range<Int>?) -> Step {
        guard request.byteCount <= UInt32(NBDProtocol.readByteLimit) else {
            ending = .tooLongWrite(byteCount: request.byteCount)
            return .refuse(request, .invalid)
        }
        remainingDataByteCount = Int(request.byteCount)
        guard !flags.contains(.readOnly) else { return .refuse(request, .notPermitted) }
        guard let range else { return .refuse(request, .noSpace) }
        guard hasOnlyOffered(request) else { return .refuse(request, .invalid) }
        return .write(request, range)
    }

    private func hasOnlyOffered(_ request: NBDRequest) -> Bool {
        guard request.flags != 0 else { return true }
        var offered: UInt16 = flags.contains(.sendForceUnitAccess) ? NBDRequest.forceUnitAccess : 0
        switch request.command {
        case .writeZeroes: offered |= NBDRequest.noHole
        // Our replies are always in one piece, but a client can ask for that only with structured replies.
        case .read where usesStructuredReplies && flags.contains(.sendDontFragment):
            offered |= NBDRequest.doNotFragment
        default: break
        }
        return request.flags & ~offered == 0
    }

    // MARK: Replies

    /// The longest reply header: a structured one with its offset.
    package static let replyHeaderByteLimit = 28

    /// Writes a reply header to the front of `bytes`, which has room for `replyHeaderByteLimit`. Replies need not be in the order of their
    /// requests.
    ///
    /// - Parameter dataByteCount: bytes that follow the header, for a read.
    /// - Returns: the header's length: 16 bytes (simple), or 20 plus 8 or 6 (structured).
    package mutating func reply(
        to request: NBDRequest, _ error: NBDError, dataByteCount: Int, into bytes: inout MutableRawSpan
    ) -> Int {
        precondition(unansweredCount > 0, "a reply to nothing")
        unansweredCount -= 1
        guard usesStructuredReplies else {
            bytes.store(NBDProtocol.simpleReplyMagic, at: 0)
            bytes.store(error.rawValue, at: 4)
            bytes.store(request.cookie, at: 8)
            return 16
        }
        let (type, payloadByteCount, byteCount): (UInt16, Int, Int)
        if error != .none {
            (type, payloadByteCount, byteCount) = (1 << 15 | 1, 6, 26)  // ERROR: number and an empty message
            bytes.store(error.rawValue, at: 20)
            bytes.store(0 as UInt16, at: 24)
        } else if dataByteCount > 0 {
            (type, payloadByteCount, byteCount) = (1, 8 + dataByteCount, 28)  // OFFSET_DATA
            bytes.store(request.offset, at: 20)
        } else {
            (type, payloadByteCount, byteCount) = (0, 0, 20)  // NONE
        }
        bytes.store(NBDProtocol.structuredReplyMagic, at: 0)
        bytes.store(1 as UInt16, at: 4)  // DONE
        bytes.store(type, at: 6)
        bytes.store(request.cookie, at: 8)
        bytes.store(UInt32(payloadByteCount), at: 16)
        return byteCount
    }
}

extension MutableRawSpan {
    /// Puts an integer at `offset`, most significant byte first.
    fileprivate mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }
}
