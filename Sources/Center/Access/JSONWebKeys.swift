import COpenSSL
import Foundation

/// A provider's public signing keys (RFC 7517), used to verify its tokens (RFC 7519).
///
/// libcrypto does the cryptography. This is the envelope: which key and algorithm may verify a token.
struct JSONWebKeys: Sendable {
    /// Why a token is not the provider's.
    enum Problem: Error, Equatable, CustomStringConvertible {
        case malformed
        case algorithm(String)
        case unknownKey(String)
        case badSignature

        var description: String {
            switch self {
            case .malformed: "it is not a signed token"
            case .algorithm(let name): "its algorithm ‘\(name)’ is not accepted"
            case .unknownKey(let name): "there is no key ‘\(name)’ for it"
            case .badSignature: "its signature is wrong"
            }
        }
    }

    private struct Key: Sendable {
        /// Nil: the key has no name.
        var name: String?
        var kind: Kind
        var publicKey: PublicKey
    }

    /// The kind of key; a token's algorithm must fit it.
    enum Kind: Equatable, Sendable {
        case rsa
        /// The group's name in OpenSSL, and the bytes of half a signature.
        case curve(String, byteCount: Int)
        case ed25519
    }

    private let keys: [Key]

    /// - Parameter set: the members of `keys`; unknown kinds and damaged keys are left out.
    init(_ set: [[String: ClaimValue]]) {
        keys = set.compactMap { fields in
            let use = fields["use"]?.text ?? "sig"
            guard use == "sig", let (kind, publicKey) = PublicKey.make(fields) else { return nil }
            return Key(name: fields["kid"]?.text, kind: kind, publicKey: publicKey)
        }
    }

    /// A token's payload, if one of the keys signed it (RFC 7515 §5.2). The caller decides whether it is valid now and here.
    func payload(of token: String) throws(Problem) -> Data {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.bytes(of: parts[0]),
            let payload = Base64URL.bytes(of: parts[1]),
            let signature = Base64URL.bytes(of: parts[2]),
            let fields = try? JSONDecoder().decode([String: ClaimValue].self, from: header),
            let name = fields["alg"]?.text
        else { throw .malformed }
        // An extension that must be understood, but is not (§4.1.11).
        guard fields["crit"] == nil else { throw .malformed }
        guard let algorithm = Algorithm(rawValue: name) else { throw .algorithm(name) }
        let wanted = fields["kid"]?.text
        let fitting = keys.filter {
            algorithm.fits($0.kind) && (wanted == nil || $0.name == nil || $0.name == wanted)
        }
        guard !fitting.isEmpty else { throw .unknownKey(wanted ?? name) }
        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        guard fitting.contains(where: { $0.publicKey.hasSigned(signed, signature, algorithm, $0.kind) })
        else {
            throw .badSignature
        }
        return payload
    }

    /// Accepted signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1). None with a shared secret: the keys are public.
    enum Algorithm: String {
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case edDSA = "EdDSA"

        func fits(_ kind: Kind) -> Bool {
            switch self {
            case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: kind == .rsa
            case .es256: kind == .curve("P-256", byteCount: 32)
            case .es384: kind == .curve("P-384", byteCount: 48)
            case .es512: kind == .curve("P-521", byteCount: 66)
            case .edDSA: kind == .ed25519
            }
        }

        /// OpenSSL's name of the hash; nil when it is part of the algorithm.
        var hash: String? {
            switch self {
            case .rs256, .ps256, .es256: "SHA256"
            case .rs384, .ps384, .es384: "SHA384"
            case .rs512, .ps512, .es512: "SHA512"
            case .edDSA: nil
            }
        }

        var isPSS: Bool { [.ps256, .ps384, .ps512].contains(self) }
    }
}

/// A public key in libcrypto (EVP_PKEY).
@safe final class PublicKey: @unchecked Sendable {
    // Sendable: libcrypto only reads it, with an atomic reference count.
    private let key: OpaquePointer
    /// Smaller RSA keys can be broken (RFC 7518 §3.3).
    private static let leastRSABits: Int32 = 2_048

    private init(_ key: OpaquePointer) { unsafe self.key = key }
    deinit { unsafe EVP_PKEY_free(key) }

    /// - Parameter fields: of a JSON Web Key (RFC 7518 §6, RFC 8037 §2).
    static func make(_ fields: [String: ClaimValue]) -> (JSONWebKeys.Kind, PublicKey)? {
        func bytes(_ name: String) -> [UInt8]? {
            fields[name]?.text.flatMap { Base64URL.bytes(of: $0) }.map { [UInt8]($0) }
        }
        switch fields["kty"]?.text {
        case "RSA":
            guard let modulus = bytes("n"), let exponent = bytes("e"), modulus.count <= 2_048,
                exponent.count <= 8,
                let key = unsafe roost_rsa_key(modulus, Int32(modulus.count), exponent, Int32(exponent.count))
            else { return nil }
            let one = unsafe PublicKey(key)
            return unsafe EVP_PKEY_get_bits(key) >= leastRSABits ? (.rsa, one) : nil
        case "EC":
            let sizes = ["P-256": 32, "P-384": 48, "P-521": 66]
            guard let curve = fields["crv"]?.text, let size = sizes[curve], let x = bytes("x"),
                let y = bytes("y"),
                x.count == size, y.count == size,
                let key = unsafe roost_curve_key(curve, [4] + x + y, 2 * size + 1)
            else { return nil }
            return unsafe (.curve(curve, byteCount: size), PublicKey(key))
        case "OKP":
            guard fields["crv"]?.text == "Ed25519", let x = bytes("x"), x.count == 32,
                let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, x, x.count)
            else { return nil }
            return unsafe (.ed25519, PublicKey(key))
        default: return nil
        }
    }

    func hasSigned(
        _ text: Data, _ signature: Data, _ algorithm: JSONWebKeys.Algorithm, _ kind: JSONWebKeys.Kind
    ) -> Bool {
        var signature = [UInt8](signature)
        if case .curve(_, let byteCount) = kind {
            guard signature.count == 2 * byteCount, let encoded = Self.encoded(signature, byteCount) else {
                return false
            }
            signature = encoded
        }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        guard unsafe EVP_DigestVerifyInit_ex(context, &keyContext, algorithm.hash, nil, nil, key, nil) == 1
        else {
            return false
        }
        if algorithm.isPSS {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        let bytes = [UInt8](text)
        return unsafe EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }

    /// The two numbers of a signature (RFC 7518 §3.4) as libcrypto needs them (ECDSA-Sig-Value, RFC 3279 §2.2.3).
    private static func encoded(_ signature: [UInt8], _ byteCount: Int) -> [UInt8]? {
        func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var bytes = Array(bytes.drop { $0 == 0 })
            // The first bit is the sign.
            if bytes.first.map({ $0 >= 0x80 }) ?? true { bytes.insert(0, at: 0) }
            return [2, UInt8(bytes.count)] + bytes
        }
        let content = integer(signature.prefix(byteCount)) + integer(signature.suffix(byteCount))
        // Two numbers of 66 bytes with their headers would need a longer length field.
        return content.count < 0x80
            ? [0x30, UInt8(content.count)] + content : [0x30, 0x81, UInt8(content.count)] + content
    }
}
