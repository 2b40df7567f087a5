import CSodium

/// Encrypts with a passphrase: Argon2id derives the key (RFC 9106), secretbox encrypts.
///
/// `roost passphrase 1\n`, a salt, a nonce, the box. The cost of Argon2id is part of the version.
package enum PassphraseBox {
    private static let headBeginning = Array("roost passphrase ".utf8)
    private static let head = headBeginning + Array("1\n".utf8)
    private static let saltByteCount = Int(crypto_pwhash_SALTBYTES)
    private static let nonceByteCount = Int(crypto_secretbox_NONCEBYTES)
    /// The second recommended choice of RFC 9106 §4: a tenth of a second and 64 MiB per guess.
    private static let (passes, memoryByteCount) = (UInt64(3), 64 << 20)

    /// - Throws: when there is too little memory for it.
    package static func seal(_ content: [UInt8], with passphrase: String) throws(SealingError) -> [UInt8] {
        let (salt, nonce) = (RandomBytes.make(saltByteCount), RandomBytes.make(nonceByteCount))
        var box = [UInt8](repeating: 0, count: content.count + Int(crypto_secretbox_MACBYTES))
        let key = try key(of: passphrase, salt: salt)
        _ = unsafe crypto_secretbox_easy(&box, content, UInt64(content.count), nonce, key)
        return head + salt + nonce + box
    }

    /// - Throws: when the passphrase is wrong, or the content was changed.
    package static func open(_ sealed: [UInt8], with passphrase: String) throws(SealingError) -> [UInt8] {
        Sodium.start()
        var rest = sealed[...]
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        guard take(head.count) == head else { throw .notASeal }
        let (salt, nonce) = (take(saltByteCount), take(nonceByteCount))
        guard nonce.count == nonceByteCount, rest.count >= Int(crypto_secretbox_MACBYTES) else {
            throw .notASeal
        }
        let box = Array(rest)
        var content = [UInt8](repeating: 0, count: box.count - Int(crypto_secretbox_MACBYTES))
        let key = try key(of: passphrase, salt: salt)
        guard unsafe crypto_secretbox_open_easy(&content, box, UInt64(box.count), nonce, key) == 0 else {
            throw .notForThisKey
        }
        return content
    }

    /// Whether `sealed` says that it is of another version of this form.
    package static func isOfAnotherVersion(_ sealed: [UInt8]) -> Bool {
        sealed.starts(with: headBeginning) && !sealed.starts(with: head.prefix(sealed.count))
    }

    private static func key(of passphrase: String, salt: [UInt8]) throws(SealingError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: Int(crypto_secretbox_KEYBYTES))
        let text = Array(passphrase.utf8).map { CChar(bitPattern: $0) }
        guard
            unsafe crypto_pwhash(
                &key, UInt64(key.count), text, UInt64(text.count), salt, passes, memoryByteCount,
                crypto_pwhash_ALG_ARGON2ID13) == 0
        else { throw .noMemory }
        return key
    }
}
