import Glibc

/// A generic netlink conversation (linux/genetlink.h): commands to a kernel subsystem, and its announcements.
///
/// Netlink uses the machine's byte order.
package struct GenericNetlink: ~Copyable {
    /// One attribute: a number and its bytes.
    package struct Attribute {
        package var type: UInt16
        package var bytes: [UInt8]

        package static func number32(_ type: UInt16, _ value: UInt32) -> Self {
            unsafe Self(type: type, bytes: withUnsafeBytes(of: value) { unsafe Array($0) })
        }

        package static func number64(_ type: UInt16, _ value: UInt64) -> Self {
            unsafe Self(type: type, bytes: withUnsafeBytes(of: value) { unsafe Array($0) })
        }

        /// Nested attributes (`NLA_F_NESTED`).
        package static func nested(_ type: UInt16, _ attributes: [Attribute]) -> Self {
            Self(type: type | 0x8000, bytes: GenericNetlink.encode(attributes))
        }
    }

    private static let controlFamily: UInt16 = 16
    private let socket: FileDescriptor
    private let family: UInt16
    private let groups: [String: UInt32]
    private var sequence: UInt32 = 1

    /// Looks the family up by name.
    package init(family name: String) throws(SystemError) {
        let number = Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 16)
        guard number >= 0 else { throw SystemError("open generic netlink") }
        let opened = FileDescriptor(owning: number)
        // CTRL_CMD_GETFAMILY with CTRL_ATTR_FAMILY_NAME.
        try Self.send(
            opened, type: Self.controlFamily, flags: 1, sequence: 0, command: 3,
            [Attribute(type: 2, bytes: Array(name.utf8) + [0])])
        let reply = try Self.receive(opened)
        guard reply.type == Self.controlFamily else {
            throw SystemError("find netlink family \(name)", number: reply.errorNumber)
        }
        var family: UInt16 = 0
        var groups: [String: UInt32] = [:]
        for attribute in Self.decode(reply.payload.dropFirst(4)) {
            if attribute.type == 1 { family = UInt16(truncatingIfNeeded: Self.number(attribute.bytes)) }
            guard attribute.type == 7 else { continue }
            for group in Self.decode(attribute.bytes[...]) {
                let fields = Self.decode(group.bytes[...])
                guard let name = fields.first(where: { $0.type == 1 }),
                    let id = fields.first(where: { $0.type == 2 })
                else { continue }
                groups[String(decoding: name.bytes.prefix { $0 != 0 }, as: UTF8.self)] = UInt32(
                    truncatingIfNeeded: Self.number(id.bytes))
            }
        }
        socket = opened
        self.family = family
        self.groups = groups
    }

    /// From now on `nextAnnouncement` also returns what the kernel sends to this group.
    package func join(_ group: String) throws(SystemError) {
        guard let id = groups[group] else { throw SystemError("join netlink group \(group)", number: ENOENT) }
        // SOL_NETLINK, NETLINK_ADD_MEMBERSHIP
        try socket.setOption(270, 1, Int32(bitPattern: id), "join netlink group \(group)")
    }

    /// Sends a command and waits until the kernel confirms it.
    package mutating func command(_ command: UInt8, _ attributes: [Attribute], _ attempt: String)
        throws(SystemError)
    {
        sequence += 1
        // NLM_F_REQUEST | NLM_F_ACK
        try Self.send(socket, type: family, flags: 5, sequence: sequence, command: command, attributes)
        while true {
            let reply = try Self.receive(socket)
            guard reply.type == 2 else { continue }
            guard reply.errorNumber == 0 else { throw SystemError(attempt, number: reply.errorNumber) }
            return
        }
    }

    /// What the kernel announces to a group.
    package struct Announcement: Sendable {
        package var command: UInt8
        /// After the generic header: attributes of 16-bit length, 16-bit type, and value, each padded to four bytes.
        fileprivate var attributes: ArraySlice<UInt8>

        /// The value of a 32-bit attribute; nil when absent.
        package func number32(_ type: UInt16) -> UInt32? {
            var rest = attributes
            while rest.count >= 4 {
                let start = rest.startIndex
                let length = Int(rest[start]) | Int(rest[start + 1]) << 8
                let found = UInt16(rest[start + 2]) | UInt16(rest[start + 3]) << 8
                guard length >= 4, length <= rest.count else { return nil }
                // The two highest bits are flags (netlink(7)).
                if found & 0x3FFF == type, length >= 8 {
                    return rest[(start + 4)..<(start + 8)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
                }
                rest = rest.dropFirst((length + 3) & ~3)
            }
            return nil
        }
    }

    /// Waits for the next announcement.
    package func nextAnnouncement() throws(SystemError) -> Announcement {
        while true {
            let message = try Self.receive(socket)
            if message.type == family, let command = message.payload.first {
                return Announcement(command: command, attributes: message.payload.dropFirst(4))
            }
        }
    }

    private struct Message {
        var type: UInt16
        var payload: ArraySlice<UInt8>

        /// Of an NLMSG_ERROR, as a positive `errno`.
        var errorNumber: Int32 {
            guard type == 2, payload.count >= 4 else { return EPROTO }
            return 0 &- Int32(truncatingIfNeeded: GenericNetlink.number(Array(payload.prefix(4))))
        }
    }

    private static func send(
        _ socket: borrowing FileDescriptor, type: UInt16, flags: UInt16, sequence: UInt32, command: UInt8,
        _ attributes: [Attribute]
    ) throws(SystemError) {
        let payload = encode(attributes)
        var bytes: [UInt8] = []
        func add(_ value: some FixedWidthInteger) {
            unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
        }
        add(UInt32(20 + payload.count))
        add(type)
        add(flags)
        add(sequence)
        add(UInt32(0))
        bytes += [command, 1, 0, 0]
        bytes += payload
        try socket.write(bytes)
    }

    private static func receive(_ socket: borrowing FileDescriptor) throws(SystemError) -> Message {
        let bytes = try socket.read(atMost: 16_384)
        guard bytes.count >= 16 else { throw SystemError("read a netlink message", number: EPROTO) }
        return Message(type: UInt16(truncatingIfNeeded: number(Array(bytes[4..<6]))), payload: bytes[16...])
    }

    private static func encode(_ attributes: [Attribute]) -> [UInt8] {
        var bytes: [UInt8] = []
        for attribute in attributes {
            unsafe withUnsafeBytes(of: UInt16(4 + attribute.bytes.count)) {
                unsafe bytes.append(contentsOf: $0)
            }
            unsafe withUnsafeBytes(of: attribute.type) { unsafe bytes.append(contentsOf: $0) }
            bytes += attribute.bytes
            while bytes.count % 4 != 0 { bytes.append(0) }
        }
        return bytes
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> [Attribute] {
        var found: [Attribute] = []
        var rest = bytes
        while rest.count >= 4 {
            let length = Int(number(Array(rest.prefix(2))))
            guard length >= 4, length <= rest.count else { break }
            let type = UInt16(truncatingIfNeeded: number(Array(rest.dropFirst(2).prefix(2)))) & 0x3FFF
            found.append(Attribute(type: type, bytes: Array(rest.dropFirst(4).prefix(length - 4))))
            rest = rest.dropFirst(min(rest.count, (length + 3) & ~3))
        }
        return found
    }

    private static func number(_ bytes: [UInt8]) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
