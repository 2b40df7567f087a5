import Glibc
package import Linux

/// Restarts the machine unless it becomes ready in time: for versions on trial, so that the next boot uses a good one.
///
/// Like the keeper it survives into the image's own init: it needs no file by its path, and an argument that begins with `@` keeps systemd
/// from ending it (https://systemd.io/ROOT_STORAGE_DAEMONS).
package struct Deadline {
    private static let directory = "/run/roost"
    private static let sign = "ready"

    /// What to do now.
    package enum Outcome: Equatable, Sendable {
        case wait
        case met
        case restart
    }

    /// After the kernel's start.
    private let seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// The machine is ready.
    package static func met() throws(SystemError) {
        _ = try FileDescriptor(opening: "\(directory)/\(sign)", flags: O_WRONLY | O_CREAT, mode: 0o644)
    }

    package func run() throws {
        unsafe CommandLine.unsafeArgv[0]?.pointee = CChar(bitPattern: UInt8(ascii: "@"))
        Machine.keepThisProgram()
        // Opened now: once the image's root replaces this one, the path leads nowhere, but the directory is the same.
        let directory = try FileDescriptor(opening: Self.directory, flags: O_RDONLY | O_DIRECTORY)
        let server = try ServerTalk(KernelWords.read())
        while true {
            let isReady = unsafe faccessat(directory.number, Self.sign, F_OK, 0) == 0
            switch outcome(uptime: SystemClock.boot / 1_000, isReady: isReady) {
            case .wait: sleep(1)
            case .met: return
            case .restart: return restart(server)
            }
        }
    }

    /// - Parameter uptime: seconds since the kernel's start.
    package func outcome(uptime: Int, isReady: Bool) -> Outcome {
        isReady ? .met : uptime < seconds ? .wait : .restart
    }

    private func restart(_ server: ServerTalk) {
        try? server.report(stage: "failed", detail: "not ready within \(seconds) s: restarted", uptime: nil)
        sync()
        Machine.restart()
    }
}
