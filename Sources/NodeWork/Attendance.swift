package import Wire

/// What a running node asks its server, and does on its own system. ``NodeAttending`` does it.
package protocol Attending {
    /// What the server asks the node to do; nil: nothing.
    ///
    /// - Parameter mark: of the server's state, as it was last told.
    func fetchOrder(_ mark: inout String?) throws -> NodeOrder?

    /// Ends everything in order. Returns only by an error.
    func end(by act: OrderlyAct) throws

    func applySteps(order: String) throws

    /// Takes what the server tells of other nodes.
    func learnNodes() throws

    /// Seconds since the kernel started.
    var second: Int { get }
    /// When someone last logged in or out.
    var moment: LoggedIn.Moment { get }
    /// Nil: it cannot be told at present.
    var people: LoggedIn? { get }
    func send(_ people: LoggedIn) throws

    /// Sends results of steps that the server does not have yet.
    func sendResults() throws

    /// Says in this system's own log what went wrong.
    func say(_ text: String)
}

/// How a running system ends, by the name that systemctl and programs of other init systems have for it.
package enum OrderlyAct: String, CaseIterable, Sendable {
    case reboot, poweroff

    /// The commands for it that this system has, the best first.
    package func commands(where isProgram: (String) -> Bool) -> [[String]] {
        let all = [
            ["/usr/bin/systemctl", rawValue], ["/bin/systemctl", rawValue], ["/sbin/\(rawValue)"],
            ["/usr/sbin/\(rawValue)"],
        ]
        return all.filter { isProgram($0[0]) }
    }
}

/// A running node that asks its server now and then whether there is something to do.
package struct Attendance {
    /// Between two questions.
    package static let periodSeconds = 10

    private var telling = SessionTelling()
    /// The server has told that its list of nodes is new, and it was not taken yet.
    private var lacksNodes = false
    /// Of the server's state, as it was last told.
    private var stateMark: String?

    package init() {}

    /// Asks the server once, and carries out its order.
    ///
    /// - Throws: what ``Attending/end(by:)`` throws.
    package mutating func turn(_ node: some Attending) throws {
        let order: NodeOrder?
        // Without an answer, try again next time: the server may be away for a while.
        do { order = try node.fetchOrder(&stateMark) } catch { return }
        switch order {
        case .restart: try node.end(by: .reboot)
        case .powerOff: try node.end(by: .poweroff)
        case .sessions: telling.begin()
        // What fails before a step is carried out is ordered again, or shown as not done.
        case .apply(let number): try? node.applySteps(order: number)
        case .nodes: lacksNodes = true
        case nil: break
        }
        tellSessions(of: node)
        if lacksNodes { learnNodes(by: node) }
        // Results of a phase that ended without a network.
        try? node.sendResults()
    }

    /// A failure is tried again.
    private mutating func learnNodes(by node: some Attending) {
        do {
            try node.learnNodes()
            lacksNodes = false
        } catch let refusal as ServerRefusal where refusal.status == 404 {
            // The setting has gone since.
            lacksNodes = false
        } catch {
            node.say("the list of nodes was not taken: \(error)")
        }
    }

    private mutating func tellSessions(of node: some Attending) {
        let (moment, now) = (node.moment, node.second)
        guard telling.looks(at: now, moment: moment) else { return }
        guard let people = node.people else { return }
        guard telling.tells(people.mark, at: now, moment: moment) else { return }
        do {
            try node.send(people)
            telling.told(people.mark, at: now, moment: moment)
        } catch let refusal as ServerRefusal where refusal.status == 403 {
            telling.end()
        } catch {
            // The next time.
        }
    }
}
