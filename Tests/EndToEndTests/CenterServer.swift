import Foundation
import Glibc
import Synchronization
import Testing

/// A control center without machines: `roost serve` with only the role `center`, on loopback.
final class CenterServer: Sendable {
    static let password = "correct horse battery"

    let directory: String
    let port: Int
    let base: String
    private let pid = Mutex<Int32>(0)
    private let process = Mutex<Process?>(nil)
    var processIdentifier: Int32? { process.withLock { $0?.processIdentifier } }

    /// With an administrator `ann` who may do everything.
    static let shared = Result { try CenterServer() }

    /// - Parameters:
    ///   - interface: the machines' network.
    ///   - starts: whether to start it at once.
    ///   - prepare: called with the directory before the server starts in it.
    init(
        _ configuration: String = "", roles: String = "center", interface: String = "lo",
        starts: Bool = true,
        prepare: (String) throws -> Void = { _ in }
    ) throws {
        directory = NSTemporaryDirectory() + "roost-center-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        port = try Self.freePort()
        base = "https://127.0.0.1:\(port)"
        let file = "\(directory)/roost.yaml"
        try Data(
            """
            roles: [\(roles)]
            interfaces: [\(interface)]
            state-directory: \(directory)/state
            socket: \(directory)/socket/api.sock
            user: nobody
            node-program: \(directory)/program
            busybox: \(directory)/program
            logs: {syslog: 0, netconsole: 0}
            center:
              image-builds: no
              https: ["127.0.0.1:\(port)"]
            \(configuration)
            """.utf8
        ).write(to: URL(fileURLWithPath: file))
        // No node boots from here: a truncated program is packed in a moment, a whole one in seconds.
        let program = try FileHandle(forReadingFrom: URL(fileURLWithPath: BootLab.nodeProgram))
        try (program.read(upToCount: 4_096) ?? Data()).write(to: URL(fileURLWithPath: "\(directory)/program"))
        try prepare(directory)
        if starts { try start(file) }
    }

    /// Kills the server as a power cut would.
    func kill() {
        let pid = pid.withLock { $0 }
        Glibc.kill(pid, SIGKILL)
        try? Pace.wait(5, until: "the server has ended") { Glibc.kill(pid, 0) != 0 }
    }

    private func start(_ file: String, killedAt point: String? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BootLab.roost)
        process.arguments = ["serve", "--configuration", file]
        if let point {
            process.environment = ProcessInfo.processInfo.environment.merging(["ROOST_KILL_AT": point]) { $1 }
        }
        let log = "\(directory)/log"
        try Data().write(to: URL(fileURLWithPath: log))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.start()
        let started = process.processIdentifier
        pid.withLock { $0 = started }
        self.process.withLock { $0 = process }
        CenterServer.running.append(started, directory)
        let end = Date().addingTimeInterval(Double(Pace.seconds(60)))
        while !self.log.contains(" ready: ") {
            // Looked at once: between two looks it comes to its point.
            let isRunning = process.isRunning
            if point != nil, !isRunning { return }
            guard Date() < end, isRunning else {
                throw CommandFailed(command: "roost serve", status: 1, output: self.log)
            }
            usleep(20_000)
        }
    }

    /// Restarts the server that has ended, on the state that it left.
    ///
    /// - Parameter point: where it ends by itself; if that is before it is ready, this returns then.
    func startAgain(killedAt point: String? = nil) throws {
        try start("\(directory)/roost.yaml", killedAt: point)
    }

    /// Waits until the server has ended at the point that it was started with.
    func waitForKill(at point: String) throws {
        let process = try #require(process.withLock { $0 })
        try Pace.wait(20, until: "the server has come to \(point)", state: { log }) { !process.isRunning }
        guard process.terminationReason == .uncaughtSignal,
            process.terminationStatus == SIGKILL
        else { throw CommandFailed(command: "come to \(point)", status: 1, output: log) }
    }

    /// Makes the server reload its configuration.
    func reload() { Glibc.kill(pid.withLock { $0 }, SIGHUP) }

    /// Stops the server; its state stays.
    func end() throws {
        let pid = pid.withLock { $0 }
        Glibc.kill(pid, SIGTERM)
        try Pace.wait(20, until: "the server has ended") { Glibc.kill(pid, 0) != 0 }
    }

    /// Servers to stop when the tests end.
    fileprivate static let running = ProcessList()

    var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }
    var authority: String { "\(directory)/state/center/ca.pem" }

    func stop() {
        try? end()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The link of the first run, as printed by the server.
    var setupLink: String? {
        log.split(separator: "\n").last { $0.hasPrefix("first log-in: ") }.map { String($0.dropFirst(14)) }
    }

    static func freePort() throws -> Int {
        let text = try BootLab.run(
            "env",
            [
                "python3", "-c",
                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
            ])
        return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    @discardableResult
    func roost(_ arguments: String...) throws -> String {
        try BootLab.run(
            BootLab.roost, arguments, environment: ["ROOST_SOCKET": "\(directory)/socket/api.sock"])
    }

    /// Versions 1 and 2 of the image `debian`, from a tiny root.
    func importTwoVersions() throws {
        let root = try TinyRoot("\(directory)/root")
        for number in 1...2 {
            try root.mark(number)
            try roost(
                "image", "import", "debian", root.path, "--state-directory", "\(directory)/state", "--cache",
                BootLab.cache)
        }
    }

    /// Adds an administrator with the usual password.
    func addAdministrator(_ name: String, _ grants: String...) throws {
        let words = grants.joined(separator: " ")
        try BootLab.run(
            "env", ["sh", "-c", "echo '\(Self.password)' | \(BootLab.roost) admin add \(name) \(words)"],
            environment: ["ROOST_SOCKET": "\(directory)/socket/api.sock"])
    }

    /// - Parameter name: what the token is for; for a replica's token, the server's name.
    func token(_ owner: String, _ roles: String..., name: String = "test") throws -> String {
        let words = roles.flatMap { ["--role", $0] }
        return try BootLab.run(
            BootLab.roost, ["token", "add", name, "--owner", owner] + words,
            environment: ["ROOST_SOCKET": "\(directory)/socket/api.sock"]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Answer {
        var status: Int
        var headers: String
        var body: String
    }

    /// One request by curl, which trusts only the server's own authority.
    func ask(
        _ method: String, _ path: String, token: String? = nil, body: String? = nil, extra: [String] = []
    )
        throws -> Answer
    {
        var arguments = [
            "-s", "-m", "30", "--cacert", authority, "-X", method, "-D", "-", "-w", "\n%{http_code}",
        ]
        if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
        if let body { arguments += ["-H", "Content-Type: application/json", "--data-binary", body] }
        let text = try BootLab.run("curl", arguments + extra + [path.hasPrefix("http") ? path : base + path])
        var parts = text.components(separatedBy: "\r\n\r\n")
        let headers = parts.removeFirst()
        var lines = parts.joined(separator: "\r\n\r\n").components(separatedBy: "\n")
        let status = Int(lines.removeLast()) ?? 0
        return Answer(status: status, headers: headers, body: lines.joined(separator: "\n"))
    }
}

/// Processes that must end with this one, and files to remove.
private final class ProcessList: Sendable {
    private let all = Mutex<[(pid: Int32, directory: String)]>([])

    init() { atexit { CenterServer.running.end() } }

    func append(_ pid: Int32, _ directory: String) { all.withLock { $0.append((pid, directory)) } }

    func end() {
        all.withLock { processes in
            for (pid, directory) in processes {
                kill(pid, SIGTERM)
                try? FileManager.default.removeItem(atPath: directory)
            }
        }
    }
}
