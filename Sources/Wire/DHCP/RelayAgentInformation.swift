/// Relay Agent Information, option 82: what a relay or switch says about the port that a message came in by (RFC 3046).
///
/// Reads sub-options as far as they are valid; the relay gets back the original bytes.
package struct RelayAgentInformation: Equatable, Sendable {
    /// Circuit and remote identifier (sub-options 1 and 2) as received, with codes and lengths; empty when there are none. Equal bytes mean
    /// the same port.
    package private(set) var port: [UInt8] = []
    /// An address in the client's subnet, where that is not the relay's own (sub-option 5, RFC 3527).
    package private(set) var linkSelection: IPv4Address?
    /// The address to give the client as the server's, so that its renewals go through the relay (sub-option 11, RFC 5107).
    package private(set) var serverIdentifier: IPv4Address?
    /// Whether the relay hears answers on the port that it sent from, and on no other (sub-option 19, RFC 8357).
    package private(set) var hearsOnSourcePort = false

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
            case 19: hearsOnSourcePort = true
            default: break
            }
            position = end
        }
    }

    private static func address(_ value: ArraySlice<UInt8>) -> IPv4Address? {
        guard value.count == 4 else { return nil }
        let address = IPv4Address(rawValue: value.reduce(0) { $0 << 8 | UInt32($1) })
        // Relays that do not know it fill it with zeros.
        return address == .any ? nil : address
    }
}
