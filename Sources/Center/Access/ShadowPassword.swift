import API
import COpenSSL
import Fleet

/// Hashes for `/etc/shadow` of nodes: SHA-512-crypt (`$6$`), which every C library and busybox knows.
///
/// Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6.
enum ShadowPassword {
    /// Ten times the default: a tenth of a second on a server, half a second on an old thin client.
    static let roundCount = 50_000
    private static let saltLength = 16
    private static let alphabet = Array(
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func hash(_ password: String, rounds: Int = roundCount) throws -> String {
        let salt = (0..<saltLength).compactMap { _ in alphabet.randomElement() }
        return try hash(password, salt: salt, roundCount: rounds)
    }

    /// - Parameter roundCount: nil is the default of 5,000, which the text omits.
    static func hash(_ password: String, salt: [UInt8], roundCount: Int?) throws -> String {
        let secret = Array(password.utf8)
        guard (1...Passwords.lengths.upperBound).contains(secret.count), !secret.contains(0) else {
            throw Problem(
                422, "Unusable password",
                "root-password: a password has 1 to \(Passwords.lengths.upperBound) bytes (--unset root-password-hash leaves the image's)"
            )
        }
        let digest = try rounds(secret, salt, count: roundCount ?? 5_000)
        let rounds = roundCount.map { "rounds=\($0)$" } ?? ""
        return "$6$\(rounds)\(String(decoding: salt, as: UTF8.self))$\(text(of: digest))"
    }

    private static func rounds(_ secret: [UInt8], _ salt: [UInt8], count: Int) throws -> [UInt8] {
        let between = try sha512(secret + salt + secret)
        var start = secret + salt + repeated(between, to: secret.count)
        var bits = secret.count
        while bits > 0 {
            start += bits & 1 == 1 ? between : secret
            bits >>= 1
        }
        var digest = try sha512(start)
        let secretDigest = try sha512(repeated(secret, to: secret.count * secret.count))
        let saltDigest = try sha512(repeated(salt, to: salt.count * (16 + Int(digest[0]))))
        let (p, s) = (repeated(secretDigest, to: secret.count), repeated(saltDigest, to: salt.count))
        for round in 0..<count {
            let isOdd = round & 1 == 1
            var input = isOdd ? p : digest
            if round % 3 != 0 { input += s }
            if round % 7 != 0 { input += p }
            input += isOdd ? digest : p
            digest = try sha512(input)
        }
        return digest
    }

    private static func repeated(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        (0..<count).map { bytes[$0 % bytes.count] }
    }

    private static func sha512(_ bytes: [UInt8]) throws -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 64)
        guard unsafe EVP_Q_digest(nil, "SHA512", nil, bytes, bytes.count, &digest, nil) == 1 else {
            throw Problem(500, "Failed", "the password cannot be hashed: libcrypto has no SHA-512 here")
        }
        return digest
    }

    /// Four characters per three bytes, least significant bits first, and the bytes in crypt's own order.
    private static func text(of digest: [UInt8]) -> String {
        var text: [UInt8] = []
        func append(_ value: Int, _ count: Int) {
            for place in 0..<count { text.append(alphabet[value >> (6 * place) & 63]) }
        }
        for index in 0..<21 {
            let places = [index, index + 21, index + 42]
            let turned = (0..<3).map { Int(digest[places[($0 + index) % 3]]) }
            append(turned[0] << 16 | turned[1] << 8 | turned[2], 4)
        }
        append(Int(digest[63]), 2)
        return String(decoding: text, as: UTF8.self)
    }
}
