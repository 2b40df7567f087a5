import Testing
import Wire

@testable import Fleet

/// Which configurations go out to which TPM, and what becomes of the binding.
@Suite struct TPMTests {
    private let name: NodeName
    private let machine: MACAddress

    init() throws {
        name = try NodeName("pc-1")
        machine = try #require(MACAddress("52:54:00:00:00:01"))
    }

    private static func tpm(_ text: String, _ certificate: TPMIdentity.Certificate? = nil) -> TPMIdentity {
        TPMIdentity(
            endorsement: "e\(text)", attestation: "a\(text)", kind: .ecc, certificate: certificate)
    }

    @Test func `the verdict follows from the setting, the binding and what was shown`() {
        let (own, other) = (Self.tpm("1"), Self.tpm("2"))
        let trusted = Self.tpm("3", TPMIdentity.Certificate(issuer: "CN=maker", isTrusted: true))
        let doubtful = Self.tpm("4", TPMIdentity.Certificate(issuer: "CN=maker", isTrusted: false))
        let table: [(TPMUse, TPMIdentity?, TPMIdentity?, Bool, TPMVerdict)] = [
            (.ignore, nil, nil, false, .free), (.ignore, own, other, true, .free),
            (.ignore, own, nil, false, .free),
            (.use, nil, nil, false, .free), (.use, nil, own, false, .binds), (.use, own, own, false, .proven),
            (.use, own, other, false, .refused(.otherTPM)), (.use, own, nil, false, .refused(.noTPM)),
            (.require, nil, nil, false, .refused(.noTPM)), (.require, nil, own, false, .binds),
            (.require, own, own, false, .proven), (.require, own, nil, true, .refused(.noTPM)),
            // With authorities: only the first use is judged by its certificate.
            (.use, nil, own, true, .free), (.use, nil, doubtful, true, .free),
            (.use, nil, trusted, true, .binds), (.use, own, own, true, .proven),
            (.require, nil, own, true, .refused(.untrustedTPM)),
            (.require, nil, doubtful, true, .refused(.untrustedTPM)),
            (.require, nil, trusted, true, .binds), (.require, nil, nil, true, .refused(.noTPM)),
        ]
        for (use, bound, shown, needsCertificate, verdict) in table {
            #expect(
                use.verdict(bound: bound, shown: shown, needsCertificate: needsCertificate) == verdict,
                "\(use) \(String(describing: bound)) \(String(describing: shown)) \(needsCertificate)")
        }
    }

    @Test func `two TPMs are the same only with both keys`() {
        let own = Self.tpm("1")
        var (forged, renewed) = (own, own)
        forged.endorsement = "another"
        #expect(!own.isSame(as: forged))
        renewed.attestation = "another"
        #expect(!own.isSame(as: renewed))
        renewed = own
        renewed.certificate = TPMIdentity.Certificate(issuer: "CN=maker", isTrusted: true)
        #expect(own.isSame(as: renewed))
    }

    @Test func `what was observed lies over the record until a revision has it`() throws {
        let start = FleetSnapshot(
            revision: 1, nodes: [Node(name: name, macAddresses: [machine])], groups: [], images: [])
        let bound = BoundTPM(node: name, tpm: Self.tpm("1"), boundAt: 5)
        let observed = start.observing { $0.tpms[name] = bound }
        #expect(observed.tpm(of: name) == bound && start.tpm(of: name) == nil)
        let accepted = BoundTPM(node: name, tpm: Self.tpm("2"), boundAt: 6)
        let change = try observed.checking([.tpm(name, accepted)])
        #expect(change.after.tpm(of: name) == accepted)
        #expect(observed.summary(of: change.edits) == "TPM a2 of pc-1 accepted")
        let forgotten = try change.after.checking([.tpm(name, nil)])
        #expect(forgotten.after.tpm(of: name) == nil)
        #expect(change.after.summary(of: forgotten.edits) == "TPM of pc-1 forgotten")
        #expect(throws: StoreError.self) { try forgotten.after.checking([.tpm(name, nil)]) }
        // Another change takes it into the records of the next configuration.
        let other = try observed.checking([
            .node(name, Node(name: name, macAddresses: [machine], tags: ["a"]))
        ])
        #expect(other.after.tpm(of: name) == bound)
    }

    @Test func `it goes with its node, also with one that is removed among others`() throws {
        let start = FleetSnapshot(
            revision: 1, nodes: [Node(name: name, macAddresses: [machine])], groups: [], images: []
        ).observing { $0.tpms[name] = BoundTPM(node: name, tpm: Self.tpm("1"), boundAt: 5) }
        let removal = try start.checking([.node(name, nil)])
        #expect(removal.edits.map { $0.type.kind } == ["node", "tpm"])
        #expect(removal.after.tpm(of: name) == nil)
        // One that comes again in the same change stays what it was.
        let node = Node(name: name, macAddresses: [machine], tags: ["again"])
        let again = try start.checking([.node(name, nil), .node(name, node)])
        #expect(again.after.tpm(of: name) != nil)
        // A TPM of a node that is not there is none.
        let other = try NodeName("pc-2")
        #expect(throws: StoreError.self) {
            try start.checking([.tpm(other, BoundTPM(node: other, tpm: Self.tpm("1"), boundAt: 5))])
        }
    }

    @Test func `an alarm says what was shown, and is never that of another machine`() throws {
        let address = try #require(IPv4Address("10.77.0.5"))
        let alarm = NodeAlarm(
            at: 1, address: address, holder: machine, property: .otherTPM, tpm: Self.tpm("22"))
        #expect(
            alarm.summary
                == "10.77.0.5 asked for its configuration with another TPM than the one it is bound to (a22), and got none: a moved card, a copied machine, or a new board"
        )
        let without = NodeAlarm(at: 1, address: address, holder: machine, property: .noTPM)
        #expect(
            without.summary.hasPrefix("10.77.0.5 asked for its configuration without a TPM, and got none"))
        #expect(MachineProperty.otherTPM.isOfTPM && !MachineProperty.configuration.isOfTPM)
    }
}
