/// How a server for RDP protects its connections ([MS-RDPBCGR] 2.2.1.1.1): what a client asks for, and which one the server takes.
package struct RDPSecurity: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// RDP's own, without a certificate: what a server means that answers without naming a protocol.
    package static let standard: Self = []
    package static let tls = Self(rawValue: 1)
    /// CredSSP: the password is checked before there is a session (NLA).
    package static let credSSP = Self(rawValue: 2)
    package static let credSSPWithEarlyResult = Self(rawValue: 8)

    /// Whether the server wants to know the person before it shows anything.
    package var asksFirst: Bool { !isDisjoint(with: [.credSSP, .credSSPWithEarlyResult]) }

    /// Whether TLS begins after the answer.
    package var isEncrypted: Bool { self != .standard }
}

/// The first words of RDP: an X.224 Connection Request in a TPKT (RFC 1006 §6, RFC 905 §13.3), and what servers answer.
package struct RDPNegotiationRequest: Equatable, Sendable {
    package var protocols: RDPSecurity

    package init(protocols: RDPSecurity = [.tls, .credSSP, .credSSPWithEarlyResult]) {
        self.protocols = protocols
    }

    package func write(to wire: inout [UInt8]) {
        wire += [3, 0, 0, 19, 14, 0xE0, 0, 0, 0, 0, 0]
        // RDP_NEG_REQ: type, flags, length, and the protocols; the last two the least significant byte first.
        wire += [1, 0, 8, 0]
        wire.write(protocols.rawValue.byteSwapped)
    }
}

/// What a server for RDP answers ([MS-RDPBCGR] 2.2.1.2).
package enum RDPNegotiationAnswer: Equatable, Sendable {
    case accepted(RDPSecurity)
    /// None of the protocols suits it.
    case refused(Refusal)

    /// Why ([MS-RDPBCGR] 2.2.1.2.2).
    package struct Refusal: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let noCertificate = Self(rawValue: 3)
        package static let credSSPRequired = Self(rawValue: 5)
    }

    /// An answer is 19 bytes; cookies and tokens do not come back.
    package static let byteLimit = 512

    /// Bytes of the answer at the front of `wire`; nil: more have to come before that is known.
    package static func byteCount(in wire: Span<UInt8>) throws(WireError) -> Int? {
        if wire.count > 0, wire[0] != 3 { throw .invalid("TPKT version") }
        guard wire.count >= 4 else { return nil }
        let count = Int(wire[2]) << 8 | Int(wire[3])
        guard count >= 11 else { throw .invalid("TPKT length") }
        guard count <= byteLimit else { throw .tooLong("TPKT length", count: count, limit: byteLimit) }
        return count
    }
}

extension RDPNegotiationAnswer {
    /// Reads an answer and consumes it.
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let count = try Self.byteCount(in: wire) ?? 4
        guard wire.count >= count else { throw .truncated(needed: count, left: wire.count) }
        var answer = wire.extracting(first: count)
        wire = wire.extracting(droppingFirst: count)
        try answer.skip(4)
        guard Int(try answer.read(UInt8.self)) == count - 5 else { throw .invalid("X.224 length") }
        guard try answer.read(UInt8.self) & 0xF0 == 0xD0 else { throw .invalid("X.224 code") }
        // Both references, and the class.
        try answer.skip(5)
        // Servers before TLS end here, and so does xrdp when it has no certificate to offer.
        guard !answer.isEmpty else {
            self = .accepted(.standard)
            return
        }
        let type = try answer.read(UInt8.self)
        try answer.skip(1)
        guard try answer.read(UInt16.self).byteSwapped == 8 else { throw .invalid("negotiation length") }
        let value = try answer.read(UInt32.self).byteSwapped
        switch type {
        case 2: self = .accepted(RDPSecurity(rawValue: value))
        case 3: self = .refused(Refusal(rawValue: value))
        default: throw .invalid("negotiation type")
        }
    }
}
