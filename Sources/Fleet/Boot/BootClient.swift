package import Wire

/// Who asks to boot, as far as its DHCP message tells. There is no other classification than this one.
package struct BootClient: Equatable, Sendable {
    /// The program that sent the message.
    package enum Program: Equatable, Sendable {
        /// PXE of the firmware or of a card's ROM.
        case firmware
        /// UEFI HTTP boot: it wants a URL, and `HTTPClient` back.
        case httpFirmware
        case ipxe(canHTTP: Bool)
        /// The boot ROM of a Raspberry Pi, which calls itself a BIOS.
        case raspberryPi
        /// BOOTP, without any option that says more.
        case bootp
        /// An operating system, or anything that does not ask to boot.
        case system
    }

    package var macAddress: MACAddress?
    package var uuid: MachineUUID?
    package var architecture: ClientArchitecture?
    package var program: Program
    /// Option 60; empty when absent.
    package var vendorClass: String

    package init(
        macAddress: MACAddress?, uuid: MachineUUID? = nil, architecture: ClientArchitecture?,
        program: Program,
        vendorClass: String = ""
    ) {
        self.macAddress = macAddress
        self.uuid = uuid
        self.architecture = architecture
        self.program = program
        self.vendorClass = vendorClass
    }

    /// Malformed options are as good as absent here: a machine with odd firmware should still boot.
    package init(_ message: DHCPMessage) {
        let options = message.options
        macAddress = message.macAddress
        // Some ROMs send no option 97, and QEMU without -uuid sends zeros.
        uuid = (try? options.value(of: .clientUUID))??.uuid
        if uuid?.isMeaningful == false { uuid = nil }
        vendorClass = (try? options.value(of: .vendorClass)) ?? ""
        architecture =
            (try? options.value(of: .clientArchitecture))??.first ?? Self.architecture(in: vendorClass)
        let userClasses = (try? options.value(of: .userClass))??.classes ?? []
        let loaderOptions = options[DHCPOption<[UInt8]>.etherboot.code]
        if userClasses.contains("iPXE") || userClasses.contains("gPXE") || loaderOptions != nil {
            program = .ipxe(canHTTP: loaderOptions.map { Self.feature(0x13, in: $0) } ?? true)
        } else if vendorClass.hasPrefix("HTTPClient") {
            program = .httpFirmware
        } else if vendorClass.hasPrefix("PXEClient") || architecture != nil {
            program =
                Self.isRaspberryPi(message.macAddress) && architecture == .biosX86 ? .raspberryPi : .firmware
        } else if !options.has(53) {
            program = .bootp
        } else {
            program = .system
        }
    }

    /// `PXEClient:Arch:00007:UNDI:003010`: some clients say it only here.
    private static func architecture(in vendorClass: String) -> ClientArchitecture? {
        let parts = vendorClass.split(separator: ":")
        guard parts.count >= 3, parts[1] == "Arch", let number = UInt16(parts[2]) else { return nil }
        return ClientArchitecture(rawValue: number)
    }

    /// Whether an encapsulated feature of option 175 is set: code, length 1, value 1.
    private static func feature(_ code: UInt8, in bytes: [UInt8]) -> Bool {
        var position = 0
        while position + 1 < bytes.count {
            let length = Int(bytes[position + 1])
            if bytes[position] == code { return position + 2 < bytes.count && bytes[position + 2] != 0 }
            position += 2 + length
        }
        return false
    }

    /// Address blocks of the Raspberry Pi makers.
    private static let raspberryPiPrefixes: Set<UInt64> = [
        0x28_CDC1, 0x2C_CF67, 0x88_A29E, 0xB8_27EB, 0xD8_3ADD, 0xDC_A632, 0xE4_5F01,
    ]

    private static func isRaspberryPi(_ address: MACAddress?) -> Bool {
        address.map { raspberryPiPrefixes.contains($0.rawValue >> 24) } ?? false
    }
}
