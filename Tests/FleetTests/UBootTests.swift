import Testing
import Wire

@testable import Fleet

/// Messages of U-Boot (Debian's u-boot-qemu 2023.01, recorded), and the replies.
@Suite struct UBootTests {
    private static let loaders: Set = [
        "shimaa64.efi", "grubaa64.efi", "shimx64.efi", "grubx64.efi", "ipxe.efi",
    ]

    /// Its DISCOVER: options 57, 93 if built with one, 94, 60 and 55.
    private static func discover(_ vendorClass: String, _ architecture: UInt16?) -> BootClient {
        var message = DHCPMessage(transaction: 0x5252_5397, from: MACAddress(rawValue: 0x5252_5252_5252))
        message.options.set(.messageType, to: .discover)
        message.options[57] = [2, 0x40]
        if let architecture {
            message.options.set(.clientArchitecture, to: [ClientArchitecture(rawValue: architecture)])
        }
        message.options[94] = [1, 0, 0]
        message.options[60] = Array(vendorClass.utf8)
        message.options[55] = [1, 3, 6, 12, 17]
        return BootClient(message)
    }

    private func decision(_ client: BootClient, _ loaders: Set<String>) throws -> BootDecision {
        bootDecision(for: client, in: try Sample.snapshot(), under: Sample.policy(loaders: loaders))
    }

    @Test(
        arguments: [
            ("U-Boot.armv8", 22, "client architecture 22 (arm64 U-Boot); U-Boot's EFI loader"),
            ("U-Boot.armv7", 21, "client architecture 21 (32-bit ARM U-Boot)"),
            ("U-Boot", nil, "this is U-Boot, which does not state"),
            ("U-Boot", 0, "this is U-Boot, which does not state"),
            ("PXEClient:Arch:00010:UNDI:003000", 10, "client architecture 10 (32-bit ARM UEFI)"),
            ("PXEClient:Arch:00027:UNDI:003000", 27, "client architecture 27 (64-bit RISC-V UEFI)"),
        ] as [(String, UInt16?, String)])
    func `U-Boot without a loader here is told so, and gets none for other machines`(
        vendorClass: String, architecture: UInt16?, reason: String
    ) throws {
        let client = Self.discover(vendorClass, architecture)
        #expect(client.program == .uBoot)
        let decision = try decision(client, Self.loaders.union(["undionly.kpxe"]))
        #expect(decision.answer == .nothing)
        #expect(decision.reason.description.contains(reason), "\(decision.reason)")
    }

    @Test(
        arguments: [
            (11, loaders, "grubaa64.efi"), (7, loaders, "grubx64.efi"),
            (11, ["shimaa64.efi", "grubaa64.efi", "ipxe-arm64.efi"], "grubaa64.efi"),
            (11, ["shimaa64.efi", "ipxe-arm64.efi"], "ipxe-arm64.efi"),
            (7, ["shimx64.efi", "ipxe.efi"], "ipxe.efi"),
        ] as [(UInt16, Set<String>, String)])
    func `its EFI loader gets GRUB without shim, which finds no network there`(
        architecture: UInt16, loaders: Set<String>, file: String
    ) throws {
        let client = Self.discover(
            "PXEClient:Arch:000\(architecture < 10 ? "0" : "")\(architecture):UNDI:003000", architecture)
        #expect(client.program == .uBoot)
        let decision = try decision(client, loaders)
        #expect(decision.answer == .file(file))
        #expect(decision.answer.isGRUB == file.hasPrefix("grub"))
    }

    @Test func `missing files for arm64 are reported with the settings key`() throws {
        let client = Self.discover("PXEClient:Arch:00011:UNDI:003000", 11)
        let reason = try decision(client, ["ipxe.efi", "shimx64.efi", "grubx64.efi"]).reason
        #expect(reason == .loaderMissing("grubaa64.efi", for: .uefiARM64))
        #expect(reason.description.contains("for arm64") && reason.description.contains("roost.yaml"))
    }

