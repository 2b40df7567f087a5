/// Relay Agent Information, option 82: what a relay or a switch says of the port that a message came in by (RFC 3046).
///
/// Sub-options are read as far as they are good: what is echoed to the relay are the bytes as they came.
package struct RelayAgentInformation: Equatable, Sendable {
    /// Circuit and remote identifier (sub-options 1 and 2) as they came, codes and lengths included; empty when there is none.
    /// Equal bytes are one port.
    package private(set) var port: [UInt8] = []
    /// An address of the subnet that the client is in, where that is not the relay's own (sub-option 5, RFC 3527).
    package private(set) var linkSelection: IPv4Address?
    /// What the client is told as the server's address, so that its renewals pass the relay (sub-option 11, RFC 5107).
    package private(set) var serverIdentifier: IPv4Address?

    package init(_ bytes: [UInt8]) {
        var position = 0
        while position + 1 < bytes.count {
            let end = position + 2 + Int(bytes[position + 1])
            guard end <= bytes.count else { return }
            let value = bytes[position + 2..<end]
            switch bytes[position] {
            case 1, 2: port += bytes[position..<end]
            case 5: linkSelection = Self.address(value)
            case 11: serverIdentifier = Self.address(value)
            default: break
            }
            position = end
        }
    }

    private static func address(_ value: ArraySlice<UInt8>) -> IPv4Address? {
        guard value.count == 4 else { return nil }
        let address = IPv4Address(rawValue: value.reduce(0) { $0 << 8 | UInt32($1) })
        // Relays that know no better fill it with zeros.
        return address == .any ? nil : address
    }
}
