import Testing
import Wire

/// Commands, replies and keys of a TPM, compared with what `swtpm` 0.7.1 was asked and answered.
@Suite struct TPMTests {
    private static let curve = hex(
        """
        0023000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa000600800043
        0010000300100020991e16cb0a9c40857d24343713218a1deea693cf699dafcf095b9d23487607980020639d219aa09d
        fa3b31cf27f438262f66a0143ebf5598b0f452f93d5dcf200b50
        """)
    private static let rsa = hex(
        """
        0001000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa000600800043
        00100800000000000100a552adfb73ebaedfe3e042fac816640cefa1d2332665395a82ebab0ea1f6ff637b2ad95d62b6
        c7d18e7f3fac7408536abcbe95ebec111d9126dea86138d1b6a3d32b43ea5381e7e1cfc1209274428edc2ef2629a0390
        7a7bf9c5169e3ee696cc3e806db0f8360abab776836e4fa21fcdf43d9596cc85bc1261514f6f0003fe247222b9e4abbf
        2da099e0d14f2fbdd1ff7bc9cc523cb324e5417052ef93a0e57357717e5ae8dc99fb42a45136513c55bf49c6891932fc
        892f09a51bf971f91ce69a366c04a8027639f6a6854e6d32431eecb7512304146b396536f0697d3abb362b252b079132
        1ac6276ab72713f69ac0e228b4f95df201274b57d6f046fcb209
        """)
    private static let attestation = hex(
        """
        0023000b00050472000000100018000b00030010002049412c1db43929d34221461757c293683ea633c6e9d1cc01148c
        4ae0dfd687210020a162fee97da9de340d58715dd06e8c9855347167d1063e2a1c1228d024c7935f
        """)
    private static let blob = hex(
        """
        0020526dd72a3d90eb54f304f4f2ed12bb6cb7e4b21a8d37e4d60fed8d5ca39b178a7fca82b66f3fe4d42303c43b08b8
        7e54e07d4d366e6d8e8f4a54f4a82dad6501a17b
        """)
    private static let secret = hex(
        """
        00201e18532fd4754c02f3041d9c75ceb33b83ffd81ac7ce4fe882ccb1c98bc5896e0020a46c311c4e2ff40dd96a3653
        e6e45445d32dfe486eced75c7a90c6a18881c0a3
        """)

    /// Bytes from hexadecimal digits in lines.
    private static func hex(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8.filter { $0 != 0x0A && $0 != 0x20 })
        return stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    // MARK: Keys

    @Test func `keys of the templates are known, with their parts`() throws {
        let curve = try TPMKey(.curve, Self.curve)
        #expect(curve.point.x == Array(Self.curve[56..<88]) && curve.point.y == Array(Self.curve.suffix(32)))
        #expect(try TPMKey(.rsa, Self.rsa).modulus == Array(Self.rsa.suffix(256)))
        #expect(try TPMKey(.attestation, Self.attestation).bytes == Self.attestation)
    }

    @Test func `a key with another attribute, policy, scheme or length is refused`() throws {
        let all: [(TPMKey.Kind, [UInt8])] = [
            (.curve, Self.curve), (.rsa, Self.rsa), (.attestation, Self.attestation),
        ]
        for (kind, bytes) in all {
            let keyByteCount = kind == .rsa ? 256 : 68
            for index in bytes.indices.dropLast(keyByteCount) {
                var changed = bytes
                changed[index] ^= 1
                #expect(throws: WireError.self, "\(kind) \(index)") { try TPMKey(kind, changed) }
            }
            for count in [0, 1, bytes.count - 1] {
                #expect(throws: WireError.self) { try TPMKey(kind, Array(bytes.prefix(count))) }
            }
            #expect(throws: WireError.self) { try TPMKey(kind, bytes + [0]) }
            for other in TPMKey.Kind.allCases where other != kind {
                #expect(throws: WireError.self) { try TPMKey(other, bytes) }
            }
        }
        // A point with other lengths, an even modulus, and a short one.
        for (index, value) in [(55, UInt8(31)), (89, 31)] {
            var changed = Self.curve
            changed[index] = value
            #expect(throws: WireError.invalid("point")) { try TPMKey(.curve, changed) }
        }
        for (index, value) in [(Self.rsa.count - 1, UInt8(2)), (Self.rsa.count - 256, 0x7F)] {
            var changed = Self.rsa
            changed[index] = value
            #expect(throws: WireError.invalid("modulus")) { try TPMKey(.rsa, changed) }
        }
    }

    // MARK: Commands

