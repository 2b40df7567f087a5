package import Fleet
import Linux
import Sealing
package import Wire

/// A log-in that a node asks the control center for.
package struct LogInQuestion: Sendable {
    package var request: LogInRequest
    package var machine: MACAddress
    package var node: Node
    package var address: IPv4Address
}

/// The way from the data planes to the control center of this server.
package enum CenterDoor {
    /// This server has no control center.
    case none
    /// The data planes serve, and the control center is not there yet: nodes are to ask again.
    case opening
    /// Asks it where a session is.
    case open((LogInQuestion) -> Void)
}

/// Log-ins that wait for the control center, one for each machine. No socket, no clock.
struct LogInRequests {
    /// How many machines wait at once, and how many are remembered. Beyond that all are forgotten, with a new ``run``.
    static let limit = 1_000
    private let machineLimit: Int
    /// Milliseconds until a request gets no answer any more.
    static let patience = 20_000

    /// What becomes of a request.
    enum Admission: Equatable {
        case asks
        /// It waits already: its answer goes to this one, which came on another connection.
        case repeated
        /// It is older than the last one of this boot.
        case old
        /// Another one of this machine waits.
        case busy
        case full
    }

    private struct Waiting {
        var id: LogInIdentifier
        var boot: String
        var key: RunKey
        var answer: LaterAnswer
        /// Of the loop's clock.
        var at: Int
    }

    /// Names this run of the server: what went before is forgotten here, so a request of another run is refused unread. It is another one each
    /// time when something is forgotten.
    private(set) var run = Self.newRun()
    private var waiting: [MACAddress: Waiting] = [:]
    private var last: [MACAddress: (boot: String, id: LogInIdentifier)] = [:]

    var count: Int { waiting.count }

    init(machineLimit: Int = 65_536) { self.machineLimit = machineLimit }

    private static func newRun() -> String { Hashing.hexadecimal(RandomBytes.make(16)) }

    func admission(of id: LogInIdentifier, of machine: MACAddress, in boot: String) -> Admission {
        if let last = last[machine], last.boot == boot, last.id != id, id.time <= last.id.time {
            return .old
        }
        if let former = waiting[machine], former.boot == boot {
            return former.id == id ? .repeated : .busy
        }
        return waiting.count < Self.limit || waiting[machine] != nil ? .asks : .full
    }

    /// Forgets which requests were made: all of them are of a former run now.
    private mutating func forget() {
        last.removeAll()
        run = Self.newRun()
    }

    /// - Returns: the answer that waited in its place, which nothing will be given to.
    mutating func wait(
        _ id: LogInIdentifier, of machine: MACAddress, in boot: String, key: RunKey, answer: LaterAnswer,
        at now: Int
    ) -> LaterAnswer? {
        last[machine] = (boot, id)
        if last.count >= machineLimit { forget() }
        let former = waiting.updateValue(
            Waiting(id: id, boot: boot, key: key, answer: answer, at: now), forKey: machine)
        return former?.answer
    }

    /// The control center has answered.
    ///
    /// - Returns: what waits for that, and what it is given; nil: nothing does.
    mutating func take(_ answer: LogInAnswer, for machine: MACAddress) -> (LaterAnswer, HTTPAnswer)? {
        guard let one = waiting[machine], one.id.text == answer.id else { return nil }
        waiting[machine] = nil
        let sealed = one.key.seal(answer, of: machine, in: one.boot)
        return (
            one.answer,
            HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(sealed))
        )
    }

    /// - Returns: what has waited too long.
    mutating func giveUp(now: Int) -> [LaterAnswer] {
        let late = waiting.filter { now - $0.value.at > Self.patience }
        for machine in late.keys { waiting[machine] = nil }
        return late.values.map(\.answer)
    }
}

extension BootContext {
    /// The mark that requests for sessions are made with now.
    package var logInRun: String { logIns.run }

    /// - Parameters:
    ///   - sealed: a ``LogInRequest``, sealed with the key of this boot.
    ///   - run: what the request says that it was made for.
    func logIn(
        _ sealed: [UInt8], of machine: MACAddress, in boot: String, run: String, at address: IPv4Address
    ) -> HTTPAnswer {
        guard run == logIns.run else {
            return .error(409, "the server was restarted since: ask for its mark, and with a new request")
        }
        guard let key = runKey(of: machine, in: boot),
            let request = key.logInRequest(sealed, of: machine, in: boot, run: run),
            let id = LogInIdentifier(request.id)
        else { return .error(403, "this request was not made with the key of this boot's configuration") }
        guard let node = node(of: machine) else { return .error(403, "this machine is not a node") }
        let ask: (LogInQuestion) -> Void
        switch center {
        case .none: return .error(501, "this server has no control center, which gives sessions away")
        case .opening: return .error(503, "the control center is starting: ask again")
        case .open(let way): ask = way
        }
        let admission = logIns.admission(of: id, of: machine, in: boot)
        switch admission {
        case .asks:
            guard limits.takes(\.logIns, .reports, .logIns, .machine(machine)) else {
                return .error(429, "too many log-ins from this node: ask again later")
            }
        case .repeated: break
        case .old: return .error(409, "this request is older than the last one: ask with a new one")
        case .busy: return .error(503, "another log-in of this node is under way: ask again")
        case .full: return .error(503, "too many log-ins are under way: ask again")
        }
        let answer = LaterAnswer()
        let former = logIns.wait(
            id, of: machine, in: boot, key: key, answer: answer, at: EventLoop.now())
        former?.give(.error(503, "asked again on another connection"))
        if admission == .asks {
            ask(LogInQuestion(request: request, machine: machine, node: node, address: address))
        }
        return HTTPAnswer(status: 200, body: .later(answer))
    }

    /// The control center's answer to a ``LogInQuestion``.
    package func take(_ answer: LogInAnswer, for machine: MACAddress) {
        // Its connection may go on with a next request, so that nothing here may be under way any more.
        if let (later, answer) = logIns.take(answer, for: machine) { later.give(answer) }
    }

    func giveUpLogIns() {
        for later in logIns.giveUp(now: EventLoop.now()) {
            later.give(.error(504, "the control center does not answer"))
        }
    }
}
