import CSodium

/// A key that encrypts and decrypts (XSalsa20-Poly1305; the nonce precedes the sealed data).
package struct SecretKey: Sendable {
    static let byteCount = Int(crypto_secretbox_KEYBYTES)
    private static let nonceByteCount = Int(crypto_secretbox_NONCEBYTES)
    private let bytes: [UInt8]

    /// A new one, which ends with the process.
    package init() { bytes = RandomBytes.make(Self.byteCount) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    package func seal(_ content: [UInt8]) -> [UInt8] {
        seal(content, nonce: RandomBytes.make(Self.nonceByteCount))
    }

    /// As in SIV (RFC 5297): the nonce is derived from the content, so that equal content always gives equal bytes.
    ///
    /// - Parameter nonceKey: a key other than this one.
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

    /// The content that was sealed with this key; nil when it was not, or was changed.
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
