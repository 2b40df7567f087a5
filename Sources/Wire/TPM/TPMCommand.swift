/// A command to a TPM 2.0 (TCG's TPM 2.0 Library, parts 2 and 3), and what the node reads of the reply.
///
/// Written to and read from /dev/tpmrm0, one of each: the kernel manages what is loaded, and unloads it when the file is closed.
package struct TPMCommand: Equatable, Sendable {
    /// The whole command, with its head.
    package let bytes: [UInt8]

    private static let (noSessions, withSessions) = (UInt16(0x8001), UInt16(0x8002))
    /// TPM_RH_ENDORSEMENT, TPM_RH_NULL, TPM_RS_PW.
    private static let (endorsement, null, password) = (
        UInt32(0x4000_000B), UInt32(0x4000_0007), UInt32(0x4000_0009)
    )
    private static let sha256 = UInt16(0x0B)

    private init(_ code: UInt32, handles: [UInt32], sessions: [UInt32] = [], _ parameters: [UInt8]) {
        var body: [UInt8] = []
        for handle in handles { body.write(handle) }
        if !sessions.isEmpty {
            // Each with an empty nonce, no attributes, and an empty HMAC or password.
            body.write(UInt32(9 * sessions.count))
            for session in sessions {
                body.write(session)
                body += [0, 0, 0, 0, 0]
            }
        }
        body += parameters
        var bytes: [UInt8] = []
        bytes.write(sessions.isEmpty ? Self.noSessions : Self.withSessions)
        bytes.write(UInt32(body.count + 10))
        bytes.write(code)
        self.bytes = bytes + body
    }

    /// CreatePrimary in the endorsement hierarchy: the same template always gives the same key.
    package static func createPrimary(_ template: [UInt8]) -> Self {
        var parameters: [UInt8] = []
        // No password, and no data.
        parameters.write(sized: [0, 0, 0, 0])
        parameters.write(sized: template)
        parameters.write(sized: [])
        parameters.write(0 as UInt32)
        return Self(0x131, handles: [endorsement], sessions: [password], parameters)
    }

    /// StartAuthSession for a policy.
    package static func startPolicySession() -> Self {
        var parameters: [UInt8] = []
        parameters.write(sized: [UInt8](repeating: 0, count: 16))
        parameters.write(sized: [])
        parameters.append(1)
        parameters.write(0x10 as UInt16)
        parameters.write(sha256)
        return Self(0x176, handles: [null, null], parameters)
    }

    /// PolicySecret of the endorsement hierarchy, which endorsement keys want before they are used.
    package static func policySecret(session: UInt32) -> Self {
        var parameters: [UInt8] = []
        for _ in 0..<3 { parameters.write(sized: []) }
        parameters.write(0 as UInt32)
        return Self(0x151, handles: [endorsement, session], sessions: [password], parameters)
    }

    /// ActivateCredential: opens a challenge, if `attestation` is the key that it was made for.
    package static func activate(
        _ challenge: TPMChallenge, attestation: UInt32, endorsement: UInt32, session: UInt32
    ) -> Self {
        var parameters: [UInt8] = []
        parameters.write(sized: challenge.blob)
        parameters.write(sized: challenge.secret)
        return Self(
            0x147, handles: [attestation, endorsement], sessions: [password, session], parameters)
    }

    /// NV_ReadPublic.
    package static func describe(index: UInt32) -> Self { Self(0x169, handles: [index], []) }

    /// NV_Read of an index that may be read with its own empty password.
    package static func read(index: UInt32, offset: UInt16, byteCount: UInt16) -> Self {
        var parameters: [UInt8] = []
        parameters.write(byteCount)
        parameters.write(offset)
        return Self(0x14E, handles: [index, index], sessions: [password], parameters)
    }
}

/// What a TPM answered.
package struct TPMReply: Sendable {
    /// The most bytes of a reply: what the kernel's driver passes on.
    package static let byteLimit = 4_096

    /// 0: done (part 2, §6.6).
    package let code: UInt32
    private let hasSessions: Bool
    private let body: [UInt8]

    package init(_ bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.byteLimit else {
            throw .tooLong("reply", count: bytes.count, limit: Self.byteLimit)
        }
        var wire = bytes.span
        let (tag, byteCount): (UInt16, UInt32) = (try wire.read(), try wire.read())
        guard byteCount == bytes.count else { throw .invalid("reply size") }
        code = try wire.read()
        hasSessions = tag == 0x8002
        body = Array(bytes.dropFirst(10))
    }

    /// The first handle.
    package func handle() throws(WireError) -> UInt32 {
        var wire = body.span
        return try wire.read()
    }

    /// The first parameter, which has a length before it.
    ///
    /// - Parameter hasHandle: whether a handle comes before the parameters.
    package func firstParameter(hasHandle: Bool = false) throws(WireError) -> [UInt8] {
        var wire = body.span
        try wire.skip((hasHandle ? 4 : 0) + (hasSessions ? 4 : 0))
        return try wire.sized("parameter", limit: Self.byteLimit)
    }

    /// The size of an index, of the reply to ``TPMCommand/describe(index:)``.
    package func indexByteCount() throws(WireError) -> Int {
        let area = try firstParameter()
        var wire = area.span
        // Index, hash, attributes.
        try wire.skip(10)
        _ = try wire.sized("policy", limit: 64)
        let count: UInt16 = try wire.read()
        return Int(count)
    }
}
