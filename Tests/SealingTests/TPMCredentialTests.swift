import Sealing
import Testing
import Wire

/// What the server and a node do with a credential that a TPM has opened.
@Suite struct TPMCredentialTests {
    private let machine: MACAddress
    private let other: MACAddress
    private let boot = "0123456789abcdef"

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        other = try #require(MACAddress("52:54:00:00:00:02"))
    }

    @Test func `a proof counts for one credential, key, machine and boot`() throws {
        let credential = TPMCredential()
        let opened = try #require(TPMCredential(bytes: credential.bytes))
        let key = NodeKey().publicBytes
        let proof = opened.proof(for: key, of: machine, in: boot)
        #expect(proof.count == TPMCredential.proofByteCount)
        #expect(credential.hasMade(proof, for: key, of: machine, in: boot))
        #expect(!TPMCredential().hasMade(proof, for: key, of: machine, in: boot))
        #expect(!credential.hasMade(proof, for: NodeKey().publicBytes, of: machine, in: boot))
        #expect(!credential.hasMade(proof, for: key, of: other, in: boot))
        #expect(!credential.hasMade(proof, for: key, of: machine, in: "fedcba9876543210"))
        for count in [0, 31, 33] {
            #expect(
                !credential.hasMade(
                    Array((proof + [0]).prefix(count)), for: key, of: machine, in: boot))
        }
        #expect(TPMCredential(bytes: [1, 2, 3]) == nil)
    }

    @Test(arguments: [0, 1, 4_096]) func `what is sealed for a TPM is opened with its credential`(
        byteCount: Int
    ) throws {
        let credential = TPMCredential()
        let content = [UInt8](repeating: 0x41, count: byteCount)
        let sealed = credential.seal(content)
        #expect(TPMCredential.isSealed(sealed) && !TPMCredential.isSealed(content))
        #expect(try credential.open(sealed) == content)
        #expect(throws: SealingError.notForThisKey) { try TPMCredential().open(sealed) }
        for index in sealed.indices.prefix(80) {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealingError.self, "\(index)") { try credential.open(changed) }
        }
        for count in [0, 11, 12, 40, sealed.count - 1] {
            #expect(throws: SealingError.self) { try credential.open(Array(sealed.prefix(count))) }
        }
    }

    /// SP 800-108 in counter mode with HMAC-SHA256, and SP 800-56A's concatenation, as a TPM derives them; the values are those of
    /// Python's `hmac` and `hashlib`.
    @Test func `keys are derived as a TPM derives them`() {
        let key = [UInt8](repeating: 9, count: 32)
        let storage = TPMDerivation.kdfa(key, "STORAGE", context: [0, 0x0B, 1, 2], byteCount: 16)
        let integrity = TPMDerivation.kdfa(key, "INTEGRITY", context: [], byteCount: 32)
        let seed = TPMDerivation.kdfe(
            [UInt8](repeating: 1, count: 32), "IDENTITY", ephemeral: [UInt8](repeating: 2, count: 32),
            recipient: [UInt8](repeating: 3, count: 32))
        #expect(Hashing.hexadecimal(storage) == "373e2b28ed660cee44eeb65362f04f9f")
        #expect(
            Hashing.hexadecimal(integrity)
                == "eefc26a1f4f0c520ccf739c1d03ef8e2ab26114c3c415545ca4e50e5a654e3b8")
        #expect(
            Hashing.hexadecimal(seed) == "2073a3306eedcfb178183d8a721f949bba9c3d4501b6c2839487bbdd3b973070")
    }
}
