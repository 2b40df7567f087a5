import Sealing
import Testing

/// The keys of a server in a backup, under a passphrase.
@Suite struct PassphraseBoxTests {
    private static let content = Array("the keys of a server".utf8)
    private static let head = Array("roost passphrase 1\n".utf8)

    @Test func `only its own passphrase opens it, and no two boxes are alike`() throws {
        let sealed = try PassphraseBox.seal(Self.content, with: "four words and more")
        let again = try PassphraseBox.seal(Self.content, with: "four words and more")
        #expect(sealed != again && sealed.starts(with: Self.head))
        #expect(try PassphraseBox.open(sealed, with: "four words and more") == Self.content)
        #expect(throws: SealingError.notForThisKey) {
            try PassphraseBox.open(sealed, with: "four words and More")
        }
    }

    @Test func `a byte that was changed is noticed, in the salt, the nonce and the box`() throws {
        let sealed = try PassphraseBox.seal(Self.content, with: "a")
        for place in [Self.head.count, Self.head.count + 20, sealed.count - 1] {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: SealingError.notForThisKey, "\(place)") {
                try PassphraseBox.open(changed, with: "a")
            }
        }
    }

    @Test func `what is none, or not whole, is told before the passphrase is tried`() {
        let whole = Self.head + [UInt8](repeating: 7, count: 16 + 24 + 16)
        let wrong: [[UInt8]] = [
            [], Array("roost passphrase 2\n".utf8) + whole.dropFirst(Self.head.count), Self.head,
            Array(whole.dropLast()), Array(whole.prefix(Self.head.count + 16 + 3)),
        ]
        for bytes in wrong {
            #expect(throws: SealingError.notASeal, "\(bytes.count) bytes") {
                try PassphraseBox.open(bytes, with: "a")
            }
        }
    }
}
