import Testing
import Wire

@testable import Fleet

/// Machines that are easily mistaken for others, and loaders that they must not get.
@Suite struct ArchitectureFieldTests {
    private static let loaders: Set = [
        "undionly.kpxe", "ipxe.efi", "snponly.efi", "shimx64.efi", "grubx64.efi", "ipxe-arm64.efi",
        "snponly-arm64.efi", "shimaa64.efi", "grubaa64.efi",
    ]

    /// The architectures of a file, by its name.
    private static func machines(for file: String) -> Set<UInt16> {
        if file == "undionly.kpxe" { return [0] }
        return file.contains("arm64") || file.contains("aa64") ? [11, 19] : [7, 9, 16]
    }

    @Test(arguments: ["auto", "ipxe", "snponly", "grub"])
    func `no machine gets a loader for another architecture, whatever its setting`(wish: String) throws {
        let snapshot = try Sample.snapshot(nodeSettings: ["loader": .text(wish)])
        let programs: [BootClient.Program] = [.firmware, .httpFirmware, .uBoot, .raspberryPi]
        for (number, program) in (UInt16(0)...64).flatMap({ number in programs.map { (number, $0) } }) {
            let client = BootClient(
                macAddress: Sample.mac, architecture: ClientArchitecture(rawValue: number), program: program)
            let decision = bootDecision(
                for: client, in: snapshot, under: Sample.policy(loaders: Self.loaders))
            switch decision.answer {
            case .nothing: #expect(!decision.reason.description.isEmpty)
            case .file(let name):
                #expect(Self.machines(for: name).contains(number), "\(number) \(program): \(name)")
            case .url(let url):
                let name = try #require(url.split(separator: "/").last.map(String.init))
                #expect(Self.machines(for: name).contains(number), "\(number) \(program): \(name)")
            }
        }
    }

    /// edk2 on a Raspberry Pi: the architecture is only in the class; option 93 is missing or empty.
    @Test(arguments: [nil, []] as [[UInt8]?])
    func `UEFI on a board whose ROM calls itself a BIOS is UEFI`(option93: [UInt8]?) {
        var message = DHCPMessage(transaction: 1, from: MACAddress(rawValue: 0xDCA6_3200_0001))
        message.options.set(.messageType, to: .discover)
        message.options[60] = Array("PXEClient:Arch:00011:UNDI:003000".utf8)
        message.options[93] = option93
        let client = BootClient(message)
        #expect(client.program == .firmware && client.architecture == .uefiARM64)
        let decision = bootDecision(for: client, in: .empty, under: Sample.policy(loaders: Self.loaders))
        #expect(decision.answer == .file("shimaa64.efi"))
    }

    @Test(arguments: [7, 9] as [UInt16])
    func `both numbers of x64 get the same, and a loader's own request does not get the loader again`(
        number: UInt16
    ) throws {
        var network = try DHCPNetwork()
        let first = network.say(.discover) {
            $0.options.set(.clientArchitecture, to: [ClientArchitecture(rawValue: number)])
        }
        #expect(first.reply?.message.bootFile == "shimx64.efi")
        let second = network.say(.discover) {
            $0.options.set(.clientArchitecture, to: [ClientArchitecture(rawValue: number)])
            $0.options[77] = Array("iPXE".utf8)
        }
        #expect(second.reply?.message.bootFile.hasSuffix("/boot.ipxe") == true)
    }

    @Test func `the boot file is in the header for clients that do not read option 67`() throws {
        var network = try DHCPNetwork()
        for (vendorClass, file) in [
            ("PXEClient:Arch:00000:UNDI:002001", "undionly.kpxe"),
            ("PXEClient:Arch:00007:UNDI:003000", "shimx64.efi"),
        ] {
            let outcome = network.say(.discover) { $0.options[60] = Array(vendorClass.utf8) }
            let reply = try #require(outcome.reply?.message)
            #expect(reply.bootFile == file && reply.nextServer == Sample.server)
            // Read up to a zero, or by its length, it is the same name.
            #expect(reply.options[67] == Array(file.utf8) + [0])
        }
    }

    // MARK: Host names

    @Test
    func `a node's name longer than a kernel's host name is refused, others are passed on unchanged`()
        throws
    {
        let longest = String(repeating: "n", count: 63)
        #expect(throws: InvalidName.self) { try NodeName(longest + "n") }
        let node = Node(name: try NodeName(longest), macAddresses: [Sample.mac])
        var network = try DHCPNetwork()
        network.snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        let outcome = network.say(.discover)
        // Without a domain: with one, it may exceed the kernel's 64 bytes.
        #expect(try outcome.reply?.message.options.value(of: .hostName) == longest)
    }
}
