import API
import CArgon2
import Dispatch
import Fleet
import Foundation
import Synchronization

/// Passwords hashed by Argon2id (RFC 9106) in its PHC text form.
enum Passwords {
    /// What a new hash takes. Each hash says itself what it took.
    struct Cost {
        var passes: UInt32
        var kibibytes: UInt32

        /// RFC 9106 §4 recommends 64 MiB where memory allows; 32 MiB and one more pass cost an attacker about the same.
        static let standard = Self(passes: 4, kibibytes: 32 * 1_024)
    }

    private static let lanes: UInt32 = 1
    private static let hashByteCount = 32
    private static let saltByteCount = 16

    static let lengths = 10...512

    /// Two at a time: hashing takes memory, and a thousand log-ins at once must not take all of it.
    private static let queue = DispatchQueue(label: "roost-passwords", attributes: .concurrent)
    private static let slots = DispatchSemaphore(value: 2)
    /// Waiting log-ins, each with a thread: a few seconds' work. Beyond that, clients are asked to try again later.
    private static let waitingLimit = 60
    private static let waiting = Mutex(0)

    static func checked(_ password: String) throws -> String {
        guard lengths.contains(password.utf8.count) else {
            throw Problem(
                422, "Unusable password",
                "a password has \(lengths.lowerBound) to \(lengths.upperBound) bytes; a few words are best"
            )
        }
        return password
    }

    static func hash(_ password: String, cost: Cost = .standard) async throws -> String {
        let salt = (0..<saltByteCount).map { _ in UInt8.random(in: .min ... .max) }
        let password = normal(password)
        return try await away { try hash(password, salt: salt, cost: cost) }
    }

    /// The same letters as the same bytes, whichever keyboard typed them (NIST SP 800-63B: Unicode NFKC).
    private static func normal(_ password: String) -> String {
        password.precomposedStringWithCompatibilityMapping
    }

    /// The forms in which a typed password may have been hashed: as it is now, and as it was typed, by versions before.
    private static func forms(of password: String) -> [[UInt8]] {
        let (now, typed) = (Array(normal(password).utf8), Array(password.utf8))
        return now == typed ? [now] : [now, typed]
    }

    private static func hash(_ password: String, salt: [UInt8], cost: Cost) throws -> String {
        let byteCount = argon2_encodedlen(
            cost.passes, cost.kibibytes, lanes, UInt32(salt.count), UInt32(hashByteCount), Argon2_id)
        var text = [CChar](repeating: 0, count: byteCount)
        let bytes = Array(password.utf8)
        let result = unsafe argon2id_hash_encoded(
            cost.passes, cost.kibibytes, lanes, bytes, bytes.count, salt, salt.count, hashByteCount, &text,
            text.count)
        guard result == ARGON2_OK.rawValue else {
            throw Problem(500, "Failed", "the password cannot be hashed (Argon2 says \(result))")
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether `password` matches `hash`; nil takes as long as a wrong password whose hash had this cost.
    static func matches(_ password: String, hash: String?, cost: Cost = .standard) async throws -> Bool {
        // Before the account is looked up: the response time must not reveal whether it exists.
        guard password.utf8.count <= lengths.upperBound else { return false }
        let forms = forms(of: password)
        guard let hash else {
            for _ in forms { _ = try await self.hash(password, cost: cost) }
            return false
        }
        return try await away {
            forms.contains { bytes in unsafe argon2id_verify(hash, bytes, bytes.count) == ARGON2_OK.rawValue }
        }
    }

    /// Runs `body` on a thread that may block.
    private static func away<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let hasPlace = waiting.withLock { count in
            guard count < waitingLimit else { return false }
            count += 1
            return true
        }
        guard hasPlace else {
            throw Problem(
                503, "Busy", "too many people log in at this moment; try again in a minute", retryAfter: 10)
        }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                defer { waiting.withLock { $0 -= 1 } }
                slots.wait()
                defer { slots.signal() }
                continuation.resume(with: Result { try body() })
            }
        }
    }
}
