import CSodium

/// A key that encrypts and opens again (XSalsa20-Poly1305; the nonce is in front of what is sealed).
package struct SecretKey: Sendable {
    static let byteCount = Int(crypto_secretbox_KEYBYTES)
    private static let nonceByteCount = Int(crypto_secretbox_NONCEBYTES)
    private let bytes: [UInt8]

    /// A new one, which is gone with the process.
    package init() {
        Sodium.start()
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        unsafe randombytes_buf(&bytes, bytes.count)
        self.bytes = bytes
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    package func seal(_ content: [UInt8]) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: Self.nonceByteCount)
        unsafe randombytes_buf(&nonce, nonce.count)
        return seal(content, nonce: nonce)
    }

    /// As in SIV (RFC 5297): the nonce is made of the content, so that the same content always becomes the same bytes.
    ///
    /// - Parameter nonceKey: another one than this.
    func seal(_ content: [UInt8], nonceKey: [UInt8]) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: Self.nonceByteCount)
        _ = unsafe crypto_generichash(
            &nonce, nonce.count, content, UInt64(content.count), nonceKey, nonceKey.count)
        return seal(content, nonce: nonce)
    }

    private func seal(_ content: [UInt8], nonce: [UInt8]) -> [UInt8] {
        var box = [UInt8](repeating: 0, count: content.count + Int(crypto_secretbox_MACBYTES))
        _ = unsafe crypto_secretbox_easy(&box, content, UInt64(content.count), nonce, bytes)
        return nonce + box
    }

    /// What was sealed with this key; nil when it was not, or has been changed.
    package func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.nonceByteCount + Int(crypto_secretbox_MACBYTES) else { return nil }
        let (nonce, box) = (
            Array(sealed.prefix(Self.nonceByteCount)), Array(sealed.dropFirst(Self.nonceByteCount))
        )
        var content = [UInt8](repeating: 0, count: box.count - Int(crypto_secretbox_MACBYTES))
        let isGood = unsafe crypto_secretbox_open_easy(&content, box, UInt64(box.count), nonce, bytes) == 0
        return isGood ? content : nil
    }
}
