/// DHCP Message Type, option 53 (RFC 2132 §9.6).
package struct DHCPMessageType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let discover = Self(rawValue: 1)
    package static let offer = Self(rawValue: 2)
    package static let request = Self(rawValue: 3)
    package static let decline = Self(rawValue: 4)
    package static let ack = Self(rawValue: 5)
    package static let nak = Self(rawValue: 6)
    package static let release = Self(rawValue: 7)
    package static let inform = Self(rawValue: 8)
}

extension DHCPMessageType: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { rawValue = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.append(rawValue) }
}

extension DHCPOption<DHCPMessageType> {
    package static var messageType: Self { Self(code: 53) }
}
