/// A DHCP or BOOTP message (RFC 2131 §2, RFC 951).
package struct DHCPMessage: Equatable, Sendable {
    package enum Operation: UInt8, Sendable {
        case request = 1
        case reply = 2
    }

    /// `op`.
    package var operation: Operation
    /// `htype`: 1 is Ethernet.
    package var hardwareType: UInt8 = 1
    /// `hops`: the number of relays passed.
    package var hops: UInt8 = 0
    /// `xid`.
    package var transaction: UInt32
    /// `secs`: seconds since the client began.
    package var seconds: UInt16 = 0
    /// `flags`; only the first bit has a meaning.
    package var flags: UInt16 = 0
    /// `ciaddr`: the address that the client already uses.
    package var clientAddress = IPv4Address.any
    /// `yiaddr`: the address that the client gets.
    package var yourAddress = IPv4Address.any
    /// `siaddr`: the server for the next step, not always the DHCP server.
    package var nextServer = IPv4Address.any
    /// `giaddr`: the relay that forwarded this.
    package var relay = IPv4Address.any
    /// `chaddr`, without its padding.
    package var hardwareAddress: HardwareAddress
    /// `sname`, up to 63 bytes.
    package var serverName = ""
    /// `file`, up to 127 bytes.
    package var bootFile = ""
    package var options = DHCPOptions()

    /// A reply to `request` with the fields that a server copies (RFC 2131 §4.3.1, table 3).
    package init(replyTo request: DHCPMessage) {
        operation = .reply
        hardwareType = request.hardwareType
        transaction = request.transaction
        flags = request.flags
        relay = request.relay
        hardwareAddress = request.hardwareAddress
    }

    /// An empty request.
    package init(transaction: UInt32, from hardwareAddress: MACAddress) {
        operation = .request
        self.transaction = transaction
        self.hardwareAddress = HardwareAddress(hardwareAddress)
    }

    /// The client's Ethernet address, which wireless cards have as well (hardware types 1 and 6); nil for other hardware.
    package var macAddress: MACAddress? {
        hardwareType == 1 || hardwareType == 6 ? hardwareAddress.macAddress : nil
    }

    /// What the relay or switch reports about the client's port; nil when it reports nothing.
    package var relayAgent: RelayAgentInformation? {
        options[DHCPOption<[UInt8]>.relayAgentInformation.code].map(RelayAgentInformation.init)
    }

    /// The client cannot receive unicast before it has an address (RFC 2131 §4.1).
    package var wantsBroadcast: Bool { flags & 0x8000 != 0 }
}

extension DHCPMessage: WireCodable {
    /// 99.130.83.99 (RFC 2131 §3).
    private static let magicCookie: UInt32 = 0x6382_5363
    /// A BOOTP reply is padded to 300 bytes: older firmware and relays drop shorter ones (RFC 1542 §2.1).
    package static let minimumByteCount = 300
    /// Bytes before the options, including the magic cookie.
    package static let headByteCount = 240

    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard let operation = Operation(rawValue: try wire.read()) else { throw .invalid("op") }
        self.operation = operation
        hardwareType = try wire.read()
        let hardwareByteCount: UInt8 = try wire.read()
        guard hardwareByteCount <= HardwareAddress.byteLimit else {
            throw .tooLong("hlen", count: Int(hardwareByteCount), limit: HardwareAddress.byteLimit)
        }
        hops = try wire.read()
        transaction = try wire.read()
        seconds = try wire.read()
        flags = try wire.read()
        clientAddress = try IPv4Address(parsing: &wire)
        yourAddress = try IPv4Address(parsing: &wire)
        nextServer = try IPv4Address(parsing: &wire)
        relay = try IPv4Address(parsing: &wire)
        hardwareAddress = try HardwareAddress(parsing: &wire, byteCount: Int(hardwareByteCount))
        var serverNameField = wire.extracting(first: 64)
        try wire.skip(64)
        var bootFileField = wire.extracting(first: 128)
        try wire.skip(128)
        // A BOOTP message may end here or have another cookie; then it has no options that we can read.
        if !wire.isEmpty {
            let cookie: UInt32 = try wire.read()
            if cookie == Self.magicCookie { options = DHCPOptions(parsing: &wire) }
        }
        // An invalid value overloads no field.
        var overload = (try? options.value(of: .overload)) ?? 0
        if overload > 3 { overload = 0 }
        if overload & 1 != 0 {
            options.append(parsing: &bootFileField)
        } else {
            bootFile = Self.text(bootFileField)
        }
        if overload & 2 != 0 {
            options.append(parsing: &serverNameField)
        } else {
            serverName = Self.text(serverNameField)
        }
        wire = wire.extracting(droppingFirst: wire.count)
    }

    package func write(to wire: inout [UInt8]) {
        let start = wire.count
        wire.append(operation.rawValue)
        wire.append(hardwareType)
        wire.append(UInt8(hardwareAddress.byteCount))
        wire.append(hops)
        wire.write(transaction)
        wire.write(seconds)
        wire.write(flags)
        clientAddress.write(to: &wire)
        yourAddress.write(to: &wire)
        nextServer.write(to: &wire)
        relay.write(to: &wire)
        hardwareAddress.write(to: &wire)
        Self.write(serverName.utf8.prefix(63), fieldByteCount: 64, to: &wire)
        Self.write(bootFile.utf8.prefix(127), fieldByteCount: 128, to: &wire)
        wire.write(Self.magicCookie)
        options.write(to: &wire)
        let missing = Self.minimumByteCount - (wire.count - start)
        if missing > 0 { wire.append(contentsOf: repeatElement(0, count: missing)) }
    }

    private static func text(_ field: borrowing Span<UInt8>) -> String {
        var count = 0
        while count < field.count, field[count] != 0 { count += 1 }
        return count == 0
            ? "" : String(decoding: [UInt8](copying: field.extracting(first: count)), as: UTF8.self)
    }

    private static func write(_ value: some Collection<UInt8>, fieldByteCount: Int, to wire: inout [UInt8]) {
        wire.append(contentsOf: value)
        wire.append(contentsOf: repeatElement(0, count: fieldByteCount - value.count))
    }
}
