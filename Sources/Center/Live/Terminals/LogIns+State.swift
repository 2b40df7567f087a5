import API
import Fleet
import Synchronization
import Wire

extension LogIns {
    /// Log-ins of a node in a minute, nodes that are remembered, and requests of one that are.
    static let (rate, nodeLimit, requestLimit) = (30, 20_000, 200)
    /// Milliseconds for which a request has the same answer, and for which a number is remembered.
    static let (repetition, memory) = (60_000, 3_600_000)

    /// A ticket that was given out.
    struct Issued: Sendable {
        var ticket: String
        var user: String
        var machine: MACAddress
        var address: IPv4Address
        var server: TerminalName
        var kind: SessionProtocol
        var pool: PoolName
        var at: Int
        /// The name was typed, and the person's own password opens the session: the ticket alone shows nothing of who it is.
        var isTyped = false
        /// When it last raised an alarm; nil: never.
        var alarmedAt: Int?
    }

    /// What became of a request.
    enum Admission {
        case new
        /// The same request is under way.
        case underway
        case answered(LogInAnswer)
        case refused(LogInRefusal)
    }

    struct State {
        struct Asked: Sendable {
            var request: LogInRequest
            var at: Int
            /// Nil while it is under way, and once it is too old to be given again.
            var answer: LogInAnswer?
            var isDone = false
        }

        struct Place: Sendable {
            var requests: [Asked] = []
            /// Of the log-in that is under way.
            var underway: String?
            /// Of the last minute.
            var times: [Int] = []
            var waiting: [String: [CheckedContinuation<LogInAnswer, Never>]] = [:]
            var usedAt = 0
        }

        var places: [MACAddress: Place] = [:]
        /// Those who log in now, with those who wait for their end.
        var turns: [String: [CheckedContinuation<Void, Never>]] = [:]
        /// Accounts of rows that a log-in under way has chosen.
        var kept: Set<String> = []
        private(set) var issued: [String: Issued] = [:]
        /// The tickets of each account, the last one last.
        private var tickets: [String: [String]] = [:]
        private var order: [String] = []
        var failures: [Failure] = []

        // MARK: Requests

        mutating func admit(_ request: LogInRequest, from machine: MACAddress, at time: Int) -> Admission {
            var place = places[machine] ?? Place()
            defer { places[machine] = place }
            place.forget(before: time)
            place.usedAt = time
            if let index = place.requests.firstIndex(where: { $0.request.id == request.id }) {
                let asked = place.requests[index]
                // With its number alone another request would get the credential.
                guard asked.request == request else { return .refused(.usedRequest) }
                if !asked.isDone { return .underway }
                guard let answer = asked.answer else { return .refused(.usedRequest) }
                return .answered(answer)
            }
            guard place.underway == nil, place.times.count < LogIns.rate,
                place.requests.count < LogIns.requestLimit
            else { return .refused(.tooFast) }
            makeRoom(for: machine)
            place.underway = request.id
            place.times.append(time)
            place.requests.append(Asked(request: request, at: time))
            return .new
        }

        /// Forgets nodes that have not asked for the longest time where there are too many.
        private mutating func makeRoom(for machine: MACAddress) {
            guard places.count >= LogIns.nodeLimit, places[machine] == nil else { return }
            let idle = places.filter { $0.value.underway == nil }.sorted { $0.value.usedAt < $1.value.usedAt }
            for (other, _) in idle.prefix(LogIns.nodeLimit / 10) { places[other] = nil }
        }

        /// - Returns: the answer, where it has come meanwhile.
        mutating func wait(
            for id: String, from machine: MACAddress, _ continuation: CheckedContinuation<LogInAnswer, Never>
        ) -> LogInAnswer? {
            let asked = places[machine]?.requests.first { $0.request.id == id }
            if let asked, !asked.isDone, places[machine]?.waiting[id, default: []].count ?? 0 < 8 {
                places[machine]?.waiting[id, default: []].append(continuation)
                return nil
            }
            return asked?.answer
                ?? LogInAnswer(id: id, outcome: .refused("This log-in was used already. Try again."))
        }

