import Glibc
import Linux

/// Restarts the machine unless it has become ready in time: for versions on trial, where the next boot is of a good one.
///
/// Like the keeper it lives on behind the image's own init: it needs no file by its path, and an argument that begins with
/// `@` keeps systemd from ending it (https://systemd.io/ROOT_STORAGE_DAEMONS).
struct Deadline {
    private static let directory = "/run/roost"
    private static let sign = "ready"

    /// After the kernel's start.
    let seconds: Int

    /// The machine is ready.
    static func met() throws(SystemError) {
        _ = try FileDescriptor(opening: "\(directory)/\(sign)", flags: O_WRONLY | O_CREAT, mode: 0o644)
    }

    func run() throws {
        unsafe CommandLine.unsafeArgv[0]?.pointee = CChar(bitPattern: UInt8(ascii: "@"))
        Machine.keepThisProgram()
        // Opened now: when the image's root takes the place of this one, the path leads nowhere, but the directory is the same.
        let directory = try FileDescriptor(opening: Self.directory, flags: O_RDONLY | O_DIRECTORY)
        let server = try ServerTalk(KernelWords.read())
        while Self.uptime() < seconds {
            sleep(1)
            if unsafe faccessat(directory.number, Self.sign, F_OK, 0) == 0 { return }
        }
        try? server.report(stage: "failed", detail: "not ready within \(seconds) s: restarted", uptime: nil)
        sync()
        Machine.restart()
    }

    private static func uptime() -> Int { SystemClock.boot / 1_000 }
}
