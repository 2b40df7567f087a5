import CSodium

/// SHA-256 (FIPS 180-4) of data in memory.
package enum Hashing {
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        _ = unsafe crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
        return hash
    }

    /// The same of data that comes in pieces.
    package struct Pieces: Sendable {
        private var state = crypto_hash_sha256_state()

        package init() { _ = unsafe crypto_hash_sha256_init(&state) }

        package mutating func add(_ bytes: [UInt8]) {
            _ = unsafe crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
        }

        /// The hash of all that was added.
        package var sha256: [UInt8] {
            var (end, hash) = (state, [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES)))
            _ = unsafe crypto_hash_sha256_final(&end, &hash)
            return hash
        }
    }

    /// HMAC-SHA256 (RFC 2104) with a key of any length.
    package static func hmac(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        var state = crypto_auth_hmacsha256_state()
        var code = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
        _ = unsafe crypto_auth_hmacsha256_init(&state, key, key.count)
        _ = unsafe crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
        _ = unsafe crypto_auth_hmacsha256_final(&state, &code)
        return code
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Two digits for each byte.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        for byte in bytes { digits += [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]] }
        return String(decoding: digits, as: UTF8.self)
    }
}
