package import Wire

/// One making of a secret for a boot of a node, as the store keeps it: never with its value.
package struct SecretMint: Equatable, Sendable {
    package enum State: String, Sendable, Codable, CaseIterable {
        /// The server is about to make it, or was when it ended.
        case making
        /// It has not gone out yet.
        case made
        case sent
        /// It was removed where it was made once its node had used it, and the node is still in what it joined.
        case used
        case failed
        /// It has to be removed where it was made: its node or secret was removed, it expired, or it was never sent.
        case removed

        /// Whether it may have to be removed where it was made.
        package func isOpen(whileNodeIsThere isThere: Bool) -> Bool {
            switch self {
            case .making, .made, .sent: true
            case .used: !isThere
            case .failed, .removed: false
            }
        }

        /// What it is once an answer to its boot is on its way.
        package var afterAnswer: State { self == .made ? .sent : self }
    }

    /// Its name where it is made: the ID of a token, the serial number of a certificate. It is stored before anything is made.
    package var handle: String
    package var secret: SecretName
    package var node: NodeName
    package var machine: MACAddress
    package var boot: String
    package var state: State
    /// What people may know of it: a public key, a fingerprint, the ID of a token.
    package var shown: String?
    /// Seconds since 1970.
    package var at: Int
    /// Seconds since 1970; nil: it does not expire.
    package var expiresAt: Int?
    /// Why it was not made, for people.
    package var failure: String?

    package init(
        handle: String, secret: SecretName, node: NodeName, machine: MACAddress, boot: String,
        state: State = .making, shown: String? = nil, at: Int, expiresAt: Int? = nil, failure: String? = nil
    ) {
        self.handle = handle
        self.secret = secret
        self.node = node
        self.machine = machine
        self.boot = boot
        self.state = state
        self.shown = shown
        self.at = at
        self.expiresAt = expiresAt
        self.failure = failure
    }

    /// Whether nothing went out, so that the secret is as armed as before.
    package var isTakenBack: Bool { state == .failed }

    package static let handleAlphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    /// As the ID of a bootstrap token.
    package static let handleLength = 6

    /// - Parameter generator: unpredictable, such as the system's.
    package static func newHandle(using generator: inout some RandomNumberGenerator) -> String {
        text(of: handleLength, using: &generator)
    }

    package static func text(of length: Int, using generator: inout some RandomNumberGenerator) -> String {
        let bytes = (0..<length).compactMap { _ in handleAlphabet.randomElement(using: &generator) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What is to be minted for a boot, once that is in the store.
package struct MintOrder: Equatable, Sendable {
    package var mint: SecretMint
    package var secret: Secret
    /// What the store keeps beside the secret: the key of an authority, or a credential.
    package var kept: [UInt8]?

    package init(_ mint: SecretMint, of secret: Secret, kept: [UInt8]?) {
        self.mint = mint
        self.secret = secret
        self.kept = kept
    }
}

/// Something minted that may have to be removed where it was made.
package struct OpenMint: Equatable, Sendable {
    package var mint: SecretMint
    /// Nil: it was removed.
    package var secret: Secret?
    package var kept: [UInt8]?

    package init(_ mint: SecretMint, of secret: Secret?, kept: [UInt8]?) {
        self.mint = mint
        self.secret = secret
        self.kept = kept
    }
}
