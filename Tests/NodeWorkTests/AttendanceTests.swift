import NodeWork
import Testing
import Wire

/// What a running node does after each answer of its server.
@Suite final class AttendanceTests {
    private struct Away: Error {}

    /// A node and its server, as a test sets them.
    private final class Desk: Attending {
        /// Nil: the server does not answer.
        var order: NodeOrder??
        var nodesError: (any Error)?
        var stepsError: (any Error)?
        var sessionsError: (any Error)?
        var nextMark: String?
        var (second, moment) = (100, LoggedIn.Moment(changes: [1]))
        var people: LoggedIn? = LoggedIn(managed: [], onTerminals: [])
        private(set) var done: [String] = []
        private(set) var marks: [String?] = []

        func fetchOrder(_ mark: inout String?) throws -> NodeOrder? {
            marks.append(mark)
            guard let order else { throw Away() }
            mark = nextMark ?? mark
            return order
        }
        func end(by act: OrderlyAct) throws {
            done.append(act.rawValue)
            throw Away()
        }
        func applySteps(order: String) throws {
            done.append("apply \(order)")
            if let stepsError { throw stepsError }
        }
        func learnNodes() throws {
            done.append("nodes")
            if let nodesError { throw nodesError }
        }
        func send(_ people: LoggedIn) throws {
            done.append("people")
            if let sessionsError { throw sessionsError }
        }
        func sendResults() throws {
            done.append("results")
            throw Away()
        }
        func say(_ text: String) { done.append("say") }

        /// What is done in one turn.
        func turn(_ attendance: inout Attendance) throws -> [String] {
            done = []
            try attendance.turn(self)
            return done
        }
    }

    private let desk = Desk()
    private var attendance = Attendance()

    private func turn(_ order: NodeOrder? = nil) throws -> [String] {
        desk.order = .some(order)
        return try desk.turn(&attendance)
    }

    @Test func `without an answer nothing is done, and the next one counts`() throws {
        desk.order = .none
        #expect(try desk.turn(&attendance).isEmpty)
        #expect(try turn() == ["results"])
    }

    @Test(arguments: [(NodeOrder.restart, OrderlyAct.reboot), (.powerOff, .poweroff)])
    func `an order to end ends the node, and one that cannot be followed is an error`(
        order: NodeOrder, act: OrderlyAct
    ) {
        #expect(throws: Away.self) { try self.turn(order) }
        #expect(desk.done == [act.rawValue])
    }

    @Test func `the mark of the server's state is shown with the next question`() throws {
        desk.nextMark = "7"
        _ = try turn()
        desk.nextMark = nil
        _ = try turn()
        _ = try turn()
        #expect(desk.marks == [nil, "7", "7"])
    }

    @Test func `changed steps are carried out once, and a failure of them ends nothing`() throws {
        desk.stepsError = Away()
        #expect(try turn(.apply(number: "3")) == ["apply 3", "results"])
        #expect(try turn() == ["results"])
    }

    @Test func `the list of nodes is asked for until it was taken, or there is none any more`() throws {
        desk.nodesError = Away()
        #expect(try turn(.nodes) == ["nodes", "say", "results"])
        desk.nodesError = ServerRefusal(status: 503, description: "")
        #expect(try turn() == ["nodes", "say", "results"])
        desk.nodesError = nil
        #expect(try turn() == ["nodes", "results"])
        #expect(try turn() == ["results"])
        desk.nodesError = ServerRefusal(status: 404, description: "")
        #expect(try turn(.nodes) == ["nodes", "results"])
        #expect(try turn() == ["results"])
    }

    @Test func `who is logged in is told when the server asks, when it changes, and now and then`() throws {
        #expect(try turn() == ["results"])
        desk.sessionsError = Away()
        #expect(try turn(.sessions) == ["people", "results"])
        desk.sessionsError = nil
        // What did not arrive is told the next time.
        #expect(try turn() == ["people", "results"])
        #expect(try turn() == ["results"])
        var alice = LoggedIn.Session()
        alice.user = "alice"
        (desk.people, desk.moment) = (
            LoggedIn(managed: [alice], onTerminals: []), LoggedIn.Moment(changes: [2])
        )
        #expect(try turn() == ["people", "results"])
        // A log-in and a log-out: the same people are there.
        desk.moment = LoggedIn.Moment(changes: [3])
        #expect(try turn() == ["results"])
        desk.second += SessionTelling.repeatSeconds
        #expect(try turn() == ["people", "results"])
        // The log-in manager does not answer: nothing is told.
        (desk.people, desk.moment) = (nil, LoggedIn.Moment(changes: [4]))
        #expect(try turn() == ["results"])
    }

    @Test func `a server that does not want to know is told no more until it asks`() throws {
        desk.sessionsError = ServerRefusal(status: 403, description: "")
        #expect(try turn(.sessions) == ["people", "results"])
        #expect(try turn() == ["results"])
        desk.sessionsError = nil
        #expect(try turn(.sessions) == ["people", "results"])
    }

    @Test(arguments: OrderlyAct.allCases)
    func `a system ends by the commands that it has, systemctl first`(act: OrderlyAct) {
        let name = act.rawValue
        #expect(
            act.commands { _ in true } == [
                ["/usr/bin/systemctl", name], ["/bin/systemctl", name], ["/sbin/\(name)"],
                ["/usr/sbin/\(name)"],
            ])
        #expect(act.commands { $0.hasPrefix("/sbin") } == [["/sbin/\(name)"]])
        #expect(act.commands { _ in false }.isEmpty)
    }
}
