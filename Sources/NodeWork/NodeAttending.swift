import Glibc
import Linux
package import Wire

/// The node that this program runs on, and its server.
package struct NodeAttending: Attending {
    private let server: ServerTalk

    package init() throws { server = try ServerTalk(KernelWords.read()) }

    package func fetchOrder(_ mark: inout String?) throws -> NodeOrder? { try server.fetchOrder(&mark) }
    package func applySteps(order: String) throws { try RunningNode.applySteps(order: order) }
    package func learnNodes() throws { try KnownNodeFiles().take(server.fetchKnownNodes()) }
    package var second: Int { SystemClock.boot / 1_000 }
    package var moment: LoggedIn.Moment { .now }
    package var people: LoggedIn? { .now }
    package func send(_ people: LoggedIn) throws { try server.sendSessions(people.json) }
    package func sendResults() throws { try StepReports().send() }

    package func say(_ text: String) {
        let line = Array("roost-node: \(text)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }

    package func end(by act: OrderlyAct) throws {
        for words in act.commands(where: { unsafe access($0, X_OK) == 0 }) {
            var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
            // The first one that can be run takes the place of this program.
            unsafe execv(words[0], &pointers)
        }
        throw UsageError(text: "cannot end this boot: there is neither systemctl nor \(act.rawValue)")
    }
}

extension Attendance {
    /// Attends as long as the node runs.
    package mutating func run() throws {
        let node = try NodeAttending()
        // Once at the beginning: the server then knows that this machine is missing when it falls silent.
        while true {
            try turn(node)
            sleep(UInt32(Self.periodSeconds))
        }
    }
}
