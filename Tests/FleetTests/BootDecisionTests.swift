import Testing
import Wire

@testable import Fleet

@Suite struct BootClientTests {
    private func client(_ change: (inout DHCPMessage) -> Void) -> BootClient {
        var message = DHCPMessage(transaction: 1, from: Sample.mac)
        message.options.set(.messageType, to: .discover)
        change(&message)
        return BootClient(message)
    }

    @Test func `QEMU's iPXE ROM is recognised by its bare user class and option 175`() {
        let client = client {
            $0.options[77] = Array("iPXE".utf8)
            $0.options[175] = [0xB1, 5, 1, 0x1A, 0xF4, 0x10, 0, 0xEB, 3, 1, 0, 0, 0x13, 1, 1]
            $0.options[60] = Array("PXEClient:Arch:00000:UNDI:002001".utf8)
        }
        #expect(client.program == .ipxe(canHTTP: true))
        #expect(client.architecture == .biosX86)
    }

    @Test func `an iPXE without HTTP is recognised`() {
        #expect(client { $0.options[175] = [0xEB, 3, 1, 0, 0] }.program == .ipxe(canHTTP: false))
    }

    @Test func `edk2's PXE and HTTP boot are told apart`() {
        #expect(
            client { $0.options[60] = Array("PXEClient:Arch:00007:UNDI:003010".utf8) }.program == .firmware)
        let http = client { $0.options[60] = Array("HTTPClient:Arch:00016:UNDI:003000".utf8) }
        #expect(http.program == .httpFirmware)
        #expect(http.architecture == .uefiX64HTTP)
    }

    @Test func `a Raspberry Pi calls itself a BIOS and is recognised by its MAC address`() {
        var message = DHCPMessage(transaction: 1, from: MACAddress(rawValue: 0xB827_EB00_0001))
        message.options.set(.messageType, to: .discover)
        message.options[60] = Array("PXEClient:Arch:00000:UNDI:002001".utf8)
        #expect(BootClient(message).program == .raspberryPi)
        // Its ROM needs firmware files of its own, which are not here.
        let decision = bootDecision(for: BootClient(message), in: .empty, under: Sample.policy())
        #expect(decision.answer == .nothing && decision.reason == .unsupportedArchitecture(0))
    }

    @Test func `an operating system does not boot, and a message without options is BOOTP`() {
        #expect(client { $0.options[60] = Array("udhcp 1.35.0".utf8) }.program == .system)
        #expect(BootClient(DHCPMessage(transaction: 1, from: Sample.mac)).program == .bootp)
    }

    @Test func `a UUID that is zero or truncated counts as absent`() {
        #expect(client { $0.options[97] = [UInt8](repeating: 0, count: 17) }.uuid == nil)
        #expect(client { $0.options[97] = [0, 1] }.uuid == nil)
    }
}

