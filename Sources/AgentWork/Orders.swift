import API
import Dispatch
import Fleet
import Glibc
import Linux
import Synchronization

/// Carries out what the center orders, each order once: one that comes again gets the former answer.
final class Orders: Sendable {
    /// Answers that are kept.
    private static let answerLimit = 1_000
    private static let (programSeconds, messageSeconds, messageLimit) = (10, 5, 2_000)

    private struct State {
        /// Nil: it is being carried out.
        var answers: [String: AgentResult?] = [:]
        var order: [String] = []
        /// Arrivals are looked for again and again.
        var isWatching = false
        /// Tickets of log-ins that wait for the end of their account.
        var putOff: Set<String> = []
    }

    private let door: any LogInDoor
    private let programs: any AgentPrograms
    private let events: any AgentEventSink
    private let sessions: @Sendable () -> [AgentSession]
    private let logIns: @Sendable () -> [LogInSession]
    private let isMember: @Sendable (_ user: String, _ groups: [String]) -> Bool
    /// Quarters of a second that a session may take to end in order.
    private let grace: Int
    /// Milliseconds, by a clock that is never set.
    private let now: @Sendable () -> Int
    /// Does something on a queue after so many milliseconds.
    private let later: @Sendable (DispatchQueue, Int, @escaping @Sendable () -> Void) -> Void
    /// Called when there are fewer sessions after a log-in.
    private let changed: @Sendable () -> Void
    private let state = Mutex(State())
    private let arrivals = Mutex(Arrivals())
    /// Log-ins are prepared one after the other. Ends of sessions and accounts take seconds, and messages wait for their programs: no log-in waits
    /// for them.
    private let work = DispatchQueue(label: "roost-agent.orders")
    private let ends = DispatchQueue(label: "roost-agent.ends")
    private let noting = Mutex(())
    private let removals = DispatchQueue(label: "roost-agent.removals")
    private let messages = DispatchQueue(label: "roost-agent.messages")

    /// - Parameters:
    ///   - sessions: looked at anew.
    ///   - isMember: whether an account of this machine is in one of some groups.
    init(
        door: any LogInDoor, programs: any AgentPrograms, events: any AgentEventSink,
        sessions: @escaping @Sendable () -> [AgentSession],
        logIns: @escaping @Sendable () -> [LogInSession], grace: Int = 20,
        isMember: @escaping @Sendable (String, [String]) -> Bool = DirectoryGroups.has,
        now: @escaping @Sendable () -> Int = { SystemClock.boot },
        later: @escaping @Sendable (DispatchQueue, Int, @escaping @Sendable () -> Void) -> Void = {
            queue, pause, work in
            queue.asyncAfter(deadline: .now() + .milliseconds(pause), execute: work)
        },
        changed: @escaping @Sendable () -> Void = {}
    ) {
        (self.door, self.programs, self.events) = (door, programs, events)
        (self.sessions, self.logIns, self.grace) = (sessions, logIns, grace)
        (self.isMember, self.now, self.later, self.changed) = (isMember, now, later, changed)
    }

    /// Begins an order; `answer` is called once it has ended, from another thread.
    func take(_ order: AgentOrder, _ answer: @escaping @Sendable (AgentResult) -> Void) {
        let known: AgentResult?? = state.withLock { state in
            if let known = state.answers[order.id] { return .some(known) }
            state.answers[order.id] = .some(nil)
            state.order.append(order.id)
            if state.order.count > Self.answerLimit { state.answers[state.order.removeFirst()] = nil }
            return nil
        }
        if let known {
            if let known { answer(known) }
            return
        }
        let queue = queue(of: order.work)
        queue.async { [self] in attempt(order, 0, answer) }
    }

    private func queue(of work: AgentOrder.Work) -> DispatchQueue {
        switch work {
        case .prepare, .forget, .restart: self.work
        case .disconnect, .end: ends
        case .removeAccount: removals
        case .message: messages
        }
    }

    /// Attempts, and milliseconds between two, for a log-in whose account is just being removed: less than the center waits for its answer.
    private static let (attempts, attemptPause) = (16, 250)

    private func attempt(
        _ order: AgentOrder, _ number: Int, _ answer: @escaping @Sendable (AgentResult) -> Void
    ) {
        var result = AgentResult(order: order.id)
        do {
            if number > 0 { try takeUp(order.work) }
            result.ready = try carryOut(order.work)
        } catch is AccountEnds where number < Self.attempts {
            // Other log-ins go on meanwhile.
            if case .prepare(let logIn) = order.work {
                state.withLock { _ = $0.putOff.insert(logIn.ticket) }
            }
            return later(work, Self.attemptPause) { [self] in attempt(order, number + 1, answer) }
        } catch {
            result.problem = "\(error)"
            result.lacksGroup = error is Foreigner ? true : nil
        }
        state.withLock { [result] in if $0.answers[order.id] != nil { $0.answers[order.id] = result } }
        answer(result)
    }

