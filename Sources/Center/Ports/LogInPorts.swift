package import Fleet
package import Wire

/// Gives people at nodes their sessions on terminal servers. The data planes ask, and wait for the answer.
package protocol NodeLogIns: Sendable {
    /// Answers within 15 s.
    ///
    /// - Parameters:
    ///   - node: that it was asked from.
    ///   - machine: the card that the node booted with.
    ///   - address: that it has now.
    func logIn(
        _ request: LogInRequest, by node: Node?, machine: MACAddress, at address: IPv4Address
    ) async -> LogInAnswer
}
