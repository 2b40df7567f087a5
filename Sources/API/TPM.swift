package import Fleet

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
