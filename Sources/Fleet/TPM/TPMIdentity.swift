package import Wire

/// A TPM, by the names of two keys that it has and no other TPM can have.
package struct TPMIdentity: Equatable, Sendable, Codable {
    /// The name of its endorsement key, in hexadecimal.
    package var endorsement: String
    /// The name of its attestation key, in hexadecimal.
    package var attestation: String
    /// The kind of its endorsement key.
    package var kind: Kind
    /// Nil: it showed none for that key.
    package var certificate: Certificate?

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case ecc, rsa
    }

    /// The certificate of an endorsement key.
    package struct Certificate: Equatable, Sendable, Codable {
        /// The authority that says that the key is in a TPM, as the certificate names it.
        @MachineText package var issuer: String
        /// Whether it leads to one of the authorities that this server was given.
        package var isTrusted: Bool

        package init(issuer: String, isTrusted: Bool) {
            self.issuer = issuer
            self.isTrusted = isTrusted
        }
    }

    package init(
        endorsement: String, attestation: String, kind: Kind, certificate: Certificate? = nil
    ) {
        self.endorsement = endorsement
        self.attestation = attestation
        self.kind = kind
        self.certificate = certificate
    }

    /// Whether both are the same TPM. An attestation key alone proves nothing: its public half is no secret.
    package func isSame(as other: Self) -> Bool {
        endorsement == other.endorsement && attestation == other.attestation
    }

    /// For people: the end of the attestation key's name, which is enough to tell two apart.
    package var short: String { String(attestation.suffix(16)) }
}

/// What becomes of nodes' TPMs: the setting `tpm`.
package enum TPMUse: String, Sendable, CaseIterable {
    /// Nothing: configurations go to machines without one, and with any.
    case ignore
    /// A node that has one is bound to it.
    case use
    /// A node without one gets no configuration.
    case require
}

/// Whether a configuration may go out.
package enum TPMVerdict: Equatable, Sendable {
    /// No TPM decides it.
    case free
    /// The node is bound to the TPM that it showed, which is stored first.
    case binds
    /// It showed the TPM that it is bound to.
    case proven
    case refused(MachineProperty)
}

extension TPMUse {
    /// - Parameters:
    ///   - bound: the TPM that the node is bound to.
    ///   - shown: the one that this boot has proven.
    ///   - needsCertificate: whether only TPMs with trusted certificates are bound.
    package func verdict(
        bound: TPMIdentity?, shown: TPMIdentity?, needsCertificate: Bool
    ) -> TPMVerdict {
        if self == .ignore { return .free }
        if let bound {
            guard let shown else { return .refused(.noTPM) }
            return shown.isSame(as: bound) ? .proven : .refused(.otherTPM)
        }
        guard let shown else { return self == .require ? .refused(.noTPM) : .free }
        if needsCertificate, shown.certificate?.isTrusted != true {
            return self == .require ? .refused(.untrustedTPM) : .free
        }
        return .binds
    }
}
