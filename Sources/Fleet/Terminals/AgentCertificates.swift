/// The certificates by which the agent of a terminal server is known, the newest last. They are kept beside the server's record, and go with it.
package struct AgentCertificates: Equatable, Sendable {
    package struct One: Equatable, Sendable {
        /// SHA-256 of the certificate, in hexadecimal digits.
        package var fingerprint: String
        /// Seconds since 1970.
        package var validUntil: Int

        package init(fingerprint: String, validUntil: Int) {
            (self.fingerprint, self.validUntil) = (fingerprint, validUntil)
        }
    }

    package private(set) var all: [One]

    /// An agent that has asked for a new one may not have got it: the one before counts, too.
    private static let countLimit = 2

    package init(_ all: [One] = []) { self.all = all.suffix(Self.countLimit) }

    /// Those that are kept once this one is made: it, and the one that the agent has. Others were made for requests whose answer was lost.
    ///
    /// - Parameter fingerprint: of the one that the agent has.
    package func adding(_ one: One, to fingerprint: String) -> Self {
        Self(all.filter { $0.fingerprint == fingerprint } + [one])
    }
}

extension AgentCertificates {
    /// As stored: `FINGERPRINT:SECOND`, with commas between them. What is none is left out.
    package init(parsing text: String) {
        self.init(
            text.split(separator: ",").compactMap { entry in
                let parts = entry.split(separator: ":")
                guard parts.count == 2, parts[0].utf8.count == 64, let second = Int(parts[1]) else {
                    return nil
                }
                return One(fingerprint: String(parts[0]), validUntil: second)
            })
    }

    package var text: String { all.map { "\($0.fingerprint):\($0.validUntil)" }.joined(separator: ",") }
}

extension FleetEdit {
    /// A terminal server, with the certificates of its agent; none: its agent is not let in any more.
    package static func terminal(
        _ name: TerminalName, _ server: TerminalServer, agent certificates: AgentCertificates
    ) -> Self {
        Self(name, server, secrets: [TerminalServer.agent: certificates.text])
    }
}

extension TerminalServer {
    /// The name of its agent's certificates among the values kept beside the record.
    package static let agent = "agent"
}

/// Who is known as the agent of which terminal server.
package protocol AgentStore: Sendable {
    /// Of all servers whose agents are let in.
    func agentCertificates() async throws(StoreError) -> [TerminalName: AgentCertificates]
}
