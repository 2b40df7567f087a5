/// What the handshake needs to know about an export.
package struct NBDExport: Equatable, Sendable {
    /// The name that the client asked for.
    package var name: String
    package var byteCount: UInt64
    package var flags: NBDExportFlags
    package var description: String
    /// Minimum, preferred and maximum request size in bytes.
    package var blockSizes: (minimum: UInt32, preferred: UInt32, maximum: UInt32) = (1, 4096, 1 << 25)

    package init(name: String, byteCount: UInt64, flags: NBDExportFlags, description: String = "") {
        self.name = name
        self.byteCount = byteCount
        self.flags = flags
        self.description = description
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.byteCount == right.byteCount && left.flags == right.flags
    }
}

/// The exports of a server, as the handshake asks for them.
package protocol NBDExportDirectory {
    /// The export called `name`; the empty name asks for the default one.
    func export(named name: String) -> NBDExport?

    /// Gets ready what serving the export needs, when nothing has been said of it yet: once the transmission has begun, no error can be told.
    ///
    /// - Returns: why it cannot be served, for the log; nil: it can.
    func begin(_ export: NBDExport) -> String?

    /// Names for clients that list exports.
    var exportNames: [String] { get }
}

extension NBDExportDirectory {
    /// Nothing needs to be ready.
    package func begin(_ export: NBDExport) -> String? { nil }
}

