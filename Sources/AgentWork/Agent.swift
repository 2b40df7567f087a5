import API
import Dispatch
import Fleet
import FoundationEssentials
import Linux
import NIOCore
import Synchronization

/// The agent of a terminal server, as it runs: it reports, and does what the center orders.
package final class Agent: Sendable {
    /// Seconds between reports unless the center says otherwise, at least and at most; between two looks at the certificate's time.
    private static let (interval, shortest, longest, renewal) = (5, 1, 300, 3_600)
    private static let troubleLimit = 32

    /// Whether the center is reached, for people.
    private struct Contact {
        var problem = "it has not been asked yet"
        /// Milliseconds by the monotonic clock; nil: never.
        var at: Int?
        var isListening = false
    }

    private let places: AgentPlaces
    private let version: String
    private let events: EventLog
    private let door: any LogInDoor
    private let orders: Orders
    private let maker: Mutex<ReportMaker>
    private let line: Mutex<CenterLine>
    private let contact = Mutex(Contact())
    /// Until the next report, and until the next attempt to listen.
    private let (reportPause, listenPause) = (Pause(), Pause())
    /// Where files are read: a slow disk holds no other task.
    private let looking = DispatchQueue(label: "roost-agent.look")
    /// Where accounts end, which may take minutes: a report that waited for that would make the server count as gone.
    private let sweeping = DispatchQueue(label: "roost-agent.sweep")
    private let isSweeping = Mutex(false)

    /// - Parameter makeDoor: of what the agent has of accounts and tickets.
    package init(
        _ places: AgentPlaces = AgentPlaces(), version: String,
        programs: any AgentPrograms = LocalPrograms(),
        makeDoor: (AgentPlaces, any AgentPrograms, any AgentEventSink) throws -> any LogInDoor
    ) throws {
        // One loop is enough for two connections, and takes less memory than one for each processor.
        NIOSingletons.groupLoopCountSuggestion = 1
        (self.places, self.version) = (places, version)
        line = Mutex(try CenterLine(AgentIdentity.read(places)))
        let events = EventLog(at: places.events)
        self.events = events
        let door = try makeDoor(places, programs, events)
        self.door = door
        maker = Mutex(ReportMaker(places, version: version))
        orders = Orders(
            door: door, programs: programs, events: events,
            sessions: { [places] in
                var watch = SessionWatch(places, known: nil)
                return watch.look(now: SystemClock.wall / 1_000) { _, _ in }
            }, logIns: { [places] in LogInSession.all(places) },
            // Where sessions ended, the next log-in is not to be sent to them.
            changed: { [reportPause] in reportPause.end() })
    }

    /// Runs until cancelled.
    package func run() async throws {
        try Door(at: places.door) { [self] in answer($0) }.start()
        AgentLog.write("roost-agent \(version): \(line.withLock(\.identity.server))")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.report() }
            group.addTask { try await self.listen() }
            group.addTask { try await self.renew() }
            try await group.next()
            group.cancelAll()
        }
    }

    // MARK: At the door

    private func answer(_ request: DoorRequest) -> String {
        switch request {
        case .ticket(let user, let service, let from, let secret):
            door.claim(user: user, secret: secret, service: service, from: from) ? "1" : "0"
        case .key(let user, let key, let process):
            door.claim(user: user, publicKey: key, process: process) ? "1" : "0"
        case .status: status()
        }
    }

    private func status() -> String {
        let (identity, contact) = (line.withLock(\.identity), contact.withLock { $0 })
        let seen = maker.withLock(\.seen)
        let status = AgentStatus(
            server: identity.server, center: "\(identity.host):\(identity.port)", version: version,
            problem: contact.problem, isListening: contact.isListening,
            secondsSinceReport: contact.at.map { (SystemClock.boot - $0) / 1_000 },
            renewsAt: identity.renewsAt, sessionCount: seen.sessions.count,
            eventCount: events.pending().count)
        return (try? JSONEncoder().encode(status)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    // MARK: Reports

    private func report() async throws {
        var (backoff, interval, isStarting) = (Backoff(), Self.interval, true)
        var mark: String?
        while true {
            var pause: Duration
            do {
                var report = await look()
                report.events = events.pending()
                report.mark = mark
                let answer = try await line.withLock { $0 }.report(report)
                events.acknowledge(answer.acknowledged)
                mark = answer.mark ?? mark
                interval = min(max(answer.interval, Self.shortest), Self.longest)
                reached(nil)
                if isStarting { ProgramCode.releaseStart() }
                isStarting = false
                backoff.reset()
                pause = .seconds(interval)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                reached("\(error)")
                pause = max(.seconds(interval), backoff.next(.random(in: 0...1)))
            }
            try await reportPause.wait(pause)
        }
    }

    /// Looks at the machine, tells what has changed, and has arrivals noted and accounts swept.
    private func look() async -> AgentReport {
        await withCheckedContinuation { continuation in
            looking.async { [self] in
                let report = maker.withLock { maker in
                    maker.look(now: SystemClock.wall / 1_000) { kind, session in
                        events.note(
                            kind, user: session.user, id: session.id,
                            "\(session.kind.rawValue) \(session.display)")
                    }
                }
                sweep(report.sessions)
                continuation.resume(returning: report)
            }
        }
    }

    /// Begins what follows from a look, unless that of an earlier one still goes on.
    private func sweep(_ sessions: [AgentSession]) {
        let isFree = isSweeping.withLock { isSweeping in
            defer { isSweeping = true }
            return !isSweeping
        }
        guard isFree else { return }
        sweeping.async { [self] in
            orders.noteArrivals()
            door.sweep(sessions: sessions)
            isSweeping.withLock { $0 = false }
        }
    }

    /// Says in the journal when the center is lost, and when it is back.
    private func reached(_ problem: String?) {
        let (line, isBack): (String?, Bool) = contact.withLock { contact in
            let before = contact.problem
            contact.problem = problem ?? ""
            if problem == nil { contact.at = SystemClock.boot }
            guard contact.problem != before else { return (nil, false) }
            return (
                problem.map { "cannot reach the center: \($0)" } ?? "the center is reached",
                problem == nil && !contact.isListening
            )
        }
        if isBack { listenPause.end() }
        if let line { AgentLog.write(line) }
    }

    // MARK: Orders

    private func listen() async throws {
        var backoff = Backoff()
        while true {
            let line = line.withLock { $0 }
            do {
                let began = SystemClock.boot
                try await line.orders(connected: { listens() }) { order in
                    orders.take(order) { result in
                        Task { await Self.tell(result, line) }
                        // Where sessions ended, the next log-in is not to be sent to them.
                        if order.work.endsSessions { self.reportPause.end() }
                    }
                }
                // One that is taken away at once, as by another agent with this identity, does not begin a race.
                if SystemClock.boot - began > 10_000 { backoff.reset() }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if contact.withLock({ $0.problem.isEmpty }) { AgentLog.write("orders: \(error)") }
            }
            contact.withLock { $0.isListening = false }
            try await listenPause.wait(backoff.next(.random(in: 0...1)))
        }
    }

    /// A center that was started again knows no sessions here until the next report, and log-ins wait for it.
    private func listens() {
        contact.withLock { $0.isListening = true }
        reportPause.end()
    }

    /// The center waits a few seconds for it.
    private static func tell(_ result: AgentResult, _ line: CenterLine) async {
        var backoff = Backoff()
        for _ in 0..<4 {
            do { return try await line.tell(result) } catch {
                guard (try? await Task.sleep(for: backoff.next(.random(in: 0...1)))) != nil else { return }
            }
        }
        AgentLog.write("the center does not learn how order \(result.order) ended")
    }

    // MARK: The certificate

    private func renew() async throws {
        while true {
            var identity = line.withLock(\.identity)
            if SystemClock.wall / 1_000 >= identity.renewsAt {
                do {
                    let request = try CertificateRequest(name: identity.server)
                    identity.certificate = try await line.withLock { $0 }.renew(request.text)
                    identity.key = request.key
                    let next = try CenterLine(identity)
                    try identity.write(places)
                    line.withLock { $0 = next }
                    AgentLog.write("the certificate was renewed")
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    AgentLog.write("the certificate cannot be renewed: \(error)")
                }
            }
            try await Task.sleep(for: .seconds(Self.renewal))
        }
    }
}

/// How an agent is, for people who ask on its machine.
package struct AgentStatus: Codable, Sendable {
    package var server: String
    /// `HOST:PORT`
    package var center: String
    package var version: String
    /// Empty: the center is reached.
    package var problem: String
    package var isListening: Bool
    package var secondsSinceReport: Int?
    /// Seconds since 1970.
    package var renewsAt: Int
    package var sessionCount: Int
    package var eventCount: Int
}
