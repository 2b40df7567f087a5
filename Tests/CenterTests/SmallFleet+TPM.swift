import Fleet
import Testing
import Wire

@testable import Center

extension SmallFleet {
    /// The TPM that the place's node is bound to.
    static func boundTPM(of place: Place) throws -> FleetEdit {
        let name = try NodeName(place.node)
        return .tpm(name, BoundTPM(node: name, tpm: tpm("aa"), boundAt: 1))
    }

    /// Another TPM, which an earlier boot was refused with.
    static func noteOtherTPM(of place: Place, in fleet: LiveFleet) async throws {
        let machine = try #require(MACAddress(place.macAddress))
        try await fleet.note(
            NodeAlarm(
                at: 1, address: IPv4Address(rawValue: 0x0A4D_0063), holder: machine, property: .otherTPM,
                tpm: tpm("bb")), of: machine)
    }

    /// - Parameter digits: two of them.
    static func tpm(_ digits: String) -> TPMIdentity {
        TPMIdentity(
            endorsement: "000b" + String(repeating: digits, count: 32),
            attestation: "000b" + String(repeating: digits, count: 32), kind: .ecc)
    }
}
