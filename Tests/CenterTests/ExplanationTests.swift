import API
import Fleet
import Testing
import Wire

@testable import Center

@Suite struct ExplanationTests {
    private let heard = BootClient(
        macAddress: MACAddress(rawValue: 0x5252_5252_5252), architecture: .uefiARM64, program: .uBoot,
        vendorClass: "PXEClient:Arch:00011:UNDI:003000")

    private func client(_ asked: Explanation.Asked, heard: BootClient?) throws -> BootClient {
        let identity = BootIdentity(macAddress: MACAddress(rawValue: 0x5252_5252_5252))
        return try Explanation.client(asked, identity, heard: heard)
    }

    @Test func `a machine is explained according to its last DHCP request`() throws {
        #expect(try client(Explanation.Asked(), heard: heard) == heard)
        // U-Boot without a stated architecture is not a BIOS.
        var silent = heard
        silent.architecture = nil
        #expect(try client(Explanation.Asked(), heard: silent) == silent)
    }

    @Test func `the address of a machine is its node's, then a reserved one`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let (card, address) = (
            MACAddress(rawValue: 0x02_00_00_00_00_77), try #require(IPv4Address("10.77.0.77"))
        )
        let machine = DHCPReservation.Identity.macAddress(card)
        try await fleet.services.fleet.change(by: "ann") { _ in
            [.reservation(machine, DHCPReservation(machine, address))]
        }
        let answer = try await acts.explain("\(card)", uuid: nil, Explanation.Asked())
        #expect(answer.address == address && !answer.isKnown)
        let name = try NodeName("pc-1")
        let own = try await acts.explain(name.text, uuid: nil, Explanation.Asked())
        #expect(own.address == IPv4Address("10.77.0.1"), "its lease: it has no address of its own")
    }

    @Test func `iPXE was started by a firmware, which asks first`() throws {
        var loader = heard
        loader.program = .ipxe(canHTTP: true)
        #expect(try client(Explanation.Asked(), heard: loader).program == .firmware)
        #expect(try client(Explanation.Asked(loader: "ipxe"), heard: loader).program == .ipxe(canHTTP: true))
    }

    @Test func `the question takes precedence, and a machine that was never heard is a BIOS`() throws {
        let asked = try client(Explanation.Asked(architecture: "uefi-http"), heard: heard)
        #expect(asked.architecture == .uefiX64HTTP && asked.program == .httpFirmware)
        #expect(asked.vendorClass == "")
        let unheard = try client(Explanation.Asked(), heard: nil)
        #expect(unheard.architecture == .biosX86 && unheard.program == .firmware)
    }
}
