/// What a node asks when a person wants a session on a terminal server. It travels encrypted with a key of the node's boot.
package struct LogInRequest: Equatable, Sendable {
    /// Another one each time: an answer names it, and a second request with it is refused.
    package var id: String
    /// As typed. Empty: the node's own account or a guest's, as the center decides.
    package var user: String
    /// Empty: the pool of the node's settings.
    package var pool: String
    /// Protocols that this node can show, the best first: `rdp`, `ssh`, `x2go`, `vnc`.
    package var protocols: [String]
    /// A public key made for this log-in, as a line of `authorized_keys`; empty where no protocol needs one.
    package var publicKey: String
    /// The person typed a password of their own: it goes to the terminal server itself, and never here.
    package var hasPassword: Bool
    /// The person agrees that their session elsewhere comes here.
    package var takesOver: Bool

    package init(
        id: String, user: String, pool: String, protocols: [String], publicKey: String, hasPassword: Bool,
        takesOver: Bool
    ) {
        self.id = id
        self.user = user
        self.pool = pool
        self.protocols = protocols
        self.publicKey = publicKey
        self.hasPassword = hasPassword
        self.takesOver = takesOver
    }
}

/// The answer to a ``LogInRequest``.
package struct LogInAnswer: Equatable, Sendable {
    /// Of the request.
    package var id: String
    package var outcome: Outcome

    package enum Outcome: Equatable, Sendable {
        case ready(SessionTicket)
        /// The person has a session elsewhere, and may bring it here: the same request again with ``LogInRequest/takesOver``. With it comes a
        /// sentence for them.
        case askConsent(String)
        /// Why not, for people.
        case refused(String)
    }

    package init(id: String, outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }
}

/// What a node needs for one session.
package struct SessionTicket: Equatable, Sendable {
    /// Names it; no secret.
    package var id: String
    package var kind: String
    package var address: String
    package var port: UInt16
    package var user: String
    /// Opens one session, within ``lifetime``; empty: the person's own password does.
    package var credential: String
    /// Seconds.
    package var lifetime: UInt32
    /// SHA-256 of the server's certificate for RDP in hexadecimal digits; empty: for other protocols.
    package var certificate: String
    /// The server's public host keys, lines of `known_hosts` without the name.
    package var hostKeys: [String]
    /// For an RD Connection Broker; empty: none.
    package var broker: String
    /// The session was there already.
    package var isReconnection: Bool

    package init(
        id: String, kind: String, address: String, port: UInt16, user: String, credential: String,
        lifetime: UInt32, certificate: String, hostKeys: [String], broker: String, isReconnection: Bool
    ) {
        self.id = id
        self.kind = kind
        self.address = address
        self.port = port
        self.user = user
        self.credential = credential
        self.lifetime = lifetime
        self.certificate = certificate
        self.hostKeys = hostKeys
        self.broker = broker
        self.isReconnection = isReconnection
    }
}

extension LogInRequest: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        id = try wire.text()
        user = try wire.text()
        pool = try wire.text()
        protocols = try wire.texts()
        publicKey = try wire.text()
        hasPassword = try wire.read(UInt8.self) != 0
        takesOver = try wire.read(UInt8.self) != 0
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(text: id)
        wire.write(text: user)
        wire.write(text: pool)
        wire.write(texts: protocols)
        wire.write(text: publicKey)
        wire.write(UInt8(hasPassword ? 1 : 0))
        wire.write(UInt8(takesOver ? 1 : 0))
    }
}

extension LogInAnswer: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        id = try wire.text()
        switch try wire.read(UInt8.self) {
        case 0: outcome = .ready(try SessionTicket(parsing: &wire))
        case 1: outcome = .askConsent(try wire.text())
        case 2: outcome = .refused(try wire.text())
        default: throw .invalid("outcome")
        }
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(text: id)
        switch outcome {
        case .ready(let ticket):
            wire.write(UInt8(0))
            ticket.write(to: &wire)
        case .askConsent(let text):
            wire.write(UInt8(1))
            wire.write(text: text)
        case .refused(let text):
            wire.write(UInt8(2))
            wire.write(text: text)
        }
    }
}

extension SessionTicket: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        id = try wire.text()
        kind = try wire.text()
        address = try wire.text()
        port = try wire.read()
        user = try wire.text()
        credential = try wire.text()
        lifetime = try wire.read()
        certificate = try wire.text()
        hostKeys = try wire.texts()
        broker = try wire.text()
        isReconnection = try wire.read(UInt8.self) != 0
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(text: id)
        wire.write(text: kind)
        wire.write(text: address)
        wire.write(port)
        wire.write(text: user)
        wire.write(text: credential)
        wire.write(lifetime)
        wire.write(text: certificate)
        wire.write(texts: hostKeys)
        wire.write(text: broker)
        wire.write(UInt8(isReconnection ? 1 : 0))
    }
}

extension Span<UInt8> {
    fileprivate mutating func texts() throws(WireError) -> [String] {
        let count = try read(UInt8.self)
        var texts: [String] = []
        for _ in 0..<count { texts.append(try text()) }
        return texts
    }
}

extension [UInt8] {
    /// - Parameter texts: at most 255.
    fileprivate mutating func write(texts: [String]) {
        let texts = texts.prefix(255)
        write(UInt8(texts.count))
        for text in texts { write(text: text) }
    }
}
