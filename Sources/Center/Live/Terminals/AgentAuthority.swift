import Wire

/// The authority of agents: it signs their certificates, and that of the port that they come to.
package struct AgentAuthority: Sendable, Equatable {
    /// In the port's certificate, whatever address agents reach it by.
    package static let portName = "roost-agents"
    /// Days for which an agent's certificate holds; it asks for the next one after two thirds.
    static let days = 90

    let pair: X509Pair

    /// A new one; nil when libcrypto cannot make keys.
    package static func make() -> Self? { X509Pair.authority(named: "Roost agents").map { Self(pair: $0) } }

    private init(pair: X509Pair) { self.pair = pair }

    /// - Parameter pem: key and certificate, one after the other.
    package init?(pem: String) {
        let parts = PEMText.blocks(of: pem)
        guard parts.count == 2, parts[0].contains("PRIVATE KEY"), X509Pair.isRoot(parts[1]) else {
            return nil
        }
        pair = X509Pair(key: parts[0], certificate: parts[1])
    }

    package var pem: String { pair.key + pair.certificate }

    /// PEM
    var certificate: String { pair.certificate }

    /// What the port shows of itself. It holds by any clock: agents trust only this authority, and the key is never on a disk.
    func port() -> X509Pair? {
        pair.pair(
            subject: Self.portName, names: ["DNS:\(Self.portName)"], serial: .random(in: 1...(.max >> 1)),
            validity: 0..<253_402_300_799)
    }

    /// An agent's certificate in PEM, for the key of its request; nil when the request cannot be used.
    ///
    /// - Parameter now: seconds since 1970.
    func certificate(forRequest request: String, of name: String, now: Int) -> (pem: String, validUntil: Int)?
    {
        // From the day before: clocks differ.
        let validity = max(0, now - 86_400)..<(now + Self.days * 86_400)
        return pair.certificate(
            forRequest: request, subject: name, names: ["DNS:\(name)"], serial: .random(in: 1...(.max >> 1)),
            validity: validity
        ).map { ($0, validity.upperBound) }
    }
}

/// Several blocks of PEM in one text (RFC 7468).
enum PEMText {
    static func blocks(of text: String) -> [String] {
        var (blocks, block): ([String], [Substring]) = ([], [])
        for line in text.split(separator: "\n") {
            if line.hasPrefix("-----BEGIN ") { block = [] }
            block.append(line)
            if line.hasPrefix("-----END ") { blocks.append(block.joined(separator: "\n") + "\n") }
        }
        return blocks
    }
}
