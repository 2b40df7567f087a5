/// Numbers of the NBD protocol (NetworkBlockDevice/nbd, doc/proto.md, which takes the place of an RFC).
package enum NBDProtocol {
    /// `NBDMAGIC`
    package static let initialMagic: UInt64 = 0x4E42_444D_4147_4943
    /// `IHAVEOPT`
    package static let optionMagic: UInt64 = 0x4948_4156_454F_5054
    package static let optionReplyMagic: UInt64 = 0x0003_E889_0455_65A9
    package static let requestMagic: UInt32 = 0x2560_9513
    package static let simpleReplyMagic: UInt32 = 0x6744_6698
    package static let structuredReplyMagic: UInt32 = 0x668E_33EF
    /// The registered port.
    package static let port: UInt16 = 10809
    package static let requestByteCount = 28
    /// The longest export name (doc/proto.md, "Values"): strings have at most 4,096 bytes.
    package static let nameByteLimit = 4096
    /// The longest option that is read; a longer one is skipped and refused as too big.
    package static let optionByteLimit = 16 * 1024
    /// The longest read or write in one request. The kernel asks for 128 KiB, QEMU for up to 32 MiB. A request up to this length must not
    /// be treated as an attack (doc/proto.md, "Block size constraints").
    package static let readByteLimit = 32 * 1024 * 1024
    /// The most options that a client may send before it chooses an export.
    package static let optionCountLimit = 64
    /// After lists of exports with more bytes than this a connection gets no further one.
    package static let listByteLimit = 64 * 1024
}

/// Handshake flags, both directions.
package struct NBDHandshakeFlags: OptionSet, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let fixedNewstyle = Self(rawValue: 1)
    package static let noZeroes = Self(rawValue: 2)
}

/// Transmission flags of an export.
package struct NBDExportFlags: OptionSet, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let hasFlags = Self(rawValue: 1 << 0)
    package static let readOnly = Self(rawValue: 1 << 1)
    package static let sendFlush = Self(rawValue: 1 << 2)
    package static let sendForceUnitAccess = Self(rawValue: 1 << 3)
    package static let sendTrim = Self(rawValue: 1 << 5)
    package static let sendWriteZeroes = Self(rawValue: 1 << 6)
    package static let sendDontFragment = Self(rawValue: 1 << 7)
    package static let canMultiConnect = Self(rawValue: 1 << 8)
    package static let sendCache = Self(rawValue: 1 << 10)
}

/// An option of the handshake.
package struct NBDOption: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let exportName = Self(rawValue: 1)
    package static let abort = Self(rawValue: 2)
    package static let list = Self(rawValue: 3)
    package static let startTLS = Self(rawValue: 5)
    package static let info = Self(rawValue: 6)
    package static let go = Self(rawValue: 7)
    package static let structuredReply = Self(rawValue: 8)
}

/// The type of an answer to an option; errors have the highest bit set.
package struct NBDOptionReply: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let acknowledged = Self(rawValue: 1)
    package static let server = Self(rawValue: 2)
    package static let info = Self(rawValue: 3)
    package static let unsupported = Self(rawValue: 1 << 31 | 1)
    package static let policy = Self(rawValue: 1 << 31 | 2)
    package static let invalid = Self(rawValue: 1 << 31 | 3)
    package static let unknown = Self(rawValue: 1 << 31 | 6)
    package static let tooBig = Self(rawValue: 1 << 31 | 9)
    package var isError: Bool { rawValue & 1 << 31 != 0 }
}

/// A kind of information about an export.
package struct NBDInformation: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let export = Self(rawValue: 0)
    package static let name = Self(rawValue: 1)
    package static let description = Self(rawValue: 2)
    package static let blockSize = Self(rawValue: 3)
}

/// A request's command.
package struct NBDCommand: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let read = Self(rawValue: 0)
    package static let write = Self(rawValue: 1)
    package static let disconnect = Self(rawValue: 2)
    package static let flush = Self(rawValue: 3)
    package static let trim = Self(rawValue: 4)
    package static let cache = Self(rawValue: 5)
    package static let writeZeroes = Self(rawValue: 6)
    package static let blockStatus = Self(rawValue: 7)
}

/// An error number on the wire: a subset of errno, with fixed values.
package struct NBDError: RawRepresentable, Hashable, Sendable, Error {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let none = Self(rawValue: 0)
    /// `EPERM`: the export is read-only.
    package static let notPermitted = Self(rawValue: 1)
    package static let inputOutput = Self(rawValue: 5)
    package static let invalid = Self(rawValue: 22)
    package static let noSpace = Self(rawValue: 28)
}

/// One request of the transmission phase: 28 bytes.
package struct NBDRequest: Equatable, Sendable {
    package var flags: UInt16
    package var command: NBDCommand
    /// Chosen by the client, returned in the reply.
    package var cookie: UInt64
    /// In bytes.
    package var offset: UInt64
    package var byteCount: UInt32

    /// Flag: the reply waits until the data is on the disk.
    package static let forceUnitAccess: UInt16 = 1 << 0
    /// Flag of WRITE_ZEROES: the blocks stay allocated.
    package static let noHole: UInt16 = 1 << 1
    /// Flag of READ: the answer comes in one piece, as ours always does.
    package static let doNotFragment: UInt16 = 1 << 2

    package init(
        _ command: NBDCommand, cookie: UInt64, offset: UInt64 = 0, byteCount: UInt32 = 0, flags: UInt16 = 0
    ) {
        self.flags = flags
        self.command = command
        self.cookie = cookie
        self.offset = offset
        self.byteCount = byteCount
    }

    /// Whether its effect must be durable before the reply.
    package var forcesUnitAccess: Bool { flags & Self.forceUnitAccess != 0 }

    /// Whether the zeros keep their blocks allocated.
    package var keepsRoom: Bool { command == .writeZeroes && flags & Self.noHole != 0 }

    /// The bytes concerned; nil unless all of them lie inside an export of `exportByteCount` bytes. Offsets are 64 bits that a client
    /// chooses, and only this turns them into numbers.
    package func range(inExportOf exportByteCount: Int) -> Range<Int>? {
        guard let start = Int(exactly: offset), let count = Int(exactly: byteCount), start <= exportByteCount,
            count <= exportByteCount - start
        else { return nil }
        return start..<start + count
    }
}

extension NBDRequest: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard try wire.read(UInt32.self) == NBDProtocol.requestMagic else { throw .invalid("request magic") }
        flags = try wire.read()
        command = NBDCommand(rawValue: try wire.read())
        cookie = try wire.read()
        offset = try wire.read()
        byteCount = try wire.read()
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(NBDProtocol.requestMagic)
        wire.write(flags)
        wire.write(command.rawValue)
        wire.write(cookie)
        wire.write(offset)
        wire.write(byteCount)
    }
}
