package import Wire

/// A client's kind, according to its DHCP message. This is the only classification.
package struct BootClient: Hashable, Sendable {
    /// The program that sent the message.
    package enum Program: Hashable, Sendable {
        /// PXE of the firmware or of a card's ROM.
        case firmware
        /// UEFI HTTP boot: it expects a URL, and `HTTPClient` in the reply.
        case httpFirmware
        case ipxe(canHTTP: Bool)
        /// The boot ROM of a Raspberry Pi, which calls itself a BIOS.
        case raspberryPi
        /// U-Boot's own boot or its EFI loader, told apart by the architecture.
        case uBoot
        /// BOOTP, without further options.
        case bootp
        /// An operating system, or anything else that does not boot.
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

    /// The kind of client, for people: `U-Boot, arm64 UEFI`.
    package var summary: String {
        let name =
            switch program {
            case .firmware: "firmware"
            case .httpFirmware: "firmware by HTTP"
            case .ipxe: "iPXE"
            case .raspberryPi: "boot ROM of a Raspberry Pi"
            case .uBoot: "U-Boot"
            case .bootp: "BOOTP"
            case .system: "system"
            }
        guard let architecture else { return name }
        return "\(name), \(architecture.name ?? "client architecture \(architecture.rawValue)")"
    }

    /// Malformed options count as absent: a machine with odd firmware should still boot.
    package init(_ message: DHCPMessage) {
        let options = message.options
        macAddress = message.macAddress
        // Some ROMs send no option 97, and QEMU without -uuid sends zeros.
        uuid = (try? options.value(of: .clientUUID))??.uuid
        if uuid?.isMeaningful == false { uuid = nil }
        vendorClass = Self.vendorClass(in: options)
        let userClasses = (try? options.value(of: .userClass))??.classes ?? []
        let loaderOptions = options[DHCPOption<[UInt8]>.etherboot.code]
        let stated = Self.architecture(in: options, orIn: vendorClass)
        architecture = stated
        if userClasses.contains("iPXE") || userClasses.contains("gPXE") || loaderOptions != nil {
            program = .ipxe(canHTTP: loaderOptions.map { Self.feature(0x13, in: $0) } ?? true)
        } else if vendorClass.hasPrefix("HTTPClient") {
            program = .httpFirmware
        } else if Self.isUBoot(vendorClass, stated, in: options) {
            program = .uBoot
        } else if vendorClass.hasPrefix("PXEClient") || stated != nil {
            // A plain `PXEClient` predates all other architectures.
            architecture = stated ?? .biosX86
            program =
                Self.isRaspberryPi(message.macAddress) && stated == .biosX86 ? .raspberryPi : .firmware
        } else if !options.has(53) {
            program = .bootp
        } else {
            program = .system
        }
    }

    /// U-Boot's own boot names itself in option 60, without an architecture on x86; its EFI loader (`PXEClient:Arch:…`) is recognised by
    /// its interface: UNDI 0.0 in option 94, which no UNDI has.
    private static func isUBoot(
        _ vendorClass: String, _ architecture: ClientArchitecture?, in options: DHCPOptions
    ) -> Bool {
        vendorClass.hasPrefix("U-Boot") || architecture?.isUBoot == true || options[94] == [1, 0, 0]
    }

    /// Option 60, without the length, zeros and spaces that some clients put around it; else option 124 (RFC 3925 §3).
    private static func vendorClass(in options: DHCPOptions) -> String {
        func isText(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
        if let bytes = options[DHCPOption<String>.vendorClass.code] {
            let start = bytes.drop { !isText($0) }
            let text = String(decoding: start.prefix { $0 != 0 }, as: UTF8.self)
            // A length from 33 on looks like a letter.
            let rest = text.dropFirst()
            return loaderClasses.contains { rest.hasPrefix($0) } ? String(rest) : text
        }
        guard let classes = options[124], classes.count > 5 else { return "" }
        // An enterprise number, a length, and the same text as in option 60.
        return String(
            decoding: classes.dropFirst(5).drop { !isText($0) }.prefix(while: isText), as: UTF8.self)
    }

    /// How the classes of firmware begin.
    private static let loaderClasses = ["PXEClient", "HTTPClient", "U-Boot"]

    /// What option 93 says, else the class. A client that is of several architectures prefers the first one (RFC 4578 §2.1); it gets
    /// the first one that there is a loader for. Some send only one byte, and some the bytes of a number in the wrong order: then the
    /// class counts.
    private static func architecture(in options: DHCPOptions, orIn vendorClass: String) -> ClientArchitecture?
    {
        let inClass = architecture(in: vendorClass)
        guard let bytes = options[DHCPOption<[ClientArchitecture]>.clientArchitecture.code], !bytes.isEmpty
        else { return inClass }
        let numbers =
            bytes.count == 1
            ? [UInt16(bytes[0])]
            : stride(from: 0, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
            }
        let stated = numbers.map { ClientArchitecture(rawValue: $0) }
        if let known = stated.first(where: \.hasLoader) { return known }
        if let inClass, stated[0].name == nil, inClass.name != nil { return inClass }
        return stated[0]
    }

    /// `PXEClient:Arch:00007:UNDI:003010`: some clients state it only here, and some put other bytes behind the number.
    private static func architecture(in vendorClass: String) -> ClientArchitecture? {
        let parts = vendorClass.split(separator: ":")
        guard parts.count >= 3, parts[1] == "Arch",
            let number = UInt16(parts[2].prefix { $0.isASCII && $0.isWholeNumber })
        else { return nil }
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
