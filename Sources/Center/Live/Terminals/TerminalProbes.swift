import API
import Fleet
import HTTPClient
import NIOCore
import NetworkErrors
import Synchronization
package import Wire

/// Looks at terminal servers that have no agent, or whose agent is silent: what their ports say, and what an exporter for Prometheus tells.
///
/// A certificate is pinned when it is first seen. A server that shows another one takes no log-ins until people accept it.
package final class TerminalProbes: Sendable {
    /// Milliseconds from one probe of a server to the next, and how much earlier or later it may be.
    static let (interval, jitter) = (30_000, 5_000)
    /// Connections at the same time.
    static let connectionLimit = 32

    private let terminals: LiveTerminals
    private let known = Mutex<[TerminalName: ProbedServer]>([:])
    private let prober = PortProber()
    private let client = HTTPClient()
    private let exporterPorts: @Sendable (ExporterReading.Kind) -> Int

    /// - Parameter exporterPorts: the port of each exporter.
    package init(
        of terminals: LiveTerminals,
        exporterPorts: @escaping @Sendable (ExporterReading.Kind) -> Int = { $0.port }
    ) {
        self.terminals = terminals
        self.exporterPorts = exporterPorts
    }

    /// Probes servers as they become due, until cancelled.
    package func run(_ log: @escaping @Sendable (String) -> Void) async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            await look(log)
        }
    }

    /// What is known of a server; nil: it is not probed.
    func probed(_ name: TerminalName) -> ProbedServer? { known.withLock { $0[name] } }

    /// The same for people; nil: it is not probed, or not yet.
    func answer(about record: TerminalServer, at time: Int) -> TerminalProbeAnswer? {
        guard let server = probed(record.name), let probedAt = server.probedAt else { return nil }
        return TerminalProbeAnswer(
            age: max(0, time - probedAt) / 1_000,
            findings: server.findings.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.key.rawValue): \(PlainText("\($0.value)"))" },
            exporter: server.reading?.kind.rawValue, limits: server.limits,
            certificate: server.shownCertificate, isDistrusted: server.isDistrusted(by: record))
    }

    // MARK: One round

    /// Probes what is due.
    ///
    /// - Parameter clock: milliseconds that are never set.
    func look(
        clock: @Sendable () -> Int = { Clock.steadyMillisecond },
        _ log: @escaping @Sendable (String) -> Void = { _ in }
    ) async {
        let time = clock()
        let servers = terminals.withoutAgent(at: time)
        let due = due(of: servers, at: time)
        var left: [TerminalName: Int] = [:]
        let works = due.flatMap { probes(of: $0) }
        for work in works { left[work.server, default: 0] += 1 }
        await withTaskGroup(of: (TerminalName, Outcome).self) { group in
            var next = works.makeIterator()
            for _ in 0..<Self.connectionLimit {
                guard let work = next.next() else { break }
                group.addTask { (work.server, await self.outcome(of: work)) }
            }
            while let (name, outcome) = await group.next() {
                note(outcome, of: name)
                left[name, default: 1] -= 1
                if left[name] == 0 { finish(name, at: clock()) }
                if let work = next.next() {
                    group.addTask { (work.server, await self.outcome(of: work)) }
                }
            }
        }
        for record in servers { await judge(record, log) }
    }

    /// Those whose time has come. What is no longer probed is forgotten.
    private func due(of servers: [TerminalServer], at time: Int) -> [TerminalServer] {
        let names = Set(servers.map(\.name))
        let (due, gone) = known.withLock { known in
            let gone = known.keys.filter { !names.contains($0) }
            for name in gone { known[name] = nil }
            let due = servers.filter { time >= known[$0.name]?.nextAt ?? .min }
            for record in due {
                known[record.name, default: ProbedServer()].nextAt =
                    time + Self.interval + Int.random(in: -Self.jitter...Self.jitter)
            }
            return (due, gone)
        }
        for name in gone { terminals.forgetProbes(of: name) }
        return due
    }

    // MARK: Single probes

    private struct Work: Sendable {
        var server: TerminalName
        var host: String
        var port: Int
        /// Nil: an exporter.
        var service: PortDialogue.Service?
        var protocols: [SessionProtocol] = []
    }

    private enum Outcome: Sendable {
        case port([SessionProtocol], PortFinding)
        case exporter(ExporterReading?)
    }

    private func probes(of record: TerminalServer) -> [Work] {
        var works: [Work] = []
        for (kind, port) in record.ports.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            // X2Go is SSH, mostly at the same port.
            if let index = works.firstIndex(where: { $0.port == port && $0.service == kind.service }) {
                works[index].protocols.append(kind)
            } else {
                works.append(
                    Work(
                        server: record.name, host: record.address, port: port, service: kind.service,
                        protocols: [kind]))
            }
        }
        let exporter: ExporterReading.Kind = record.system == .windows ? .windows : .node
        works.append(Work(server: record.name, host: record.address, port: exporterPorts(exporter)))
        return works
    }

    private func outcome(of work: Work) async -> Outcome {
        if let service = work.service {
            return .port(work.protocols, await prober.finding(service, at: work.host, work.port))
        }
        return .exporter(try? await reading(at: work.host, work.port))
    }

    private func reading(at host: String, _ port: Int) async throws -> ExporterReading? {
        let place = IPAddress(host)?.inURL ?? host
        let answer = try await client.execute(
            HTTPClientRequest(url: "http://\(place):\(port)/metrics"),
            within: HTTPClientLimits(whole: prober.limit))
        guard answer.status == 200 else { return nil }
        var bytes: [UInt8] = []
        for try await part in answer.body {
            bytes += part.readableBytesView.prefix(ExporterText.byteLimit - bytes.count)
            if bytes.count >= ExporterText.byteLimit { break }
        }
        return ExporterReading(ExporterText(bytes, namesBeginningWith: ExporterReading.prefixes))
    }

    // MARK: Results

    private func note(_ outcome: Outcome, of name: TerminalName) {
        switch outcome {
        case .port(let protocols, let finding):
            known.withLock { known in
                for kind in protocols { known[name]?.findings[kind] = finding }
            }
        case .exporter(let reading):
            known.withLock { known in
                guard var server = known[name] else { return }
                server.load = reading.flatMap {
                    TerminalLoad($0, since: server.reading, sessionCount: server.logIns.count)
                }
                server.reading = reading
                known[name] = server
            }
        }
    }

    /// All probes of a server have answers.
    private func finish(_ name: TerminalName, at time: Int) {
        let placed = terminals.takePlaced(on: name, at: time)
        let server = known.withLock { known in
            known[name]?.probedAt = time
            known[name]?.take(placed, at: time)
            return known[name]
        }
        guard let server, server.isReached else { return }
        terminals.reached(name, with: server.load, missing: server.missing, at: time)
    }

    /// Pins a certificate that is new, and tells of one that has changed. People may have accepted it meanwhile.
    private func judge(_ record: TerminalServer, _ log: @Sendable (String) -> Void) async {
        guard let server = probed(record.name), server.probedAt != nil else { return }
        let isDistrusted = server.isDistrusted(by: record)
        terminals.note(
            sessionCount: server.load == nil ? server.sessionCount : 0, isDistrusted: isDistrusted,
            on: record.name)
        if let shown = server.shownCertificate, !shown.isEmpty, record.certificate == nil {
            await pin(shown, of: record.name, log)
        }
        let alarm = isDistrusted ? server.shownCertificate : nil
        guard alarm != server.alarmedOf else { return }
        known.withLock { $0[record.name]?.alarmedOf = alarm }
        guard let alarm else { return }
        let what = alarm.isEmpty ? "no certificate" : "certificate \(alarm)"
        terminals.fleet.events.publish(
            ServerEvent(
                kind: .alarm, node: record.node, group: record.group,
                text:
                    "terminal server \(record.name) shows \(what) in place of the one that is pinned; no log-in goes there"
                    + (alarm.isEmpty
                        ? "" : " (roost server set \(record.name) --rdp-certificate \(alarm) accepts it)")))
    }

    private func pin(_ certificate: String, of name: TerminalName, _ log: @Sendable (String) -> Void) async {
        do {
            try await terminals.fleet.change(
                by: "probe", what: "the certificate of terminal server \(name) is pinned"
            ) { current in
                guard var server = current.contents.terminals.servers[name], server.certificate == nil
                else { return [] }
                server.certificate = certificate
                return [.terminal(name, server)]
            }
        } catch { log("the certificate of terminal server \(name) is not pinned: \(ErrorText.of(error))") }
    }
}

extension SessionProtocol {
    /// What speaks at its port.
    fileprivate var service: PortDialogue.Service {
        switch self {
        case .rdp: .rdp
        case .ssh, .x2go: .ssh
        case .vnc: .vnc
        }
    }
}
