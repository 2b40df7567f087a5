import Sealing
import Testing

/// Against the examples of the standards.
@Suite struct PrimitivesTests {
    @Test func `SHA-256 and HMAC give the standards' values`() {
        #expect(
            Hashing.hexadecimal(Hashing.sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var pieces = Hashing.Pieces()
        for piece in ["a", "", "bc"] { pieces.add(Array(piece.utf8)) }
        #expect(pieces.sha256 == Hashing.sha256(Array("abc".utf8)) && pieces.sha256 == pieces.sha256)
        // RFC 4231 §4.3.
        let code = Hashing.hmac(of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(
            Hashing.hexadecimal(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func `a signature belongs to one key and one message`() throws {
        // RFC 8032 §7.1, test 2.
        let seed: [UInt8] = [
            0x4C, 0xCD, 0x08, 0x9B, 0x28, 0xFF, 0x96, 0xDA, 0x9D, 0xB6, 0xC3, 0x46, 0xEC, 0x11, 0x4E, 0x0F,
            0x5B, 0x8A, 0x31, 0x9F, 0x35, 0xAB, 0xA6, 0x24, 0xDA, 0x8C, 0xF6, 0xED, 0x4F, 0xB8, 0xA6, 0xFB,
        ]
        let key = try #require(SigningKey(seed: seed))
        let signature = key.signature(of: [0x72])
        #expect(Hashing.hexadecimal(signature).hasPrefix("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8f"))
        #expect(SigningKey.hasSigned([0x72], signature, by: key.publicBytes))
        #expect(!SigningKey.hasSigned([0x73], signature, by: key.publicBytes))
        #expect(!SigningKey.hasSigned([0x72], signature, by: SigningKey().publicBytes))
        #expect(!SigningKey.hasSigned([0x72], Array(signature.dropLast()), by: key.publicBytes))
        #expect(SigningKey(seed: [1]) == nil)
    }

    @Test func `a sealed value opens only with its key, and only unchanged`() {
        let key = SecretKey()
        let sealed = key.seal(Array("word".utf8))
        #expect(key.open(sealed) == Array("word".utf8))
        #expect(key.open(Array(sealed.dropLast())) == nil && SecretKey().open(sealed) == nil)
        #expect(key.open([]) == nil)
        #expect(sealed != key.seal(Array("word".utf8)))
        let secrets = NodeSecrets()
        #expect(secrets.seal(secret: [1, 2]) == secrets.seal(secret: [1, 2]))
        #expect(secrets.open(secret: secrets.seal(secret: [1, 2])) == [1, 2])
        let volume = VolumeKey()
        #expect(secrets.open(secrets.seal(volume)) == volume)
        let code = secrets.backupCode(of: [1, 2])
        #expect(secrets.hasMade(backupCode: code, of: [1, 2]))
        #expect(
            !secrets.hasMade(backupCode: code, of: [1, 3]) && !secrets.hasMade(backupCode: [], of: [1, 2]))
        #expect(!NodeSecrets().hasMade(backupCode: code, of: [1, 2]))
        // A secret of one kind is not valid as another.
        #expect(secrets.open(secret: secrets.seal(volume)) == nil)
        #expect(secrets.fingerprint != NodeSecrets().fingerprint)
    }
}
