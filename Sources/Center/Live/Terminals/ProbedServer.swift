import Fleet
import Wire

/// What probes know of one terminal server without an agent.
struct ProbedServer: Sendable {
    /// When it was probed last, and when it is next: milliseconds by a clock that is never set.
    var probedAt: Int?
    var nextAt = Int.min
    /// The result of the last probe, by protocol.
    var findings: [SessionProtocol: PortFinding] = [:]
    /// What its exporter told last; nil: none answers.
    var reading: ExporterReading?
    /// What follows from that.
    var load: TerminalLoad?
    /// Log-ins that went there and may still be sessions.
    var logIns: [LiveTerminals.Coming] = []
    /// What it showed in place of its certificate when people were told of it.
    var alarmedOf: String?

    /// Milliseconds for which a log-in counts as a session where sessions are not seen: a working day.
    static let assumedLength = 10 * 3_600_000
    private static let logInLimit = 10_000

    /// Adds log-ins, and forgets old ones. A person counts once.
    mutating func take(_ placed: [LiveTerminals.Coming], at time: Int) {
        for logIn in placed {
            if !logIn.user.isEmpty { logIns.removeAll { $0.user == logIn.user } }
            logIns.append(logIn)
        }
        logIns.removeAll { time - $0.at > Self.assumedLength }
        logIns.removeFirst(max(0, logIns.count - Self.logInLimit))
    }

    /// Sessions there: as its exporter says, else as many as log-ins went there.
    var sessionCount: Int { reading?.sessionCount ?? logIns.count }

    /// Whether anything of it answers.
    var isReached: Bool { findings.values.contains(where: \.isThere) }

    /// Protocols that do not answer.
    var missing: SessionProtocols {
        findings.filter { !$0.value.isThere }.keys.set
    }

    /// The certificate that it showed for RDP; empty: it answered without one; nil: RDP was not reached.
    var shownCertificate: String? {
        guard let finding = findings[.rdp], case .rdp(_, let certificate) = finding else { return nil }
        return certificate ?? ""
    }

    /// Whether it shows another certificate than the one that is pinned. A server that shows none any more may be another one.
    func isDistrusted(by record: TerminalServer) -> Bool {
        guard let pinned = record.certificate, let shown = shownCertificate else { return false }
        return pinned != shown
    }

    /// What cannot be known of it, for people.
    var limits: [String] {
        guard let reading else {
            return [
                "sessions are not seen: log-ins count as sessions for 10 hours",
                "load is not seen: no exporter answers",
            ]
        }
        return reading.sessionCount == nil
            ? [
                "sessions are not seen: log-ins count as sessions for 10 hours (\(reading.kind.rawValue) does not tell them)"
            ] : []
    }
}
