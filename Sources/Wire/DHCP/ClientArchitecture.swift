/// Client System Architecture Type, DHCP option 93 (RFC 4578 §2.1; numbers: IANA "Processor Architecture Types").
package struct ClientArchitecture: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let biosX86 = Self(rawValue: 0)
    package static let uefiIA32 = Self(rawValue: 6)
    package static let uefiX64 = Self(rawValue: 7)
    /// "EFI BC" in the RFC, x64 after its erratum; firmware uses 7 and 9 alike.
    package static let uefiX64Alternate = Self(rawValue: 9)
    package static let uefiARM64 = Self(rawValue: 11)
    package static let uefiX64HTTP = Self(rawValue: 16)
    package static let uefiARM64HTTP = Self(rawValue: 19)

    /// Whether firmware of this type fetches by HTTP (IANA, "Processor Architecture Types").
    package var isHTTP: Bool {
        (15...20).contains(rawValue) || [23, 24, 26, 28, 30, 38, 40].contains(rawValue)
    }
}

extension ClientArchitecture: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { rawValue = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.write(rawValue) }
}

extension DHCPOption<[ClientArchitecture]> {
    /// One or more, most wanted first.
    package static var clientArchitecture: Self { Self(code: 93) }
}
