/// Client System Architecture Type, DHCP option 93 (RFC 4578 §2.1; numbers: IANA "Processor Architecture Types").
package struct ClientArchitecture: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let biosX86 = Self(rawValue: 0)
    package static let uefiIA32 = Self(rawValue: 6)
    package static let uefiX64 = Self(rawValue: 7)
    /// "EFI BC" in the RFC, x64 after its erratum; firmware uses 7 and 9 alike.
    package static let uefiX64Alternate = Self(rawValue: 9)
    package static let uefiARM32 = Self(rawValue: 10)
    package static let uefiARM64 = Self(rawValue: 11)
    package static let uefiIA32HTTP = Self(rawValue: 15)
    package static let uefiX64HTTP = Self(rawValue: 16)
    package static let uefiARM32HTTP = Self(rawValue: 18)
    package static let uefiARM64HTTP = Self(rawValue: 19)
    package static let uBootARM32 = Self(rawValue: 21)
    package static let uBootARM64 = Self(rawValue: 22)
    package static let uefiRISCV64 = Self(rawValue: 27)
    package static let rpiboot = Self(rawValue: 41)

    /// What people call it; nil for numbers that have no common name.
    package var name: String? {
        switch self {
        case .biosX86: "BIOS"
        case .uefiIA32, .uefiIA32HTTP: "32-bit x86 UEFI"
        case .uefiX64, .uefiX64Alternate, .uefiX64HTTP: "x86-64 UEFI"
        case .uefiARM32, .uefiARM32HTTP: "32-bit ARM UEFI"
        case .uefiARM64, .uefiARM64HTTP: "arm64 UEFI"
        case .uBootARM32: "32-bit ARM U-Boot"
        case .uBootARM64: "arm64 U-Boot"
        case .uefiRISCV64: "64-bit RISC-V UEFI"
        case .rpiboot: "Raspberry Pi boot"
        default: nil
        }
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