/// The server's half of the newstyle handshake, fixed or not: bytes in, bytes out, no socket.
///
/// A client that does not claim the fixed handshake may still choose its export by name (doc/proto.md, "Newstyle negotiation"); its other
/// options get the same answers as any client's.
///
/// States: waiting for the client's flags → taking options → chosen (transmission) or closed.
package struct NBDNegotiation: Sendable {
    package enum Outcome: Equatable, Sendable {
        /// More bytes are needed.
        case goingOn
        /// The transmission phase begins with this export.
        case chosen(NBDExport)
        /// The connection ends once the output is sent; without a mistake the client has asked for it.
        case closed(mistake: String?)
    }

    private enum State { case waitingForFlags, takingOptions }

    private var state = State.waitingForFlags
    private var sendsZeroes = true
    private var optionCount = 0
    /// Remaining bytes of an option that was refused for its length.
    private var skippedByteCount = 0
    /// Bytes of the lists that it was sent.
    private var listedByteCount = 0
    /// What the client wanted to begin with and was refused; nil for nothing since it was taken.
    private var refusal: String?
    /// Whether the client asked for structured replies and was promised them.
    package private(set) var usesStructuredReplies = false

    package init() {}

    /// Why the client was refused the last export that it wanted to begin with, for the log. A client that asks by `GO` is told, and
    /// stays connected.
    package mutating func takeRefusal() -> String? {
        defer { refusal = nil }
        return refusal
    }

    /// The greeting, sent before anything is read.
    package static var greeting: [UInt8] {
        var wire: [UInt8] = []
        wire.write(NBDProtocol.initialMagic)
        wire.write(NBDProtocol.optionMagic)
        wire.write(([.fixedNewstyle, .noZeroes] as NBDHandshakeFlags).rawValue)
        return wire
    }

    /// Takes whole messages from the front of `input` and appends the answers to `output`.
    package mutating func handle(
        _ input: inout Span<UInt8>, exports: some NBDExportDirectory, output: inout [UInt8]
    ) -> Outcome {
        if state == .waitingForFlags {
            guard input.count >= 4, let bits = try? input.read(UInt32.self) else { return .goingOn }
            let flags = NBDHandshakeFlags(rawValue: UInt16(truncatingIfNeeded: bits))
            // Flags that were not offered (doc/proto.md, "Client flags").
            guard bits < 4 else { return .closed(mistake: "client flags \(bits) were not offered") }
            sendsZeroes = !flags.contains(.noZeroes)
            state = .takingOptions
        }
        while true {
            let skipped = min(skippedByteCount, input.count)
            input = input.extracting(droppingFirst: skipped)
            skippedByteCount -= skipped
            var rest = input.extracting(0..<input.count)
            guard let magic = try? rest.read(UInt64.self), let code = try? rest.read(UInt32.self),
                let byteCount = try? rest.read(UInt32.self)
            else { return .goingOn }
            guard magic == NBDProtocol.optionMagic else {
                return .closed(mistake: "option without its magic")
            }
            guard optionCount < NBDProtocol.optionCountLimit else {
                return .closed(mistake: "too many options")
            }
            let option = NBDOption(rawValue: code)
            guard byteCount <= UInt32(NBDProtocol.optionByteLimit) else {
                guard option != .exportName, byteCount <= UInt32(NBDProtocol.readByteLimit) else {
                    return .closed(mistake: "option of \(byteCount) bytes")
                }
                Self.refuse(option, .tooBig, "at most \(NBDProtocol.optionByteLimit) bytes", output: &output)
                optionCount += 1
                skippedByteCount = Int(byteCount)
                input = input.extracting(droppingFirst: 16)
                continue
            }
            guard let data = try? rest.read(byteCount: Int(byteCount)) else { return .goingOn }
            input = input.extracting(droppingFirst: 16 + Int(byteCount))
            optionCount += 1
            let outcome = answer(option, data, exports: exports, output: &output)
            if outcome != .goingOn { return outcome }
        }
    }

    private mutating func answer(
        _ option: NBDOption, _ data: [UInt8], exports: some NBDExportDirectory, output: inout [UInt8]
    ) -> Outcome {
        switch option {
        case .exportName:
            return choose(String(decoding: data, as: UTF8.self), exports: exports, output: &output)
        case .abort:
            Self.reply(.acknowledged, to: option, output: &output)
            return .closed(mistake: nil)
        case .list, .structuredReply, .startTLS:
            guard data.isEmpty else {
                Self.refuse(option, .invalid, "this option has no data", output: &output)
                return .goingOn
            }
            answerPlain(option, exports: exports, output: &output)
        case .info, .go: return inform(option, data, exports: exports, output: &output)
        default: Self.refuse(option, .unsupported, "", output: &output)
        }
        return .goingOn
    }

    /// Options without data.
    private mutating func answerPlain(
        _ option: NBDOption, exports: some NBDExportDirectory, output: inout [UInt8]
    ) {
        switch option {
        case .startTLS:
            return Self.refuse(option, .policy, "TLS is not enabled on this port", output: &output)
        case .structuredReply: usesStructuredReplies = true
        default:
            // A few bytes ask for all names: a client that asks again and again and reads nothing would have them kept here as often.
            guard listedByteCount <= NBDProtocol.listByteLimit else {
                return Self.refuse(option, .tooBig, "the exports were listed before", output: &output)
            }
            let start = output.count
            defer { listedByteCount += output.count - start }
            for name in exports.exportNames {
                var item: [UInt8] = []
                item.write(UInt32(name.utf8.count))
                item.write(name)
                Self.reply(.server, to: option, item, output: &output)
            }
        }
        Self.reply(.acknowledged, to: option, output: &output)
    }

    /// `EXPORT_NAME`: the old way, whose only answers are the export or the end of the connection.
    private func choose(
        _ name: String, exports: some NBDExportDirectory, output: inout [UInt8]
    ) -> Outcome {
        guard let export = exports.export(named: name) else { return .closed(mistake: "no export ‘\(name)’") }
        if let reason = exports.begin(export) { return .closed(mistake: reason) }
        output.write(export.byteCount)
        output.write(transmissionFlags(of: export).rawValue)
        if sendsZeroes { output.append(contentsOf: repeatElement(0, count: 124)) }
        return .chosen(export)
    }

    /// Without structured replies no reply can be in pieces (doc/proto.md, `NBD_FLAG_SEND_DF`).
    private func transmissionFlags(of export: NBDExport) -> NBDExportFlags {
        usesStructuredReplies ? export.flags : export.flags.subtracting(.sendDontFragment)
    }

    /// `INFO` and `GO`: 32-bit name length, name, 16-bit count, that many 16-bit kinds of information.
    private mutating func inform(
        _ option: NBDOption, _ data: [UInt8], exports: some NBDExportDirectory, output: inout [UInt8]
    ) -> Outcome {
        guard let (name, wanted) = Self.parseInformationRequest(data) else {
            Self.refuse(option, .invalid, "lengths do not add up", output: &output)
            return .goingOn
        }
        guard let export = exports.export(named: name) else {
            // Strings, like names, have at most 4,096 bytes.
            let text = "no export ‘\(name.prefix(255))’"
            Self.refuse(option, .unknown, text, output: &output)
            if option == .go { refusal = text }
            return .goingOn
        }
        if option == .go, let reason = exports.begin(export) {
            Self.refuse(
                option, .unknown, "export ‘\(name.prefix(255))’ cannot be served now", output: &output)
            refusal = reason
            return .goingOn
        }
        func information(_ kind: NBDInformation, _ write: (inout [UInt8]) -> Void) {
            var item: [UInt8] = []
            item.write(kind.rawValue)
            write(&item)
            Self.reply(.info, to: option, item, output: &output)
        }
        information(.export) {
            $0.write(export.byteCount)
            $0.write(transmissionFlags(of: export).rawValue)
        }
        for kind in wanted {
            switch kind {
            case .name: information(kind) { $0.write(export.name) }
            case .description: information(kind) { $0.write(export.description) }
            case .blockSize:
                information(kind) {
                    $0.write(export.blockSizes.minimum)
                    $0.write(export.blockSizes.preferred)
                    $0.write(export.blockSizes.maximum)
                }
            default: continue
            }
        }
        Self.reply(.acknowledged, to: option, output: &output)
        return option == .go ? .chosen(export) : .goingOn
    }

    private static func parseInformationRequest(_ data: [UInt8]) -> (String, [NBDInformation])? {
        var wire = data.span
        guard let nameByteCount = try? wire.read(UInt32.self), nameByteCount <= NBDProtocol.nameByteLimit,
            let name = try? wire.read(byteCount: Int(nameByteCount)),
            let kindCount = try? wire.read(UInt16.self),
            wire.count == Int(kindCount) * 2
        else { return nil }
        var kinds: [NBDInformation] = []
        while let kind = try? wire.read(UInt16.self) { kinds.append(NBDInformation(rawValue: kind)) }
        return (String(decoding: name, as: UTF8.self), kinds)
    }

    private static func reply(
        _ reply: NBDOptionReply, to option: NBDOption, _ data: [UInt8] = [], output: inout [UInt8]
    ) {
        output.write(NBDProtocol.optionReplyMagic)
        output.write(option.rawValue)
        output.write(reply.rawValue)
        output.write(UInt32(data.count))
        output.append(contentsOf: data)
    }

    private static func refuse(
        _ option: NBDOption, _ reply: NBDOptionReply, _ message: String, output: inout [UInt8]
    ) {
        Self.reply(reply, to: option, Array(message.utf8), output: &output)
    }
}
