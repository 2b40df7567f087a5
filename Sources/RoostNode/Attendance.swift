import Glibc
import Linux

/// A running node that asks its server now and then whether there is something to do.
struct Attendance {
    private static let periodSeconds: UInt32 = 10
    /// What ends everything in order; the first that is there.
    private static let restartCommands = [
        ["/usr/bin/systemctl", "reboot"], ["/bin/systemctl", "reboot"], ["/sbin/reboot"],
        ["/usr/sbin/reboot"],
    ]

    /// Below the time after which the server takes nobody to be there any more.
    private static let repeatSeconds = 300

    /// Whether the server wants to know who is logged in.
    private var isAskedForSessions = false
    /// What it was told last, and when: seconds since the kernel's start.
    private var told: (moment: LoggedIn.Moment, mark: String, at: Int)?

    mutating func run() throws {
        let server = try ServerTalk(KernelWords.read())
        while true {
            sleep(Self.periodSeconds)
            // Without an answer the next time: the server may be away for a while.
            guard let order = try? server.fetchOrder() else { continue }
            if order == "restart" { try restart() }
            if order == "sessions" { isAskedForSessions = true }
            if isAskedForSessions { tellSessions(to: server, isNew: order == "sessions") }
        }
    }

    /// When somebody came or went, and now and then, because a machine without power says nothing.
    private mutating func tellSessions(to server: ServerTalk, isNew: Bool) {
        let (moment, now) = (LoggedIn.Moment.now, SystemClock.boot / 1_000)
        if !isNew, let told, told.moment == moment, now - told.at < Self.repeatSeconds { return }
        let people = LoggedIn.now
        do {
            if isNew || people.mark != told?.mark || now - (told?.at ?? 0) >= Self.repeatSeconds {
                try server.sendSessions(people.json)
                told = (moment, people.mark, now)
            } else {
                told?.moment = moment
            }
        } catch let refusal as ServerRefusal where refusal.status == 403 {
            // Until it asks again.
            (isAskedForSessions, told) = (false, nil)
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
        throw UsageError(text: "there is neither systemctl nor reboot")
    }
}