    @Test func `a rule may give U-Boot itself a script of the operator's`() throws {
        var policy = Sample.policy(loaders: ["boot.scr.uimg"])
        policy.loaderRules = [
            LoaderRule(name: try RuleName("board"), vendorClass: "U-Boot", loader: "boot.scr.uimg")
        ]
        let client = Self.discover("U-Boot.armv8", 22)
        let decision = bootDecision(for: client, in: try Sample.snapshot(), under: policy)
        #expect(decision.answer == .file("boot.scr.uimg"))
    }

    @Test(
        arguments: [
            (["shimaa64.efi", "grubaa64.efi"], "shimaa64.efi"), (["ipxe-arm64.efi"], "ipxe-arm64.efi"),
            (["shimaa64.efi"], nil), ([], nil),
        ] as [(Set<String>, String?)])
    func `other arm64 firmware gets the signed chain if it is complete, else iPXE`(
        loaders: Set<String>, file: String?
    ) throws {
        var client = Self.discover("PXEClient:Arch:00011:UNDI:003000", 11)
        client.program = .firmware
        #expect(try decision(client, loaders).answer == (file.map { .file($0) } ?? .nothing))
    }

    @Test func `the answer has no PXE options, which U-Boot does not know`() throws {
        var network = try DHCPNetwork()
        let outcome = network.say(.discover) {
            $0.options[94] = [1, 0, 0]
            $0.options[60] = Array("PXEClient:Arch:00007:UNDI:003000".utf8)
        }
        let reply = try #require(outcome.reply?.message)
        #expect(reply.bootFile == "grubx64.efi" && reply.nextServer == Sample.server)
        #expect(reply.options[60] == nil && reply.options[43] == nil)
        #expect(reply.options[67] == Array("grubx64.efi".utf8))
        #expect(outcome.client?.summary == "U-Boot, x86-64 UEFI")
    }

    @Test func `what a node lacks to boot is reported before it boots, once it has sent a request`() throws {
        let snapshot = try Sample.snapshot()
        let node = try #require(snapshot.node(at: Sample.mac, uuid: nil))
        let policy = Sample.policy()
        func lack(_ architecture: UInt16, _ program: BootClient.Program) -> String? {
            let client = BootClient(
                macAddress: Sample.mac, architecture: ClientArchitecture(rawValue: architecture),
                program: program)
            let known = snapshot.client(of: node, in: [Sample.mac: client])
            return snapshot.lack(of: node, under: policy, asking: known)?.english
        }
        #expect(snapshot.lack(of: node, under: policy) == nil)
        #expect(lack(7, .firmware) == nil && lack(0, .ipxe(canHTTP: true)) == nil)
        #expect(lack(6, .firmware)?.contains("client architecture 6 (32-bit x86 UEFI)") == true)
        #expect(lack(11, .uBoot)?.contains("this machine is arm64 UEFI") == true)
    }

    // MARK: Images of another architecture

    @Test(
        arguments: [
            (0, "amd64", true), (0, "i386", true), (7, "amd64", true), (16, "amd64", true),
            (11, "arm64", true),
            (11, "amd64", false), (7, "arm64", false), (0, "arm64", false), (27, "amd64", false),
            (10, "arm64", false), (77, "amd64", true),
        ] as [(UInt16, String, Bool)])
    func `no machine gets a kernel for another architecture`(
        architecture: UInt16, image: String, boots: Bool
    ) throws {
        var contents = try Sample.snapshot().contents
        contents.images[try ImageName("debian")]?.versions[0].manifest.architecture = image
        var policy = Sample.policy()
        policy.nodeArchives[image] = NodeArchive(digest: Sample.digest("e"), byteCount: 2)
        let identity = BootIdentity(
            macAddress: Sample.mac, architecture: ClientArchitecture(rawValue: architecture))
        let plan = bootPlan(for: identity, in: FleetSnapshot(revision: 1, contents: contents), under: policy)
        switch plan.target {
        case .image: #expect(boots)
        case .nothing(let because):
            #expect(!boots && because.english.hasPrefix("debian is for \(image), and this machine is "))
            #expect(BootScript.grub(plan).text.contains("debian is for \(image), and this machine is "))
        case .waiting: Issue.record("it is a node")
        }
    }
}