    /// A log-in that was put off begins anew, unless it was called back meanwhile: it would open an account that no one waits for.
    private func takeUp(_ work: AgentOrder.Work) throws {
        guard case .prepare(let logIn) = work else { return }
        guard state.withLock({ $0.putOff.remove(logIn.ticket) != nil }) else {
            throw AgentProblem("the log-in was called back while the account \(logIn.user) was being removed")
        }
    }

    private func carryOut(_ work: AgentOrder.Work) throws -> AgentResult.Ready? {
        switch work {
        case .prepare(let logIn):
            LogInMoment.ordered.pass()
            // Before anything of the person's is touched.
            if let groups = logIn.groups, !isMember(logIn.user, groups) { throw Foreigner() }
            let isOnly = logIn.isOnly == true
            let sessions = logIn.kind.showsDisplays || isOnly ? sessions() : []
            let marks = Arrivals.marks(of: logIn.user, logIn.kind, sessions: sessions, logIns: logIns())
            var ready = try door.prepare(logIn)
            let own = sessions.lazy.filter { $0.user == logIn.user }.map(\.id)
            let hasEnds = arrivals.withLock { arrivals in
                arrivals.expect(logIn, having: marks, isOnly ? Set(own) : nil, at: now())
                return arrivals.hasEnds
            }
            if hasEnds { watchArrivals() }
            if logIn.groups != nil { ready.isMember = true }
            return ready
        case .forget(let ticket):
            state.withLock { _ = $0.putOff.remove(ticket) }
            arrivals.withLock { $0.forget(ticket) }
            door.forget(ticket)
        case .message(let ids, let text): try message(text, to: ids)
        case .disconnect(let id): try disconnect(id)
        case .end(let id): try end(id)
        case .removeAccount(let user, let home): try door.removeAccount(user, home)
        case .restart: try restart()
        }
        return nil
    }

    private struct Foreigner: Error, CustomStringConvertible {
        var description: String {
            "the person is in none of the pool's groups, as the directory of this server tells"
        }
    }

    private func session(_ id: String) throws -> AgentSession {
        guard let session = sessions().first(where: { $0.id == id }) else {
            throw AgentProblem("there is no session \(id) here any more")
        }
        return session
    }

    // MARK: Arrivals

    /// Milliseconds between two looks while sessions are to end with an arrival.
    private static let arrivalPause = 500

    private func watchArrivals() {
        let isWatched = state.withLock { state in
            defer { state.isWatching = true }
            return state.isWatching
        }
        if isWatched { return }
        later(ends, Self.arrivalPause) { [self] in
            noteArrivals()
            state.withLock { $0.isWatching = false }
            if arrivals.withLock(\.hasEnds) { watchArrivals() }
        }
    }

    /// Looks whether people have come whose log-ins were prepared. Only then older sessions of theirs end, as their orders say, and so do those but
    /// one that began by log-ins of the same moment.
    /// One at a time, by the sessions of that moment: two would end one session twice, or the only one that is left.
    func noteArrivals() {
        guard arrivals.withLock({ !$0.isIdle }) else { return }
        noting.withLock { _ in noteOnce() }
    }

    private func noteOnce() {
        let (sessions, logIns) = (sessions(), logIns())
        let (arrived, surplus) = arrivals.withLock { arrivals in
            let arrived = arrivals.take(at: now()) {
                Arrivals.marks(of: $0, $1, sessions: sessions, logIns: logIns)
            }
            return (arrived, arrivals.surplus(of: sessions))
        }
        var ends: [(user: String, id: String)] = []
        for one in arrived {
            door.arrived(one.user)
            // Its number may be another person's by now.
            ends += one.ends.filter { id in sessions.contains { $0.id == id && $0.user == one.user } }
                .map { (one.user, $0) }
        }
        for session in surplus where !ends.contains(where: { $0.id == session.id }) {
            ends.append((session.user, session.id))
        }
        for (user, id) in ends {
            do { try end(id) } catch {
                events.note(
                    .failed, user: user, id: id, "a session whose place a new log-in took stays: \(error)")
            }
            changed()
        }
    }

    // MARK: Sessions

    private func disconnect(_ id: String) throws {
        let session = try session(id)
        guard session.kind == .rdp else {
            throw AgentProblem("a session of \(session.kind.rawValue) cannot be disconnected, only ended")
        }
        // It speaks to the display by its number alone (xrdp-dis(1)).
        try programs.require(
            "env", ["DISPLAY=\(session.display)", "xrdp-dis"], seconds: Self.programSeconds)
    }

