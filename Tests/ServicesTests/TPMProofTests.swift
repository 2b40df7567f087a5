import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// TPMs in the data planes: challenges as a TPM opens them, and configurations for one TPM alone.
@Suite struct TPMProofTests {
    private let machine: MACAddress
    private let name: NodeName

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        name = try NodeName("pc-1")
    }

    // MARK: Challenges

    @Test func `a challenge has the bytes that a TPM opened`() throws {
        let keyName = TPMDerivation.name(of: try TPMKey(.attestation, TPMVectors.attestation))
        #expect(Hashing.hexadecimal(keyName) == TPMVectors.attestationName)
        let curve = try TPMKey(.curve, TPMVectors.curve)
        #expect(Hashing.hexadecimal(TPMDerivation.name(of: curve)) == TPMVectors.curveName)
        let challenge = TPMChallenge.make(
            of: TPMVectors.credential, for: curve, name: keyName,
            chance: TPMChallenge.Chance(bytes: TPMVectors.curveChance))
        #expect(challenge == TPMChallenge(blob: TPMVectors.blob, secret: TPMVectors.secret))
        // RSA's padding has chance of its own; the blob follows from the seed.
        let rsa = try #require(
            TPMChallenge.make(
                of: TPMVectors.credential, for: TPMKey(.rsa, TPMVectors.rsa), name: keyName,
                chance: TPMChallenge.Chance(bytes: TPMVectors.rsaChance)))
        #expect(rsa.blob == TPMVectors.rsaBlob && rsa.secret.count == 256)
    }

    @Test func `each challenge is another one, and an endorsement key that is no point gets none`() throws {
        let curve = try TPMKey(.curve, TPMVectors.curve)
        func make(_ key: TPMKey) -> TPMChallenge? {
            TPMChallenge.make(of: TPMVectors.credential, for: key, name: [1, 2])
        }
        let (first, second) = (try #require(make(curve)), try #require(make(curve)))
        #expect(first.blob != second.blob && first.secret != second.secret)
        var changed = TPMVectors.curve
        changed[changed.count - 1] ^= 1
        #expect(try make(TPMKey(.curve, changed)) == nil)
        // Nothing is made of a number that the curve does not have.
        for byte in [UInt8(0), 0xFF] {
            let chance = TPMChallenge.Chance(bytes: [UInt8](repeating: byte, count: 32))
            #expect(
                TPMChallenge.make(of: TPMVectors.credential, for: curve, name: [1], chance: chance) == nil)
        }
    }

    // MARK: Certificates

    @Test func `a certificate counts for its own key, and is trusted where its issuer is`() throws {
        let rsa = try TPMKey(.rsa, TPMVectors.rsa)
        let authorities = try #require(TPMAuthorities(pem: TPMVectors.issuer))
        let alone = EndorsementCertificate.read(TPMVectors.certificate, of: rsa, trusting: nil)
        #expect(alone == TPMIdentity.Certificate(issuer: "/CN=swtpm-localca", isTrusted: false))
        let trusted = EndorsementCertificate.read(TPMVectors.certificate, of: rsa, trusting: authorities)
        #expect(trusted?.isTrusted == true)
        let curve = try TPMKey(.curve, TPMVectors.curve)
        #expect(EndorsementCertificate.read(TPMVectors.certificate, of: curve, trusting: authorities) == nil)
        #expect(TPMAuthorities(pem: "") == nil && TPMAuthorities(pem: "-----BEGIN CERTIFICATE-----") == nil)
    }

    @Test func `a damaged certificate is none, or not trusted`() throws {
        let rsa = try TPMKey(.rsa, TPMVectors.rsa)
        let authorities = try #require(TPMAuthorities(pem: TPMVectors.issuer))
        let bytes = TPMVectors.certificate
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x55
            let read = EndorsementCertificate.read(changed, of: rsa, trusting: authorities)
            #expect(read?.isTrusted != true, "\(index)")
        }
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let cut = Array(bytes.prefix(count))
            #expect(EndorsementCertificate.read(cut, of: rsa, trusting: authorities) == nil, "\(count)")
        }
        #expect(EndorsementCertificate.read(bytes + [0], of: rsa, trusting: authorities) == nil)
    }

    // MARK: The dialogue

    @Test func `a node is bound before it gets anything, and then to that TPM`() throws {
        let bench = try TPMBench(machine, name)
        let (key, boot) = (NodeKey(), try bench.boot())
        #expect(try bench.wish() == "any\n")
        let credential = try bench.introduce(key)
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(key, proof).status == 503 && bench.ask(key, proof).status == 503)
        // It asked the store once.
        let bound = try #require(bench.bindings.first)
        #expect(bench.bindings.count == 1 && bound.node == name && bound.tpm.kind == .ecc)
        #expect(bound.tpm.attestation == TPMVectors.attestationName)
        bench.bind(bound)
        let answer = try bench.ask(key, proof)
        #expect(answer.status == 200)
        let opened = try bench.open(answer, key)
        // The key of the boot alone does not open it.
        #expect(TPMCredential.isSealed(opened))
        #expect(String(decoding: try credential.open(opened), as: UTF8.self).hasPrefix("070701"))
        #expect(throws: SealingError.notForThisKey) { try TPMCredential().open(opened) }
        #expect(try bench.wish() == "ecc\n")
    }

    @Test func `a bound node gets nothing with another TPM, or without, and alarms once in a boot`() throws {
        let bench = try TPMBench(machine, name)
        bench.bind(BoundTPM(node: name, tpm: try bench.identity(), boundAt: 1))
        let (key, boot) = (NodeKey(), try bench.boot())
        #expect(try bench.ask(key, []).status == 403)
        #expect(bench.alarms.map(\.property) == [.noTPM])
        let other = try bench.introduce(
            key, TPMVectors.otherCurve, TPMVectors.otherAttestation)
        let proof = other.proof(for: key.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(key, proof).status == 403)
        #expect(bench.alarms.count == 1 && bench.bindings.isEmpty)
        // The next boot's alarm has the TPM in it.
        bench.startAgain()
        let next = NodeKey()
        let again = try bench.introduce(
            next, TPMVectors.otherCurve, TPMVectors.otherAttestation)
        let second = again.proof(for: next.publicBytes, of: machine, in: try bench.boot())
        #expect(try bench.ask(next, second).status == 403)
        #expect(bench.alarms.map(\.property) == [.noTPM, .otherTPM])
        #expect(bench.alarms.last?.tpm?.isSame(as: try bench.identity()) == false)
    }

    @Test func `another TPM with the attestation key of the bound one is another TPM`() throws {
        let bench = try TPMBench(machine, name)
        bench.bind(BoundTPM(node: name, tpm: try bench.identity(), boundAt: 1))
        let key = NodeKey()
        // Public keys can be copied; a program with an endorsement key of its own opens the challenge without the attestation key.
        let forged = try bench.introduce(key, TPMVectors.otherCurve, TPMVectors.attestation)
        let proof = forged.proof(for: key.publicBytes, of: machine, in: try bench.boot())
        #expect(try bench.ask(key, proof).status == 403)
        #expect(bench.alarms.map(\.property) == [.otherTPM])
    }

    @Test func `a proof counts for its own key, boot and challenge`() throws {
        let bench = try TPMBench(machine, name)
        bench.bind(BoundTPM(node: name, tpm: try bench.identity(), boundAt: 1))
        let (key, other, boot) = (NodeKey(), NodeKey(), try bench.boot())
        let old = try bench.introduce(key)
        let credential = try bench.introduce(key)
        func proof(_ credential: TPMCredential, _ key: NodeKey, _ boot: String) -> [UInt8] {
            credential.proof(for: key.publicBytes, of: machine, in: boot)
        }
        #expect(try bench.ask(other, proof(credential, other, boot)).status == 409)
        // A wrong proof uses the challenge up.
        #expect(try bench.ask(key, proof(credential, key, boot)).status == 409)
        for wrong in [
            proof(old, key, boot), proof(TPMCredential(), key, boot), [UInt8](repeating: 0, count: 32),
        ] {
            _ = try bench.introduce(key)
            #expect(try bench.ask(key, wrong).status == 409)
        }
        let last = try bench.introduce(key)
        #expect(try bench.ask(key, proof(last, key, "0000000000000000")).status == 409)
        #expect(try bench.ask(key, [1, 2, 3]).status == 400)
        let good = try bench.introduce(key)
        #expect(try bench.ask(key, proof(good, key, boot)).status == 200)
        #expect(bench.alarms.isEmpty)
    }

    @Test(arguments: [
        (TPMUse.ignore, true, 200), (.use, true, 403), (.require, true, 403), (.ignore, false, 200),
        (.use, false, 200), (.require, false, 403),
    ])
    func `without a TPM, the setting decides for nodes that are bound to none`(
        use: TPMUse, isBound: Bool, status: Int
    ) throws {
        let bench = try TPMBench(machine, name, use)
        if isBound { bench.bind(BoundTPM(node: name, tpm: try bench.identity(), boundAt: 1)) }
        let (key, boot) = (NodeKey(), try bench.boot())
        let answer = try bench.ask(key, [])
        #expect(answer.status == status)
        #expect(bench.alarms.count == (status == 403 ? 1 : 0))
        guard status == 200, case .bytes(let sealed) = answer.body else { return }
        let archive = try key.open(
            sealed, of: machine, in: boot, from: bench.context.settings.key.publicBytes)
        #expect(!TPMCredential.isSealed(archive))
    }

    @Test(arguments: [(TPMUse.use, 200), (.require, 403)])
    func `where authorities are given, a TPM without a trusted certificate binds nothing`(
        use: TPMUse, status: Int
    ) throws {
        let bench = try TPMBench(machine, name, use)
        bench.context.settings.tpmAuthorities = TPMAuthorities(pem: TPMVectors.issuer)
        let (key, boot) = (NodeKey(), try bench.boot())
        let credential = try bench.introduce(key)
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(key, proof).status == status)
        #expect(bench.bindings.isEmpty)
        #expect(bench.alarms.map(\.property) == (status == 403 ? [.untrustedTPM] : []))
        // One with a trusted certificate does.
        bench.startAgain()
        let next = NodeKey()
        let good = try bench.introduce(next, TPMVectors.rsa, TPMVectors.attestation, TPMVectors.certificate)
        let second = good.proof(for: next.publicBytes, of: machine, in: try bench.boot())
        #expect(try bench.ask(next, second).status == 503)
        #expect(bench.bindings.first?.tpm.certificate?.isTrusted == true)
    }

    @Test func `a TPM is introduced in the machine's own boot only, and garbage is refused`() throws {
        let bench = try TPMBench(machine, name)
        let boot = try bench.boot()
        #expect(try bench.post([1, 2, 3], boot: boot).status == 400)
        #expect(try bench.post([UInt8](repeating: 0, count: 20_000), boot: boot).status == 400)
        #expect(try bench.post([], boot: "0000000000000000").status == 403)
        #expect(try bench.request("PUT", "tpm", boot, []).status == 405)
        let ignoring = try TPMBench(machine, name, .ignore)
        #expect(try ignoring.wish() == "nothing\n")
        #expect(try ignoring.post([], boot: ignoring.boot()).status == 409)
    }

    @Test func `what is remembered of machines ends`() throws {
        var proofs = TPMProofs()
        let tpm = TPMIdentity(endorsement: "a", attestation: "b", kind: .ecc)
        proofs[machine] = TPMProofs.Proof(
            boot: "one", key: [], credential: TPMCredential(), tpm: tpm, at: 0)
        proofs.forgetOld(now: TPMProofs.keeping)
        #expect(proofs[machine] != nil)
        proofs.forgetOld(now: TPMProofs.keeping + 1)
        #expect(proofs[machine] == nil)
        let (first, second) = (proofs.isNewAlarm(machine, "one"), proofs.isNewAlarm(machine, "one"))
        let third = proofs.isNewAlarm(machine, "two")
        #expect(first && !second && third)
    }
}