@Suite struct BootDecisionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var architecture: ClientArchitecture?
        var program: BootClient.Program
        var answer: BootDecision.Answer
        var testDescription: String { "\(architecture?.rawValue ?? 999) \(program)" }
    }

    @Test(arguments: [
        Case(architecture: .biosX86, program: .firmware, answer: .file("undionly.kpxe")),
        Case(architecture: .uefiX64, program: .firmware, answer: .file("shimx64.efi")),
        Case(architecture: .uefiX64Alternate, program: .firmware, answer: .file("shimx64.efi")),
        // 16 is x64 by HTTP; Pixiecore took it for arm64.
        Case(architecture: .uefiX64HTTP, program: .httpFirmware, answer: .url("http://10.77.0.1/ipxe.efi")),
        Case(
            architecture: .uefiX64, program: .ipxe(canHTTP: true),
            answer: .url("http://10.77.0.1/node/52-54-00-12-34-57/boot.ipxe")),
        Case(
            architecture: .biosX86, program: .ipxe(canHTTP: false),
            answer: .file("node/52-54-00-12-34-57/boot.ipxe")),
        Case(architecture: nil, program: .bootp, answer: .file("undionly.kpxe")),
        Case(architecture: .uefiIA32, program: .firmware, answer: .nothing),
        Case(architecture: ClientArchitecture(rawValue: 77), program: .firmware, answer: .nothing),
        Case(architecture: nil, program: .system, answer: .nothing),
    ])
    func `an unknown machine gets a loader for its architecture`(one: Case) throws {
        let client = BootClient(
            macAddress: MACAddress(rawValue: 0x5254_0012_3457), architecture: one.architecture,
            program: one.program)
        #expect(
            bootDecision(for: client, in: try Sample.snapshot(), under: Sample.policy()).answer == one.answer)
    }

    @Test func `a group's loader wins, and the reason names it`() throws {
        let client = BootClient(macAddress: Sample.mac, architecture: .uefiX64, program: .firmware)
        let decision = bootDecision(for: client, in: try Sample.snapshot(), under: Sample.policy())
        #expect(decision.answer == .file("ipxe.efi"))
        #expect(decision.reason.description.contains("group /school"))
    }

    @Test func `the first matching loader rule counts, unless the node has its own setting`() throws {
        var policy = Sample.policy()
        policy.loaderRules = [
            LoaderRule(name: try RuleName("arm"), architecture: .uefiARM64, loader: "ipxe.efi"),
            LoaderRule(
                name: try RuleName("qemu"), macPattern: MACPattern("52:54:00:*"), architecture: .uefiX64,
                vendorClass: "PXEClient", loader: "snponly.efi"),
            LoaderRule(name: try RuleName("rest"), vendorClass: "PXEClient", loader: "ipxe.efi"),
        ]
        func decision(_ mac: UInt64, _ vendorClass: String) throws -> BootDecision {
            let client = BootClient(
                macAddress: MACAddress(rawValue: mac), architecture: .uefiX64, program: .firmware,
                vendorClass: vendorClass)
            return bootDecision(for: client, in: try Sample.snapshot(), under: policy)
        }
        #expect(
            try decision(0x5254_0000_0099, "PXEClient:Arch:00007").reason
                == .rule(RuleName("qemu"), loader: "snponly.efi"))
        #expect(
            try decision(0x5255_0000_0099, "PXEClient:Arch:00007").reason
                == .rule(RuleName("rest"), loader: "ipxe.efi"))
        #expect(try decision(0x5255_0000_0099, "").answer == .file("shimx64.efi"))
        // This one's group sets iPXE.
        #expect(try decision(Sample.mac.rawValue, "PXEClient").reason.description.contains("group /school"))
    }

    @Test(arguments: ["", "*", "52:54", "52:54:00:12:34:56:*", "5:*", "zz:*", "52:54:00:12:34:56:78"])
    func `invalid prefixes of MAC addresses are refused`(text: String) {
        #expect(MACPattern(text) == nil)
    }

    @Test func `a loader missing on the server is never offered`() throws {
        let client = BootClient(macAddress: Sample.mac, architecture: .biosX86, program: .firmware)
        let decision = bootDecision(for: client, in: try Sample.snapshot(), under: Sample.policy(loaders: []))
        #expect(decision.reason == .loaderMissing("undionly.kpxe", for: .biosX86))
    }

    @Test func `unknown machines can be refused while known ones still boot`() throws {
        let snapshot = try Sample.snapshot(site: ["enrolment": .text("refuse")])
        let policy = Sample.policy()
        let unknown = BootClient(
            macAddress: MACAddress(rawValue: 7), architecture: .biosX86, program: .firmware)
        #expect(bootDecision(for: unknown, in: snapshot, under: policy).reason == .refusedUnknown)
        let known = BootClient(macAddress: Sample.mac, architecture: .biosX86, program: .firmware)
        #expect(bootDecision(for: known, in: snapshot, under: policy).answer == .file("undionly.kpxe"))
    }
}

@Suite struct BootPlanTests {
    private func plan(_ settings: [String: SettingValue] = [:], site: [String: SettingValue] = [:]) throws
        -> BootPlan
    {
        let address = ClientAddress(
            address: IPv4Address(rawValue: 0x0A4D_0064), network: try #require(IPv4Network("10.77.0.0/24")),
            leaseSeconds: 3_600)
        return bootPlan(
            for: BootIdentity(macAddress: Sample.mac, address: address, boot: "0123456789abcdef"),
            in: try Sample.snapshot(nodeSettings: settings, site: site), under: Sample.policy())
    }

