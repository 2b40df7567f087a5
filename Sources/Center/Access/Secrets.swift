import Foundation
import Sealing

/// Random secrets, and the hashes that are stored.
enum Secrets {
    /// 256 bits in the alphabet of URLs (RFC 4648 §5).
    static func make() -> String {
        // Each random number is a call of the kernel, however short it is: a log-in has three secrets.
        let words = (0..<4).map { _ in UInt64.random(in: .min ... .max) }
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        return Base64URL.text(of: bytes)
    }

    /// SHA-256 in hexadecimal. A random secret of 256 bits needs no slow hash.
    static func hash(_ secret: String) -> String {
        Hashing.hexadecimal(Hashing.sha256(Array(secret.utf8)))
    }

    /// Compares in constant time.
    static func isEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return zip(left.utf8, right.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
