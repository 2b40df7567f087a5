package import Fleet

/// Which TPM people accept: another one may have been refused since they looked.
package struct AcceptTPMRequest: Codable, Sendable {
    /// The name of its attestation key in hexadecimal, or the end of it that is shown.
    package var tpm: String

    package init(tpm: String) { self.tpm = tpm }
}

/// The TPM that a node is bound to, and the one that was refused last.
package struct NodeTPMAnswer: Codable, Sendable {
    /// Nil: none yet.
    package var bound: BoundTPM?
    /// Nil: none since the server started, or people have dismissed it.
    package var refused: NodeAlarm?
    /// The setting `tpm`.
    package var use: String

    package init(bound: BoundTPM?, refused: NodeAlarm?, use: String) {
        self.bound = bound
        self.refused = refused
        self.use = use
    }
}