        mutating func finish(_ answer: LogInAnswer, from machine: MACAddress, at time: Int)
            -> [CheckedContinuation<LogInAnswer, Never>]
        {
            guard var place = places[machine] else { return [] }
            if let index = place.requests.firstIndex(where: { $0.request.id == answer.id }) {
                (place.requests[index].answer, place.requests[index].isDone) = (answer, true)
                place.requests[index].at = time
            }
            if place.underway == answer.id { place.underway = nil }
            let waiting = place.waiting.removeValue(forKey: answer.id) ?? []
            places[machine] = place
            return waiting
        }

        // MARK: Tickets

        private static let ticketLimit = 20_000

        mutating func issue(_ ticket: Issued) {
            if order.count >= Self.ticketLimit {
                for old in order.prefix(Self.ticketLimit / 10) { forget(old) }
                order.removeFirst(Self.ticketLimit / 10)
            }
            order.append(ticket.ticket)
            issued[ticket.ticket] = ticket
            tickets[ticket.user, default: []].append(ticket.ticket)
        }

        private mutating func forget(_ ticket: String) {
            guard let gone = issued.removeValue(forKey: ticket) else { return }
            tickets[gone.user]?.removeAll { $0 == ticket }
            if tickets[gone.user]?.isEmpty == true { tickets[gone.user] = nil }
        }

        func lastIssued(_ user: String) -> Issued? { tickets[user]?.last.flatMap { issued[$0] } }

        /// The log-in that a session is shown by, as far as its client's address tells; where it does not, the last one that went to its server.
        func shown(_ session: AgentSession, on server: TerminalName) -> Issued? {
            issued(to: session.user).last {
                $0.server == server && (session.from.isEmpty || session.from == $0.address.description)
            }
        }

        /// The log-in that a session began with, or came back by; nil: it is not known. A later one of the same name may be no more than the name,
        /// so without an address only those count that came before the session.
        func origin(of session: AgentSession, on server: TerminalName, at time: Int) -> Issued? {
            if !session.from.isEmpty { return shown(session, on: server) }
            // Ages are whole seconds.
            let began = time - session.age * 1_000
            return issued(to: session.user).last {
                $0.server == server && (!$0.isTyped || $0.at <= began + 2_000)
            }
        }

        /// The last one that was given to a node in its own name.
        func lastOfNode(_ user: String) -> Issued? { issued(to: user).last { !$0.isTyped } }

        /// All that are remembered of an account.
        func issued(to user: String) -> [Issued] { (tickets[user] ?? []).compactMap { issued[$0] } }

        mutating func noteAlarm(of ticket: String, at time: Int) { issued[ticket]?.alarmedAt = time }
    }

    // MARK: Turns

    /// Log-ins of one person that wait.
    private static let turnLimit = 8

    /// Waits until no other log-in of the same person is under way.
    ///
    /// Those before this one began earlier, so they have ended before this one's own time is over.
    func takeTurn(of user: String) async throws(LogInRefusal) {
        let isFree = state.withLock { state in
            guard state.turns[user] == nil else { return false }
            state.turns[user] = []
            return true
        }
        if isFree { return }
        guard state.withLock({ ($0.turns[user]?.count ?? 0) < Self.turnLimit }) else { throw .tooFast }
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.turns[user] != nil else {
                    state.turns[user] = []
                    return true
                }
                state.turns[user, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func endTurn(of user: String) {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard var waiting = state.turns[user], !waiting.isEmpty else {
                state.turns[user] = nil
                return nil
            }
            let next = waiting.removeFirst()
            state.turns[user] = waiting
            return next
        }
        next?.resume()
    }
}

extension LogIns.State.Place {
    /// Answers go after a minute, numbers after an hour.
    fileprivate mutating func forget(before time: Int) {
        times.removeAll { time - $0 >= 60_000 }
        requests.removeAll { $0.isDone && time - $0.at > LogIns.memory }
        for index in requests.indices
        where requests[index].isDone && time - requests[index].at > LogIns.repetition {
            requests[index].answer = nil
        }
    }
}
