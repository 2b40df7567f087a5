import COpenSSL
import Sealing
import Wire

extension TPMChallenge {
    /// What is chosen by chance for a challenge.
    struct Chance {
        static let byteCount = 32
        /// A number for the curve, or the seed itself.
        var bytes: [UInt8]

        init() {
            var generator = SystemRandomNumberGenerator()
            bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }

        /// For tests.
        init(bytes: [UInt8]) { self.bytes = bytes }
    }

    /// Wraps a credential, so that only the TPM with `endorsement` can open it, and only with a key of this name loaded (MakeCredential:
    /// TPM 2.0 Library, part 1, §24).
    ///
    /// - Parameter name: of the attestation key.
    /// - Returns: nil when `endorsement` is no key.
    static func make(
        of credential: [UInt8], for endorsement: TPMKey, name: [UInt8], chance: Chance = Chance()
    ) -> TPMChallenge? {
        guard let (seed, secret) = seed(for: endorsement, chance.bytes) else { return nil }
        var plain: [UInt8] = []
        plain.write(sized: credential)
        let key = TPMDerivation.kdfa(seed, "STORAGE", context: name, byteCount: 16)
        var hidden = [UInt8](repeating: 0, count: plain.count)
        guard unsafe roost_aes128_cfb(key, plain, Int32(plain.count), &hidden) == 1 else { return nil }
        let integrity = TPMDerivation.kdfa(seed, "INTEGRITY", context: [], byteCount: 32)
        var blob: [UInt8] = []
        blob.write(sized: Hashing.hmac(of: hidden + name, key: integrity))
        return TPMChallenge(blob: blob + hidden, secret: secret)
    }

    /// A seed, and how it travels to the TPM.
    private static func seed(for key: TPMKey, _ chance: [UInt8]) -> (seed: [UInt8], secret: [UInt8])? {
        if key.kind == .rsa {
            let secret = encrypted(chance, for: key)
            return secret.map { (chance, $0) }
        }
        let point = key.point
        var own = [UInt8](repeating: 0, count: 65)
        var shared = [UInt8](repeating: 0, count: 32)
        guard unsafe roost_p256_exchange(chance, [4] + point.x + point.y, &own, &shared) == 1 else {
            return nil
        }
        let (x, y) = (Array(own[1...32]), Array(own[33...64]))
        var secret: [UInt8] = []
        secret.write(sized: x)
        secret.write(sized: y)
        return (TPMDerivation.kdfe(shared, "IDENTITY", ephemeral: x, recipient: point.x), secret)
    }

    private static func encrypted(_ seed: [UInt8], for key: TPMKey) -> [UInt8]? {
        let (modulus, exponent) = (key.modulus, [UInt8]([1, 0, 1]))
        guard
            let publicKey = unsafe roost_rsa_key(
                modulus, Int32(modulus.count), exponent, Int32(exponent.count))
        else { return nil }
        defer { unsafe EVP_PKEY_free(publicKey) }
        var result = [UInt8](repeating: 0, count: modulus.count)
        guard unsafe roost_oaep_identity(publicKey, seed, seed.count, &result, result.count) == 1 else {
            return nil
        }
        return result
    }
}