    @Test func `the address is passed to the kernel, with everything that init needs`() throws {
        let words = try plan(["kernel-arguments": .list(["quiet"])]).commandLine
        for word in [
            "BOOTIF=01-52-54-00-12-34-56", "ip=10.77.0.100:10.77.0.1::255.255.255.0:pc-1::off",
            "roost.export=debian@aaaaaaaaaaaa",
            "roost.nbd=10.77.0.1:10809", "roost.boot=0123456789abcdef", "roost.lease=3600", "quiet",
            "console=tty0",
        ] { #expect(words.contains(word), "\(word)") }
    }

    @Test func `a root in memory has its size and checksum on the command line, one by NBD does not`() throws
    {
        let words = try plan(["root-mode": .text("ram")]).commandLine
        #expect(words.contains("roost.root=ram"))
        #expect(words.contains("roost.image=\(Sample.digest("a"))"))
        #expect(words.contains("roost.sha256=\(Sample.digest("3"))"))
        #expect(words.contains("roost.size=4096"))
        // x86's limit (COMMAND_LINE_SIZE).
        #expect(words.joined(separator: " ").utf8.count < 2_048)
        #expect(!(try plan().commandLine.contains { $0.hasPrefix("roost.sha256=") }))
    }

    @Test(arguments: [
        ("debian", 1), ("debian@stable", 1), ("debian@2", 2), ("debian@bbbbbbbb", 2),
    ])
    func `a node boots the version of its setting`(reference: String, number: Int) throws {
        guard case .image(let version, _) = try plan(["image": .text(reference)]).target else {
            Issue.record("nothing to boot")
            return
        }
        #expect(version.number == number)
    }

    @Test func `a missing version is reported, with the level that names it`() throws {
        guard case .nothing(let because) = try plan(site: ["image": .text("debian@9")]).target else {
            Issue.record("something to boot")
            return
        }
        #expect(because.english.contains("debian@9") && because.english.contains("site"))
    }

    @Test func `scripts name the kernel and both archives, and never end at a prompt`() throws {
        let plan = try plan()
        let ipxe = BootScript.ipxe(plan).text
        #expect(ipxe.hasPrefix("#!ipxe\n"))
        #expect(
            ipxe.contains(
                "kernel --name kernel http://10.77.0.1/i/\(Sample.digest("a"))/kernel initrd=modules.cpio initrd=node.cpio"
            ))
        #expect(ipxe.contains("initrd --name node.cpio http://10.77.0.1/i/\(Sample.digest("f"))/node.cpio"))
        #expect(ipxe.contains("chain --replace http://10.77.0.1/node/52-54-00-12-34-56/boot.ipxe"))
        let grub = BootScript.grub(plan).text
        #expect(grub.contains("linux (tftp,10.77.0.1)/i/\(Sample.digest("a"))/kernel BOOTIF="))
        #expect(grub.contains("reboot"))
    }

    @Test(arguments: [
        ("0004-00000000,-,-", 1_024), ("0020-,0020-,", 16_384), ("ff7f-00000100,ff7f-00000100", 131_072),
        ("0082-00000000", 0), ("0090-", 4), ("ffff-00000000,0000-", 0), ("ff7f-", 0), ("", 0), ("-", 0),
        ("0004", 0),
        ("zz04-", 0), ("+004-", 0), ("00040000-", 1_024), ("é-é,0004-", 1_024),
        (String(repeating: "0004-,", count: 1_000), 16_384),
    ])
    func `the sizes of memory modules are added up`(answer: String, mebibytes: Int) {
        #expect(MachineMemory(answer: answer).mebibytes == mebibytes, "\(answer)")
    }

    @Test func `a waiting machine is asked for its memory before it shows it`() throws {
        var contents = FleetSnapshot.Contents()
        contents.groups = [.site: NodeGroup(path: .site, settings: ["enrolment": .text("quarantine")])]
        let plan = bootPlan(
            for: BootIdentity(macAddress: Sample.mac, boot: "0123456789abcdef"),
            in: FleetSnapshot(revision: 1, contents: contents), under: Sample.policy())
        #expect(BootScript.ipxe(plan).text.contains("boot.ipxe?memory=${smbios/0.17.12.2:hexraw}-"))
        let screen = BootScript.ipxe(plan, memory: MachineMemory(mebibytes: 2_048)).text
        #expect(screen.contains("waits for approval") && screen.contains("echo Memory: 2048 MiB\n"))
        #expect(!BootScript.ipxe(plan, memory: MachineMemory(mebibytes: 0)).text.contains("Memory"))
    }
}
