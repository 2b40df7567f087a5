/// A client's hardware address of any kind, in the `chaddr` field: up to 16 bytes, padded with zeros (RFC 2131 §2).
package struct HardwareAddress: Equatable, Sendable {
    package static let byteLimit = 16

    /// The bytes of the field, the first one most significant.
    private let field: UInt128
    /// `hlen`
    package let byteCount: Int

    package init(_ address: MACAddress) {
        field = UInt128(address.rawValue) << 80
        byteCount = 6
    }

    /// The address as an Ethernet address; nil when it has another length.
    package var macAddress: MACAddress? {
        byteCount == 6 ? MACAddress(rawValue: UInt64(truncatingIfNeeded: field >> 80)) : nil
    }

    /// Reads the field. Everything after the first `byteCount` bytes (at most 16) is padding.
    init(parsing wire: inout Span<UInt8>, byteCount: Int) throws(WireError) {
        let whole: UInt128 = try wire.read()
        field = byteCount == 0 ? 0 : whole & UInt128.max << UInt128(8 * (Self.byteLimit - byteCount))
        self.byteCount = byteCount
    }

    func write(to wire: inout [UInt8]) { wire.write(field) }
}
