package import Fleet
package import Wire

/// A token for the agent of a terminal server, to be made. It works once, for a day.
package struct AgentTokenRequest: Codable, Sendable {
    /// The record that the agent joins; left out: the agent's host name becomes its name.
    package var server: TerminalName?
    /// Of a record that the agent makes; left out: the site.
    package var group: GroupPath?

    package init(server: TerminalName? = nil, group: GroupPath? = nil) {
        self.server = server
        self.group = group
    }
}

/// A token that was made.
package struct AgentTokenAnswer: Codable, Sendable {
    /// Shown once. Behind the dot is the fingerprint of this server's authority, by which the agent knows it; without a dot, the agent
    /// trusts the authorities of its host.
    package var token: String
    package var server: TerminalName?
    package var group: GroupPath
    @SecondTimestamp package var expiresAt: Int
    /// What to run on the terminal server.
    package var command: String

    package init(token: String, server: TerminalName?, group: GroupPath, expiresAt: Int, command: String) {
        self.token = token
        self.server = server
        self.group = group
        self.expiresAt = expiresAt
        self.command = command
    }
}

/// The agent of a terminal server, as it is known here.
package struct AgentAnswer: Codable, Sendable {
    package var server: TerminalName
    /// SHA-256 of its newest certificate, in hexadecimal digits.
    package var certificate: String
    @SecondTimestamp package var validUntil: Int
    /// Whether it listens for orders now.
    package var isListening: Bool

    package init(server: TerminalName, certificate: String, validUntil: Int, isListening: Bool) {
        self.server = server
        self.certificate = certificate
        self.validUntil = validUntil
        self.isListening = isListening
    }
}

/// An agent asks for its next certificate.
package struct AgentRenewRequest: Codable, Sendable {
    /// A certificate signing request in PEM (RFC 2986).
    package var certificateRequest: String

    package init(certificateRequest: String) { self.certificateRequest = certificateRequest }
}

/// The agent's next certificate.
package struct AgentRenewAnswer: Codable, Sendable {
    /// PEM
    package var certificate: String

    package init(certificate: String) { self.certificate = certificate }
}