    @Test func `commands are those that a TPM has carried out`() {
        let heads = [
            (
                TPMKey.Kind.curve,
                "8002000000a3000001314000000b00000009400000090000000000000400000000007a0023000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa000600800043001000030010"
            ),
            (
                .rsa,
                "800200000163000001314000000b00000009400000090000000000000400000000013a0001000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa00060080004300100800000000000100"
            ),
            (
                .attestation,
                "800200000081000001314000000b0000000940000009000000000000040000000000580023000b00050472000000100018000b00030010"
            ),
        ]
        for (kind, head) in heads {
            let bytes = TPMCommand.createPrimary(TPMKey.template(kind)).bytes
            let expected = Self.hex(head)
            #expect(bytes.starts(with: expected), "\(kind)")
            // Behind the template's beginning there are the empty key, no data and no registers.
            #expect(bytes.dropFirst(expected.count).allSatisfy { [0, 32].contains($0) }, "\(kind)")
        }
        #expect(
            TPMCommand.startPolicySession().bytes
                == Self.hex(
                    "80010000002b0000017640000007400000070010000000000000000000000000000000000000010010000b"))
        #expect(
            TPMCommand.policySecret(session: 0x0300_0000).bytes
                == Self.hex(
                    "800200000029000001514000000b030000000000000940000009000000000000000000000000000000"))
        #expect(
            TPMCommand.activate(
                TPMChallenge(blob: Self.blob, secret: Self.secret), attestation: 0x8000_0002,
                endorsement: 0x8000_0000, session: 0x0300_0000
            ).bytes
                == Self.hex(
                    """
                    8002000000b400000147800000028000000000000012400000090000000000030000000000000000
                    00440020526dd72a3d90eb54f304f4f2ed12bb6cb7e4b21a8d37e4d60fed8d5ca39b178a7fca82b6
                    6f3fe4d42303c43b08b87e54e07d4d366e6d8e8f4a54f4a82dad6501a17b004400201e18532fd475
                    4c02f3041d9c75ceb33b83ffd81ac7ce4fe882ccb1c98bc5896e0020a46c311c4e2ff40dd96a3653
                    e6e45445d32dfe486eced75c7a90c6a18881c0a3
                    """))
        #expect(TPMCommand.describe(index: 0x01C0_0002).bytes == Self.hex("80010000000e0000016901c00002"))
        #expect(
            TPMCommand.read(index: 0x01C0_0002, offset: 512, byteCount: 504).bytes
                == Self.hex("8002000000230000014e01c0000201c000020000000940000009000000000001f80200"))
    }

    // MARK: Replies

    @Test func `replies are read, and cut-off ones are refused`() throws {
        let made = try TPMReply(
            Self.hex("80020000008c0000000080000001000000790077") + [UInt8](repeating: 7, count: 0x77) + [0])
        #expect(try made.code == 0 && made.handle() == 0x8000_0001)
        #expect(try made.firstParameter(hasHandle: true) == [UInt8](repeating: 7, count: 0x77))
        let index = Self.hex(
            "80010000003e00000000000e01c00002000b62072001000003f80022000b03f3ac4467316d2d26a0ac4bbaf1236a9cae50fb1f70cf2e42e422cd2108b5d2"
        )
        #expect(try TPMReply(index).indexByteCount() == 1016)
        #expect(try TPMReply(Self.hex("80010000000a0000018b")).code == 0x18B)
        for count in index.indices.dropFirst() {
            #expect(throws: WireError.self, "\(count)") { try TPMReply(Array(index.prefix(count))) }
        }
        #expect(throws: WireError.self) { try TPMReply(index + [0]) }
        #expect(throws: WireError.self) { try TPMReply([UInt8](repeating: 0, count: 5_000)) }
        let short = try TPMReply(Self.hex("80020000000e0000000080000001"))
        #expect(throws: WireError.self) { try short.firstParameter(hasHandle: true) }
    }

    // MARK: Messages

    @Test func `an introduction is read as it is written, and each cut-off or longer one is refused`() throws
    {
        for certificate in [nil, [UInt8](repeating: 0x30, count: 1_016)] {
            for endorsement in [try TPMKey(.curve, Self.curve), try TPMKey(.rsa, Self.rsa)] {
                let introduction = TPMIntroduction(
                    bootKey: [UInt8](repeating: 9, count: 32), endorsement: endorsement,
                    attestation: try TPMKey(.attestation, Self.attestation), certificate: certificate)
                let wire = written(introduction)
                #expect(try parse(TPMIntroduction.self, wire) == introduction)
                for count in 0..<wire.count {
                    #expect(throws: WireError.self, "\(count)") {
                        try parse(TPMIntroduction.self, Array(wire.prefix(count)))
                    }
                }
                #expect(throws: WireError.self) { try parse(TPMIntroduction.self, wire + [0]) }
            }
        }
        #expect(throws: WireError.tooLong("introduction", count: 8_193, limit: 8_192)) {
            try parse(TPMIntroduction.self, [UInt8](repeating: 0, count: 8_193))
        }
    }

    @Test func `a challenge is read as it is written, within its limits`() throws {
        let challenge = TPMChallenge(blob: Self.blob, secret: Self.secret)
        let wire = written(challenge)
        #expect(try parse(TPMChallenge.self, wire) == challenge)
        for count in 0..<wire.count {
            #expect(throws: WireError.self) { try parse(TPMChallenge.self, Array(wire.prefix(count))) }
        }
        #expect(throws: WireError.tooLong("credential", count: 129, limit: 128)) {
            try parse(TPMChallenge.self, [0, 129] + [UInt8](repeating: 0, count: 300))
        }
    }
}
