import Glibc
import Linux
import Wire

/// A running node that asks its server now and then whether there is something to do.
package struct Attendance {
    private static let periodSeconds: UInt32 = 10
    /// How to end everything in order; the first one present is used.
    private static let restartCommands = [
        ["/usr/bin/systemctl", "reboot"], ["/bin/systemctl", "reboot"], ["/sbin/reboot"],
        ["/usr/sbin/reboot"],
    ]

    private var telling = SessionTelling()
    /// The server has told that its list of nodes is new, and it was not taken yet.
    private var lacksNodes = false
    /// Of the server's state, as it was last told.
    private var stateMark: String?

    package init() {}

    package mutating func run() throws {
        let server = try ServerTalk(KernelWords.read())
        // Once at the beginning: the server then knows that this machine is missing when it falls silent.
        var pause: UInt32 = 0
        while true {
            sleep(pause)
            pause = Self.periodSeconds
            let order: NodeOrder?
            // Without an answer, try again next time: the server may be away for a while.
            do { order = try server.fetchOrder(&stateMark) } catch { continue }
            switch order {
            case .restart: try restart()
            case .sessions: telling.begin()
            // What fails before a step is carried out is ordered again, or shown as not done.
            case .apply(let number): try? RunningNode.applySteps(order: number)
            case .nodes: lacksNodes = true
            case nil: break
            }
            tellSessions(to: server)
            if lacksNodes { learnNodes(from: server) }
            // Results of a phase that ended without a network.
            try? StepReports().send()
        }
    }

    /// Takes what the server tells of other nodes. A failure is said in this system's own log, and it is tried again.
    private mutating func learnNodes(from server: ServerTalk) {
        do {
            try KnownNodeFiles().take(server.fetchKnownNodes())
            lacksNodes = false
        } catch let refusal as ServerRefusal where refusal.status == 404 {
            // The setting has gone since.
            lacksNodes = false
        } catch {
            let line = Array("roost-node: the list of nodes was not taken: \(error)\n".utf8)
            _ = unsafe write(STDERR_FILENO, line, line.count)
        }
    }

    private mutating func tellSessions(to server: ServerTalk) {
        let (moment, now) = (LoggedIn.Moment.now, SystemClock.boot / 1_000)
        guard telling.looks(at: now, moment: moment) else { return }
        guard let people = LoggedIn.now else { return }
        guard telling.tells(people.mark, at: now, moment: moment) else { return }
        do {
            try server.sendSessions(people.json)
            telling.told(people.mark, at: now, moment: moment)
        } catch let refusal as ServerRefusal where refusal.status == 403 {
            telling.end()
        } catch {
            // The next time.
        }
    }

    private func restart() throws {
        for words in Self.restartCommands {
            guard unsafe access(words[0], X_OK) == 0 else { continue }
            var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
            unsafe execv(words[0], &pointers)
        }
        throw UsageError(text: "cannot restart: there is neither systemctl nor reboot")
    }
}
