/// Client System Architecture Type, DHCP option 93 (RFC 4578 §2.1; numbers: IANA "Processor Architecture Types").
package struct ClientArchitecture: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let biosX86 = Self(rawValue: 0)
    package static let uefiIA32 = Self(rawValue: 6)
    package static let uefiX64 = Self(rawValue: 7)
    /// "EFI BC" in the RFC, x64 by its erratum; firmware uses 7 and 9 alike.
    package static let uefiX64Alternate = Self(rawValue: 9)
    package static let uefiARM64 = Self(rawValue: 11)
    package static let uefiX64HTTP = Self(rawValue: 16)
    package static let uefiARM64HTTP = Self(rawValue: 19)

    /// The common name (IANA, "Processor Architecture Types"); nil for numbers that have none.
    package var name: String? {
        switch rawValue {
        case 0: "BIOS"
        case 6, 15: "32-bit x86 UEFI"
        case 7, 9, 16: "x86-64 UEFI"
        case 10, 18: "32-bit ARM UEFI"
        case 11, 19: "arm64 UEFI"
        case 12, 13, 14: "PowerPC"
        case 21, 23: "32-bit ARM U-Boot"
        case 22, 24: "arm64 U-Boot"
        case 25, 26: "32-bit RISC-V UEFI"
        case 27, 28: "64-bit RISC-V UEFI"
        case 37, 38: "32-bit LoongArch UEFI"
        case 39, 40: "64-bit LoongArch UEFI"
        case 41: "Raspberry Pi boot"
        default: nil
        }
    }

    /// Whether there is a loader for it.
    package var hasLoader: Bool {
        switch rawValue {
        case 0, 7, 9, 11, 16, 19: true
        default: false
        }
    }

    /// Whether it is U-Boot's own way of booting rather than its EFI loader's.
    package var isUBoot: Bool { (21...24).contains(rawValue) }

    /// Whether it is PXE of UEFI (IANA, "Processor Architecture Types").
    package var isUEFI: Bool { [6, 7, 9, 10, 11, 25, 27, 37, 39].contains(rawValue) }

    /// Whether firmware of this type boots over HTTP (IANA, "Processor Architecture Types").
    package var isHTTP: Bool {
        (15...20).contains(rawValue) || [23, 24, 26, 28, 30, 38, 40].contains(rawValue)
    }
}

extension ClientArchitecture: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { rawValue = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.write(rawValue) }
}

extension DHCPOption<[ClientArchitecture]> {
    /// One or more, preferred first.
    package static var clientArchitecture: Self { Self(code: 93) }
}