    /// Ends a session, in order if that is possible.
    private func end(_ id: String) throws {
        guard let session = sessions().first(where: { $0.id == id }) else { return }
        let own = logIns().filter { logIn in
            guard logIn.user == session.user else { return false }
            return session.kind == .ssh ? "ssh-\(logIn.id)" == id : logIn.display == session.display
        }
        if session.kind == .x2go {
            // Its own program knows its name; logind has only the ssh connection, which may be gone.
            try endX2Go(session)
        } else if own.isEmpty {
            try endDisplay(session)
        } else {
            for logIn in own {
                try programs.require(
                    "loginctl", ["terminate-session", logIn.id], seconds: Self.programSeconds)
            }
        }
        for _ in 0...grace {
            if !sessions().contains(where: { $0.id == id }) { return }
            usleep(250_000)
        }
        for logIn in own {
            try programs.require(
                "loginctl", ["kill-session", "--signal=SIGKILL", logIn.id], seconds: Self.programSeconds)
        }
        usleep(500_000)
        guard !sessions().contains(where: { $0.id == id }) else {
            throw AgentProblem("session \(id) of \(session.user) does not end")
        }
    }

    /// `pid|session|display|host|R or S|…|user|…`
    private func endX2Go(_ session: AgentSession) throws {
        let list = try programs.require("x2golistsessions_root", [], seconds: Self.programSeconds)
        let number = session.display.dropFirst()
        for line in list.split(separator: "\n") {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count > 11, parts[2] == number, parts[11] == session.user else { continue }
            try programs.require("x2goterminate-session", [String(parts[1])], seconds: Self.programSeconds)
            return
        }
        try endDisplay(session)
    }

    /// The display's server itself, where logind does not know the session: found by who listens there.
    private func endDisplay(_ session: AgentSession) throws {
        guard let user = AccountNames.number(of: session.user), user != 0 else {
            throw AgentProblem("session \(session.id) has no account here")
        }
        try programs.require(
            "pkill",
            ["-TERM", "-U", "\(user)", "-f", "(Xorg|Xvnc|x2goagent|nxagent) .*\(session.display)( |$)"],
            seconds: Self.programSeconds)
    }

    private func restart() throws {
        guard sessions().isEmpty else { throw AgentProblem("there are sessions here: it is not restarted") }
        try programs.require("systemctl", ["--no-block", "reboot"], seconds: Self.programSeconds)
    }

    // MARK: Messages

    private func message(_ text: String, to ids: [String]) throws {
        guard text.utf8.count <= Self.messageLimit else { throw AgentProblem("the message is too long") }
        let all = sessions().filter { ids.isEmpty || ids.contains($0.id) }
        guard !all.isEmpty || ids.isEmpty else { throw AgentProblem("these sessions are not here any more") }
        let plain = Self.plain(text)
        let failed = all.filter { session in
            do {
                try show(plain, in: session)
                return false
            } catch {
                AgentLog.write("message to \(session.id): \(error)")
                return true
            }
        }
        guard failed.isEmpty else {
            let names = failed.prefix(5).map { "\($0.user) (\($0.id))" }.joined(separator: ", ")
            throw AgentProblem("the message was not shown to \(names): is zenity or xmessage installed?")
        }
    }

    /// A terminal obeys control characters.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0 == "\n" || $0.value >= 32 && !(127..<160).contains($0.value) }
            ))
    }

    /// As the session's own user: what runs on a person's display must not be root's.
    private func show(_ text: String, in session: AgentSession) throws {
        guard !session.display.isEmpty else {
            try programs.require(
                "runuser", ["-u", session.user, "--", "write", session.user],
                input: Array("\(text)\n".utf8), seconds: Self.messageSeconds)
            return
        }
        let script = """
            if command -v zenity >/dev/null; then set -- zenity --info --no-markup --text="$1"
            elif command -v xmessage >/dev/null; then set -- xmessage -center "$1"
            else exit 9; fi
            export DISPLAY="$0" XAUTHORITY="$HOME/.Xauthority"
            "$@" </dev/null >/dev/null 2>&1 &
            sleep 0.5; kill -0 $! 2>/dev/null
            """
        try programs.require(
            "runuser", ["-l", session.user, "-s", "/bin/sh", "-c", script, "--", session.display, text],
            seconds: Self.messageSeconds)
    }
}

extension AgentOrder.Work {
    /// Whether there may be fewer sessions, or fewer that are shown, once it is done.
    var endsSessions: Bool {
        switch self {
        case .disconnect, .end, .removeAccount: true
        // Where a log-in ends other sessions, that comes later, and is told then.
        case .prepare, .forget, .message, .restart: false
        }
    }
}
