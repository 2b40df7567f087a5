import COpenSSL
import Foundation

/// SHA-256 of data that arrives in pieces (libcrypto, which uses the processor's own instructions).
@safe final class SHA256: @unchecked Sendable {
    // Sendable: only one thread at a time has it, with its owner.
    static let byteCount = 32
    private let context: OpaquePointer

    init() {
        guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        else { preconditionFailure("libcrypto has no SHA-256") }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    func update(_ piece: some ContiguousBytes) {
        unsafe piece.withUnsafeBytes { bytes in
            _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        }
    }

    /// The digest of all data; nothing may be added after it.
    func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        _ = unsafe EVP_DigestFinal_ex(context, &digest, nil)
        return digest
    }

    static func hash(_ bytes: some ContiguousBytes) -> [UInt8] {
        let hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}
