/// An ARP packet for IPv4 over Ethernet (RFC 826).
package struct ARPPacket: Equatable, Sendable {
    package enum Operation: UInt16, Sendable {
        case request = 1
        case reply = 2
    }

    package var operation: Operation
    package var senderMAC: MACAddress
    package var senderAddress: IPv4Address
    package var targetMAC: MACAddress
    package var targetAddress: IPv4Address

    /// A probe: asks which host has `address` without claiming it for the sender (RFC 5227 §2.1.1).
    package init(probing address: IPv4Address, from mac: MACAddress) {
        operation = .request
        senderMAC = mac
        senderAddress = .any
        targetMAC = MACAddress(rawValue: 0)
        targetAddress = address
    }

    /// The whole frame, as a broadcast.
    package var broadcastFrame: [UInt8] {
        var frame: [UInt8] = []
        MACAddress.broadcast.write(to: &frame)
        senderMAC.write(to: &frame)
        frame.write(UInt16(0x0806))
        write(to: &frame)
        return frame
    }
}

extension MACAddress {
    package static let broadcast = Self(rawValue: 0xFFFF_FFFF_FFFF)
}

extension ARPPacket: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard try wire.read(UInt16.self) == 1, try wire.read(UInt16.self) == 0x0800,
            try wire.read(UInt8.self) == 6,
            try wire.read(UInt8.self) == 4
        else { throw .invalid("hardware or protocol") }
        guard let operation = Operation(rawValue: try wire.read()) else { throw .invalid("operation") }
        self.operation = operation
        senderMAC = try MACAddress(parsing: &wire)
        senderAddress = try IPv4Address(parsing: &wire)
        targetMAC = try MACAddress(parsing: &wire)
        targetAddress = try IPv4Address(parsing: &wire)
        // Ethernet pads short frames.
        try wire.skip(wire.count)
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(UInt16(1))
        wire.write(UInt16(0x0800))
        wire += [6, 4]
        wire.write(operation.rawValue)
        senderMAC.write(to: &wire)
        senderAddress.write(to: &wire)
        targetMAC.write(to: &wire)
        targetAddress.write(to: &wire)
    }
}
