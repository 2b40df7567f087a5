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

    func run() throws {
        let server = try ServerTalk(KernelWords.read())
        while true {
            sleep(Self.periodSeconds)
            // Without an answer the next time: the server may be away for a while.
            guard let order = try? server.fetchOrder(), order == "restart" else { continue }
            try restart()
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
