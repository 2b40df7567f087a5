import API
import Fleet
import Foundation
import Glibc
import Images
import Linux

/// A virtual machine that boots a version once: QEMU with the version's kernel, user-mode networking, which needs no privileges and no
/// bridge, and the root from the server, as for any node.
struct BootTestMachine {
    let test: BootTestAnswer
    let image: ImageName
    let images: ImageStore
    /// The server's directory of node archives.
    let archives: String
    let mebibytes: Int
    static let standardMebibytes = 1_024
    /// Extra time for a machine that restarts itself when its time is over.
    private static let graceSeconds = 60
    let say: @Sendable (String) -> Void
    /// Receives the lines of the console as they come.
    let show: @Sendable (String) -> Void

    /// Seconds after which a kernel without output counts as not running: on some hosts KVM starts machines that never run.
    private static let silenceSeconds = (kvm: 15.0, emulated: 120.0)

    /// Boots until `isReady` is true, the machine ends, or the time is over.
    ///
    /// - Returns: why it ended, nil when it was ready, and its console output.
    func run(isReady: () async throws -> Bool) async throws -> (failure: String?, console: String) {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(
            "roost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: place) }
        func content(of name: String) throws -> [UInt8] {
            let file = try images.open(name, of: image, test.digest)
            return try file.read(file.byteCount(), at: 0)
        }
        // Beside it: the machine's user needs no access to the store.
        let nodeArchive = try WholeFile.read("\(archives)/\(test.nodeArchive).cpio")
        try WholeFile.writeForNow(
            "\(place.path)/initramfs", content(of: "modules.cpio") + nodeArchive)
        try WholeFile.writeForNow("\(place.path)/kernel", content(of: "kernel"))
        for (name, mode) in [(".", 0o711), ("initramfs", 0o644), ("kernel", 0o644)] {
            try FileManager.default.setAttributes(
                [.posixPermissions: mode], ofItemAtPath: "\(place.path)/\(name)")
        }
        if FileManager.default.isWritableFile(atPath: "/dev/kvm") {
            let result = try await attempt("kvm", in: place, isReady)
            if result.hasStarted { return (result.failure, result.console) }
            say("KVM is not available here; continuing without it, which takes longer")
        }
        let result = try await attempt("tcg", in: place, isReady)
        return (result.failure, result.console)
    }

    /// On a busy host an emulated timer can stall for so long that the kernel gives up on it and panics («IO-APIC + timer doesn't work!»,
    /// arch/x86/kernel/apic/io_apic.c). That proves nothing about the version.
    private static let kernelWord = "no_timer_check"

    /// - Parameter place: the directory of `kernel` and `initramfs`, where `console` is written.
    private func attempt(
        _ accelerator: String, in place: URL, _ isReady: () async throws -> Bool
    ) async throws -> (failure: String?, console: String, hasStarted: Bool) {
        let path = place.appendingPathComponent("console")
        try WholeFile.writeForNow(path.path, [])
        let console = try BootTestConsole(path: path.path)
        let machine = try start(
            [
                "-accel", accelerator, "-machine", "q35", "-m", String(mebibytes), "-nodefaults",
                "-display", "none", "-no-reboot", "-serial", "stdio",
                "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
                "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,mac=\(test.machine)",
                "-kernel", "\(place.path)/kernel", "-initrd", "\(place.path)/initramfs",
                "-append", (test.commandLine + [Self.kernelWord]).joined(separator: " "),
            ], output: try FileHandle(forWritingTo: path))
        defer {
            machine.signal(SIGTERM)
            machine.wait()
        }
        func showNew(isWhole: Bool = false) throws {
            for line in try console.look(isWhole: isWhole) { show(line) }
        }
        func ended(_ failure: String?) throws -> (failure: String?, console: String, hasStarted: Bool) {
            try showNew(isWhole: true)
            return (failure, console.text, console.hasStarted)
        }
        // The machine restarts itself, which ends it here; the rest is for a machine that cannot even do that.
        let start = SystemClock.boot
        let end = start + 1_000 * (test.withinSeconds + Self.graceSeconds)
        while SystemClock.boot < end {
            try showNew()
            // A fast machine prints its last lines and is ready between two looks.
            if try await isReady() { return try ended(nil) }
            guard machine.isRunning else {
                try showNew(isWhole: true)
                return try ended(
                    "the machine stopped before it was ready: \(Self.lastWords(of: console.text))")
            }
            if console.isTooLong {
                return try ended(
                    "the machine printed more than \(BootTestConsole.byteLimit >> 20) MiB on its console")
            }
            let patience = accelerator == "kvm" ? Self.silenceSeconds.kvm : Self.silenceSeconds.emulated
            if Double(SystemClock.boot - start) > 1_000 * patience, !console.hasStarted {
                return try ended("the machine's console shows nothing")
            }
            try await Task.sleep(for: .seconds(1))
        }
        return try ended("not ready within \(test.withinSeconds) s, and still running")
    }

    /// The console line that explains why its machine ended: the failure rather than the restart after it.
    static func lastWords(of console: String) -> String {
        let lines = console.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let reason = lines.last { $0.contains("BOOT FAILED") || $0.contains("Kernel panic") }
        return (reason ?? lines.last).map(String.init) ?? "its console is empty"
    }

    /// The emulator, behind commands that drop root's rights, because a version's kernel is not trusted, and that end it in any case, even
    /// when this process is killed.
    private func start(_ words: [String], output: FileHandle) throws -> ChildProcess {
        let emulator = try Program("qemu-system-x86_64", package: "qemu-system-x86").path
        let limit = try Program("timeout", package: "coreutils")
        let limited =
            ["--signal=KILL", String(test.withinSeconds + 2 * Self.graceSeconds), emulator] + words
        guard geteuid() == 0 else { return try limit.start(limited, output: output) }
        let groups = unsafe getgrnam("kvm") == nil ? "--clear-groups" : "--groups=kvm"
        return try Program("setpriv", package: "util-linux").start(
            ["--reuid=nobody", "--regid=nogroup", groups, "--no-new-privs", "--", limit.path] + limited,
            output: output)
    }
}
