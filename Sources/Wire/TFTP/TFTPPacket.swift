/// A TFTP packet (RFC 1350 §5) with the option extension (RFC 2347).
package enum TFTPPacket: Equatable, Sendable {
    case read(TFTPRequest)
    case write(TFTPRequest)
    case data(block: UInt16, [UInt8])
    case acknowledgement(block: UInt16)
    case error(TFTPError)
    case optionAcknowledgement([TFTPRequest.Option])

    /// A longer request is refused (RFC 2347 §2); padding after it does not count.
    package static let requestByteLimit = 512
}

/// A request for a file.
package struct TFTPRequest: Equatable, Sendable {
    package struct Option: Equatable, Sendable {
        /// Lower case: names are case-insensitive (RFC 2347 §2).
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var path: String
    /// `octet` or `netascii`, in lower case.
    package var mode: String
    /// In the order of the request.
    package var options: [Option]

    package init(path: String, mode: String = "octet", options: [Option] = []) {
        self.path = path
        self.mode = mode
        self.options = options
    }
}

/// An ERROR packet.
package struct TFTPError: Equatable, Sendable, Error {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package var rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let undefined = Self(rawValue: 0)
        package static let fileNotFound = Self(rawValue: 1)
        package static let accessViolation = Self(rawValue: 2)
        package static let illegalOperation = Self(rawValue: 4)
        package static let unknownTransfer = Self(rawValue: 5)
        /// RFC 2347 §4; edk2 sends it after asking for a file's size, which is not a failure.
        package static let optionsRefused = Self(rawValue: 8)
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension TFTPPacket: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let opcode: UInt16 = try wire.read()
        switch opcode {
        case 1: self = .read(try TFTPRequest(parsing: &wire))
        case 2: self = .write(try TFTPRequest(parsing: &wire))
        case 3: self = .data(block: try wire.read(), try wire.read(byteCount: wire.count))
        case 4:
            self = .acknowledgement(block: try wire.read())
            // Some firmware pads its datagrams.
            try wire.skip(wire.count)
        case 5:
            let code = TFTPError.Code(rawValue: try wire.read())
            self = .error(TFTPError(code, wire.readTextToEnd()))
            try wire.skip(wire.count)
        case 6:
            self = .optionAcknowledgement(TFTPRequest.options(parsing: &wire))
            try wire.skip(wire.count)
        default: throw .invalid("opcode")
        }
    }

    package func write(to wire: inout [UInt8]) {
        switch self {
        case .read(let request):
            wire.write(UInt16(1))
            request.write(to: &wire)
        case .write(let request):
            wire.write(UInt16(2))
            request.write(to: &wire)
        case .data(let block, let bytes):
            wire.write(UInt16(3))
            wire.write(block)
            wire.append(contentsOf: bytes)
        case .acknowledgement(let block):
            wire.write(UInt16(4))
            wire.write(block)
        case .error(let error):
            wire.write(UInt16(5))
            wire.write(error.code.rawValue)
            wire.write(error.message)
            wire.append(0)
        case .optionAcknowledgement(let options):
            wire.write(UInt16(6))
            TFTPRequest.write(options, to: &wire)
        }
    }
}

extension TFTPRequest: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let byteCount = wire.count
        path = try wire.readText("file name")
        // Some firmware omits the last NUL, whichever string that ends.
        mode = wire.readTextToEnd().lowercased()
        guard !mode.isEmpty else { throw .invalid("mode") }
        options = Self.options(parsing: &wire)
        guard byteCount - wire.count <= TFTPPacket.requestByteLimit else {
            throw .tooLong("request", count: byteCount - wire.count, limit: TFTPPacket.requestByteLimit)
        }
        try wire.skip(wire.count)
    }

    package func write(to wire: inout [UInt8]) {
        for text in [path, mode] {
            wire.write(text)
            wire.append(0)
        }
        Self.write(options, to: &wire)
    }

    static func options(parsing wire: inout Span<UInt8>) -> [Option] {
        var options: [Option] = []
        // A NUL where a name should begin is padding, which some firmware adds; so is a name without an end.
        while !wire.isEmpty, wire[0] != 0, let name = try? wire.readText("option name") {
            options.append(Option(name: name.lowercased(), value: wire.readTextToEnd()))
        }
        return options
    }

    static func write(_ options: [Option], to wire: inout [UInt8]) {
        for option in options {
            for text in [option.name, option.value] {
                wire.write(text)
                wire.append(0)
            }
        }
    }
}

extension Span<UInt8> {
    /// Text up to the next NUL, which is required.
    fileprivate mutating func readText(_ field: StaticFieldName) throws(WireError) -> String {
        var length = 0
        while length < count, self[length] != 0 { length += 1 }
        guard length < count else { throw .invalid(field) }
        let text = String(decoding: try read(byteCount: length), as: UTF8.self)
        try skip(1)
        return text
    }

    /// Text up to the next NUL, or to the end if there is none.
    fileprivate mutating func readTextToEnd() -> String {
        if let text = try? readText("text") { return text }
        let text = String(decoding: [UInt8](copying: self), as: UTF8.self)
        self = extracting(droppingFirst: count)
        return text
    }
}
