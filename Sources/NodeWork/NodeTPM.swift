import Glibc
package import Linux
import Sealing
import Wire

/// This machine's TPM 2.0, open while it is being shown to the server: what was loaded into it goes when this ends.
struct NodeTPM: ~Copyable {
    /// The kernel's own manager of what is loaded.
    private static let path = "/dev/tpmrm0"
    /// Bytes of one read: every TPM can give as many.
    private static let pieceByteCount = 512

    private let device: FileDescriptor
    private let endorsement: (key: TPMKey, handle: UInt32)
    private let attestation: (key: TPMKey, handle: UInt32)
    private let certificate: [UInt8]?

    /// Opens it, and makes the two keys that the server knows it by.
    ///
    /// - Parameter wish: which endorsement key the server wants to see.
    init(_ wish: TPMWish) throws {
        let device = try FileDescriptor(opening: Self.path, flags: O_RDWR)
        var (kinds, known) = ([TPMKey.Kind.curve, .rsa], [TPMKey.Kind: [UInt8]]())
        switch wish {
        case .curve: kinds = [.curve]
        case .rsa: kinds = [.rsa]
        case .any, .nothing:
            for kind in kinds { known[kind] = try Self.certificate(of: kind, on: device) }
            // RSA takes a TPM seconds: only where its certificate is the only one.
            if known[.curve] == nil, known[.rsa] != nil { kinds.reverse() }
        }
        let endorsement = try Self.firstKey(of: kinds, on: device)
        attestation = try Self.key(.attestation, on: device)
        certificate = known[endorsement.key.kind]
        self.endorsement = endorsement
        self.device = device
    }

    static var isThere: Bool { unsafe access(path, R_OK | W_OK) == 0 }

    /// What the server is told.
    ///
    /// - Parameter bootKey: the public key of this boot.
    func introduction(with bootKey: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        TPMIntroduction(
            bootKey: bootKey, endorsement: endorsement.key, attestation: attestation.key,
            certificate: certificate
        ).write(to: &bytes)
        return bytes
    }

    /// Opens the server's challenge.
    func open(_ bytes: [UInt8]) throws -> TPMCredential {
        var wire = bytes.span
        let challenge = try TPMChallenge(parsing: &wire)
        let session = try Self.run(.startPolicySession(), on: device).handle()
        _ = try Self.run(.policySecret(session: session), on: device)
        let reply = try Self.run(
            .activate(
                challenge, attestation: attestation.handle, endorsement: endorsement.handle,
                session: session), on: device)
        guard let credential = TPMCredential(bytes: try reply.firstParameter()) else {
            throw UsageError(text: "the server's challenge for the TPM has another length")
        }
        return credential
    }

    /// A TPM need not know all kinds.
    private static func firstKey(of kinds: [TPMKey.Kind], on device: borrowing FileDescriptor) throws -> (
        key: TPMKey, handle: UInt32
    ) {
        for kind in kinds.dropLast() {
            do {
                return try key(kind, on: device)
            } catch let error as SystemError {
                throw error
            } catch {
                continue
            }
        }
        return try key(kinds[kinds.count - 1], on: device)
    }

    private static func key(_ kind: TPMKey.Kind, on device: borrowing FileDescriptor) throws -> (
        key: TPMKey, handle: UInt32
    ) {
        let reply = try run(.createPrimary(TPMKey.template(kind)), on: device)
        return (try TPMKey(kind, reply.firstParameter(hasHandle: true)), try reply.handle())
    }

    /// The certificate that the TPM's maker has left in it for an endorsement key; nil: none, or none that can be read.
    ///
    /// - Throws: `SystemError` when the TPM does not answer: which key a node is bound to must not depend on how busy it is.
    private static func certificate(of kind: TPMKey.Kind, on device: borrowing FileDescriptor) throws
        -> [UInt8]?
    {
        let index: UInt32 = kind == .rsa ? 0x01C0_0002 : 0x01C0_000A
        do {
            let byteCount = try run(.describe(index: index), on: device).indexByteCount()
            guard (1...TPMIntroduction.certificateByteLimit).contains(byteCount) else { return nil }
            var bytes: [UInt8] = []
            while bytes.count < byteCount {
                let wanted = min(pieceByteCount, byteCount - bytes.count)
                let piece = try run(
                    .read(index: index, offset: UInt16(bytes.count), byteCount: UInt16(wanted)), on: device
                ).firstParameter()
                guard !piece.isEmpty else { return nil }
                bytes += piece
            }
            return DERLength.trimmed(bytes)
        } catch let error as SystemError {
            throw error
        } catch {
            return nil
        }
    }

    /// One write, one read.
    ///
    /// - Throws: `UsageError` with the TPM's own refusal, `SystemError` when it does not answer in the time that the kernel gives it.
    private static func run(_ command: TPMCommand, on device: borrowing FileDescriptor) throws -> TPMReply {
        try device.write(command.bytes)
        let reply = try TPMReply(device.read(atMost: TPMReply.byteLimit))
        guard reply.code == 0 else {
            throw UsageError(text: "the TPM answers 0x\(String(reply.code, radix: 16))")
        }
        return reply
    }
}

/// A TPM that is busy does not answer in the time that the kernel gives it: it is asked again.
package enum TPMPatience {
    private static let attempts = 3
    /// Milliseconds in between.
    private static let pause = 1_000

    /// - Parameters:
    ///   - wait: gets milliseconds.
    ///   - tell: gets what went wrong, where it is tried again.
    /// - Throws: what the last attempt threw, and at once what is no `SystemError`.
    package static func keep<Answer>(
        wait: (Int) -> Void, tell: (SystemError) -> Void, _ ask: () throws -> Answer
    ) throws -> Answer {
        for _ in 1..<attempts {
            do { return try ask() } catch let error as SystemError {
                tell(error)
                wait(pause)
            }
        }
        return try ask()
    }
}

/// Some makers leave room behind a certificate.
enum DERLength {
    /// The one value that `bytes` begin with; nil when it is cut off, or its length is of another form (X.690 §8.1.3).
    static func trimmed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 4, bytes[0] == 0x30, bytes[1] == 0x82 else { return nil }
        let count = 4 + (Int(bytes[2]) << 8 | Int(bytes[3]))
        return count <= bytes.count ? Array(bytes.prefix(count)) : nil
    }
}
