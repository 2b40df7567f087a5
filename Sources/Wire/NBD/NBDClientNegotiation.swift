/// The client's half of the handshake, as far as attaching a kernel device needs it: GO for one export.
package enum NBDClientNegotiation {
    /// The server's answer to GO.
    package struct Export: Equatable, Sendable {
        package var byteCount: UInt64
        package var flags: NBDExportFlags

        package init(byteCount: UInt64, flags: NBDExportFlags) {
            self.byteCount = byteCount
            self.flags = flags
        }
    }

    /// The greeting has this many bytes.
    package static let greetingByteCount = 18

    /// Checks the greeting and returns what the client sends next: its flags and GO.
    package static func answer(greeting: [UInt8], exportName: String) throws(WireError) -> [UInt8] {
        var wire = greeting.span
        guard try wire.read(UInt64.self) == NBDProtocol.initialMagic,
            try wire.read(UInt64.self) == NBDProtocol.optionMagic
        else { throw .invalid("greeting") }
        let flags = NBDHandshakeFlags(rawValue: try wire.read())
        guard flags.contains([.fixedNewstyle, .noZeroes]) else { throw .invalid("handshake flags") }
        var data: [UInt8] = []
        data.write(UInt32(exportName.utf8.count))
        data.write(exportName)
        data.write(UInt16(0))
        var answer: [UInt8] = []
        answer.write(UInt32(flags.intersection([.fixedNewstyle, .noZeroes]).rawValue))
        answer.write(NBDProtocol.optionMagic)
        answer.write(NBDOption.go.rawValue)
        answer.write(UInt32(data.count))
        answer.append(contentsOf: data)
        return answer
    }

    /// The header of one option reply: 20 bytes.
    package struct ReplyHeader: WireCodable, Equatable, Sendable {
        package static let byteCount = 20
        package var option: NBDOption
        package var reply: NBDOptionReply
        package var dataByteCount: UInt32

        package init(parsing wire: inout Span<UInt8>) throws(WireError) {
            guard try wire.read(UInt64.self) == NBDProtocol.optionReplyMagic else {
                throw .invalid("reply magic")
            }
            option = NBDOption(rawValue: try wire.read())
            reply = NBDOptionReply(rawValue: try wire.read())
            dataByteCount = try wire.read()
            guard dataByteCount <= UInt32(NBDProtocol.optionByteLimit) else {
                throw .tooLong("option reply", count: Int(dataByteCount), limit: NBDProtocol.optionByteLimit)
            }
        }

        package func write(to wire: inout [UInt8]) {
            wire.write(NBDProtocol.optionReplyMagic)
            wire.write(option.rawValue)
            wire.write(reply.rawValue)
            wire.write(dataByteCount)
        }
    }

    /// The export in an INFO reply; nil for other kinds of information.
    package static func export(in information: [UInt8]) throws(WireError) -> Export? {
        var wire = information.span
        guard NBDInformation(rawValue: try wire.read()) == .export else { return nil }
        return Export(byteCount: try wire.read(), flags: NBDExportFlags(rawValue: try wire.read()))
    }
}
