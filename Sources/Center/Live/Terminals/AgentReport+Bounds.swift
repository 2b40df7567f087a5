import API
import Fleet
import Wire

extension AgentReport {
    /// Sessions and events of one report.
    static let entryLimit = 1_000

    /// The same with texts that a display does not obey, and with as much of everything as is kept: a terminal server may be hostile.
    var bounded: Self {
        var report = self
        report.version = version.bounded
        report.bootID = bootID.bounded
        report.uptime = uptime.flatMap { (0...(1 << 32)).contains($0) ? $0 : nil }
        report.load = load.sane
        report.rooms = rooms.prefix(32).map { room in
            let size = min(max(room.byteCount, 0), 1 << 60)
            return Room(
                path: room.path.bounded, byteCount: size, freeByteCount: min(max(room.freeByteCount, 0), size)
            )
        }
        report.pressure = pressure.map {
            Pressure(processors: share($0.processors), memory: share($0.memory), io: share($0.io))
        }
        report.sessions = sessions.prefix(Self.entryLimit).map { session in
            var session = session.bounded
            // No session is older than the start of its machine.
            session.age = min(session.age, report.uptime ?? .max)
            return session
        }
        report.release = self.release?.bounded
        report.ports = ports.filter { (1...65_535).contains($0.value) }
        report.certificate = certificate.flatMap { text in
            text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) ? text.lowercased() : nil
        }
        report.hostKeys = hostKeys.prefix(16).map { $0.bounded(2_048) }.filter { !$0.isEmpty }
        report.abilities = abilities.map { names in names.prefix(32).map(\.bounded) }
        report.troubles = troubles.prefix(20).map(\.bounded)
        report.events = events.prefix(Self.entryLimit).map(\.bounded)
        return report
    }

    /// Protocols of a record that are not open there. An agent looks at the usual ports only, and at none for VNC.
    func silentProtocols(of record: TerminalServer) -> SessionProtocols {
        // An agent that says nothing of ports does not look.
        guard !ports.isEmpty else { return [] }
        return record.ports.filter { $0.key != .vnc && $0.value == $0.key.usualPort && ports[$0.key] == nil }
            .keys.set
    }

    private func share(_ number: Double?) -> Double? {
        number.map { $0.isFinite ? min(max($0, 0), 1) : 0 }
    }
}

extension AgentResult {
    /// Bytes of what prevented something.
    static let problemLimit = 1_024

    /// The same with a text that a display does not obey, of a few lines: it comes to events, logs and pages.
    var bounded: Self {
        var result = self
        result.problem = problem.bounded(Self.problemLimit)
        return result
    }
}

extension AgentSession {
    fileprivate var bounded: Self {
        AgentSession(
            id: id.bounded, user: user.bounded, kind: kind, display: display.bounded,
            age: age.bounded, idle: idle?.bounded, isConnected: isConnected, from: from.bounded)
    }
}

extension AgentEvent {
    fileprivate var bounded: Self {
        AgentEvent(
            number: number, age: age.bounded, kind: kind, user: user.bounded, id: id.bounded,
            text: text.bounded)
    }
}

extension Int {
    /// Seconds that can be added up.
    fileprivate var bounded: Int { Swift.min(Swift.max(self, 0), 1 << 40) }
}

extension String {
    fileprivate var bounded: String { bounded(256) }

    fileprivate func bounded(_ byteCount: Int) -> String {
        PlainText(beginning(byteCount: byteCount)).description.beginning(byteCount: byteCount)
    }
}
