/// What switches on a machine whose card listens for it (AMD, «Magic Packet Technology», 1995): six bytes of ones, and its address
/// sixteen times.
package struct MagicPacket: Equatable, Sendable {
    /// The discard service, to which such packets go by custom.
    package static let port: UInt16 = 9

    package let machine: MACAddress

    package init(_ machine: MACAddress) { self.machine = machine }

    package func write(to wire: inout [UInt8]) {
        wire += repeatElement(0xFF, count: 6)
        for _ in 1...16 { machine.write(to: &wire) }
    }
}
