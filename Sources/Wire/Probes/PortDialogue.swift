/// What a probe says to one port and makes of the answer: bytes in, what to do next out.
///
/// States: waiting → encrypting → over. Waiting may go to over. What a server says before it is told anything is all that SSH and VNC need.
package struct PortDialogue: Sendable {
    /// What speaks there.
    package enum Service: Equatable, Sendable {
        case rdp
        case ssh
        case vnc
    }

    package enum Step: Equatable, Sendable {
        case wait
        /// A TLS handshake follows; its certificate is what is looked for.
        case startTLS
        case over(PortFinding)
    }

    package let service: Service
    private var bytes: [UInt8] = []
    private var security = RDPSecurity.standard

    package init(_ service: Service) { self.service = service }

    /// Sent at once.
    package var opening: [UInt8] {
        var wire: [UInt8] = []
        if service == .rdp { RDPNegotiationRequest().write(to: &wire) }
        return wire
    }

    /// The server said something.
    package mutating func handle(_ heard: some Collection<UInt8>) -> Step {
        bytes += heard.prefix(max(0, SSHBanner.byteLimit - bytes.count))
        do throws(WireError) { return try step() } catch { return .over(.other("\(error)")) }
    }

    /// The certificate of the TLS handshake is known.
    package func shown(certificate: String) -> PortFinding {
        .rdp(security: security, certificate: certificate)
    }

    private mutating func step() throws(WireError) -> Step {
        switch service {
        case .ssh: return try SSHBanner.find(in: bytes).map { .over(.ssh($0)) } ?? .wait
        case .vnc: return try VNCGreeting.find(in: bytes).map { .over(.vnc($0)) } ?? .wait
        case .rdp:
            var wire = bytes.span
            guard let count = try RDPNegotiationAnswer.byteCount(in: wire), wire.count >= count else {
                return .wait
            }
            switch try RDPNegotiationAnswer(parsing: &wire) {
            case .accepted(let accepted):
                security = accepted
                return accepted.isEncrypted ? .startTLS : .over(.rdp(security: accepted, certificate: nil))
            case .refused(let refusal): return .over(.rdpRefused(refusal))
            }
        }
    }
}

/// What a probe found at a port.
package enum PortFinding: Equatable, Sendable {
    /// The certificate's SHA-256 in hexadecimal digits; nil: there is none.
    case rdp(security: RDPSecurity, certificate: String?)
    /// An RDP server that wants another protection.
    case rdpRefused(RDPNegotiationAnswer.Refusal)
    case ssh(SSHBanner)
    case vnc(VNCGreeting)
    /// Something answers, which is not what is expected there; with what is wrong.
    case other(String)
    /// Nothing answers; with the reason, for people.
    case silent(String)

    /// Whether the service answers.
    package var isThere: Bool {
        switch self {
        case .rdp, .rdpRefused, .ssh, .vnc: true
        case .other, .silent: false
        }
    }

    /// Of the certificate, where one was shown.
    package var certificate: String? {
        if case .rdp(_, let certificate) = self { certificate } else { nil }
    }
}

extension PortFinding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .rdp(let security, let certificate):
            (security.asksFirst
                ? "RDP with NLA" : security.isEncrypted ? "RDP with TLS" : "RDP without TLS")
                + (certificate.map { ", certificate \($0)" } ?? "")
        case .rdpRefused(.credSSPRequired): "RDP; it accepts NLA only"
        case .rdpRefused(.noCertificate): "RDP; it has no certificate"
        case .rdpRefused(let refusal): "RDP; it refuses the connection (code \(refusal.rawValue))"
        case .ssh(let banner): "SSH, \(banner.software)"
        case .vnc(let greeting): "VNC, RFB \(greeting.major).\(greeting.minor)"
        case .other(let problem): "something else answers: \(problem)"
        case .silent(let problem): problem
        }
    }
}
