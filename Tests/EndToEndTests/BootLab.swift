import Foundation
import Linux
import Testing

/// A command that failed: what it was, and its output.
struct CommandFailed: Error, CustomStringConvertible {
    var command: String
    var status: Int32
    var output: String
    var description: String { "‘\(command)’ ended with \(status):\n\(output)" }
}

/// The laboratory of the end-to-end tests: a network namespace with a Roost server, and machines in QEMU.
///
/// Each process has its own, named after the lane that it runs in. It begins as a copy of what `Lab/golden.sh` made. What lanes share is
/// named here, and nowhere else: ``golden`` is only read; ``cache`` is protected by Roost's own locks, as on a host where several people
/// build.
final class BootLab: Sendable {
    static let lane = environment("ROOST_LANE") ?? "0"
    static let namespace = "roost-\(lane)"
    static let address = "10.77.0.1"

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let products = "\(repository)/.build/release"
    static let nodeProgram = environment("ROOST_NODE") ?? "\(products)/roost-node"
    static let roost = environment("ROOST") ?? "\(products)/roost"
    static let directory = "\(repository)/.build/lab/\(lane)"
    static let golden = "\(repository)/.build/lab/golden"
    /// The build cache: packages, packed modules, containers' layers. `make clean` removes it.
    static let cache = "\(repository)/.build/lab-cache"

    /// For builds whose traces are searched for: it contains nothing of another lane.
    static let ownCache = "\(directory)/cache"

    private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    /// Why the tests cannot run here; nil when they can.
    static var obstacle: String? {
        if geteuid() != 0 { return "network namespaces and image building need root" }
        for program in ["ip", "qemu-system-x86_64", "mmdebstrap", "mksquashfs"] where find(program) == nil {
            return "\(program) is not installed (make prerequisites)"
        }
        for program in [roost, nodeProgram] where !FileManager.default.fileExists(atPath: program) {
            return "\(program) is not built (make tests)"
        }
        return nil
    }

    /// A further namespace of this laboratory: a host on the bridge.
    static func namespace(of host: String) -> String { "\(namespace)-\(host)" }

    /// The laboratory with a running server and the image `tiny`, created when the first test asks for it.
    static let shared = Result { try BootLab("tiny") }
    /// The same with the image `debian` in addition, as the site's default. A suite has either this one or the other.
    static let withDebian = Result {
        let lab = try BootLab("debian")
        try lab.roost("set", "image=debian")
        return lab
    }

    /// - Parameter golden: the server's initial state: `tiny` or `debian`.
    private init(_ golden: String) throws {
        try Self.makeGolden(golden)
        _ = try? Self.lab("down")
        try? FileManager.default.removeItem(atPath: Self.directory)
        try FileManager.default.createDirectory(atPath: Self.directory, withIntermediateDirectories: true)
        // Versions never change, so their files are shared. The rest is copied.
        try Self.run(
            "sh",
            [
                "-euc",
                """
                mkdir state && chown --reference="$1/$2/state" state && chmod --reference="$1/$2/state" state
                cp -al "$1/$2/state/images" state/
                find "$1/$2/state" -mindepth 1 -maxdepth 1 ! -name images -exec cp -a {} state/ \\;
                cp "$1/key" "$1/key.pub" .
                """, "sh", Self.golden, golden,
            ], in: Self.directory)
        atexit { _ = try? BootLab.lab("down") }
        try Self.lab("up")
        try startServer()
    }

    /// Builds the laboratories' initial state. Tests/run.py does so before any suite that needs it.
    static func makeGolden(_ name: String) throws {
        guard environment("ROOST_LANE") == nil else { return }
        try run(
            "\(repository)/Lab/golden.sh", [name], environment: ["ROOST": roost, "ROOST_NODE": nodeProgram])
    }

    // MARK: The server

    static var stateDirectory: String { "\(directory)/state" }
    static var socket: String { "\(directory)/socket/api.sock" }

    /// - Parameters:
    ///   - descriptors: the server's limit; nil: this system's.
    ///   - point: a kill point, at which it is to end.
    func startServer(descriptors: Int? = nil, killedAt point: String? = nil) throws {
        try Self.lab(
            ["serve", "roost"] + (descriptors.map { ["prlimit", "--nofile=\($0):\($0)"] } ?? [])
                + (point.map { ["env", "ROOST_KILL_AT=\($0)"] } ?? []) + [
                    Self.roost, "serve", "--interface", "br0", "--state-directory",
                    Self.stateDirectory, "--socket",
                    Self.socket, "--node-program", Self.nodeProgram, "--user", "daemon",
                ])
        try waitUntil("the server is ready", seconds: 60) { log("roost").contains(" ready: ") }
    }

    /// The server's process.
    func serverProcess() throws -> Int32 {
        let pid = try text("\(Self.directory)/run/\(Self.namespace)/roost.pid")
        return try #require(Int32(pid.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// Runs `body` with an empty server instead of the usual one.
    func withEmptyServer(_ body: () throws -> Void) throws {
        let state = "\(Self.directory)/empty"
        defer { try? FileManager.default.removeItem(atPath: state) }
        try withServer("", state: state, body)
    }

    /// Runs `body` with additional configuration lines, instead of the usual server.
    func withServer(
        _ more: String, state: String = BootLab.stateDirectory, nodeProgram: String = BootLab.nodeProgram,
        _ body: () throws -> Void
    ) throws {
        let file = "\(Self.directory)/other.yaml"
        try Data(
            """
            interfaces: [br0]
            state-directory: \(state)
            socket: \(Self.socket)
            image-cache: \(Self.ownCache)
            node-program: \(nodeProgram)
            user: daemon
            \(more)
            """.utf8
        ).write(to: URL(fileURLWithPath: file))
        try Self.lab("stop", "roost")
        defer {
            _ = try? Self.lab("stop", "roost")
            do { try startServer() } catch { Issue.record(error) }
        }
        let proxy = try Self.startProxy()
        defer { proxy.end() }
        try Self.lab(
            "serve", "roost", "env", "http_proxy=http://127.0.0.1:3128", "https_proxy=http://127.0.0.1:3128",
            Self.roost, "serve", "--configuration", file)
        try waitUntil("the server is ready", seconds: 60) { log("roost").contains(" ready: ") }
        try body()
    }

    /// The laboratory's access to mirrors: an HTTP proxy that listens inside and connects from outside.
    private static func startProxy() throws -> Background {
        let script = """
            import asyncio, ctypes, os, socket, sys, urllib.parse
            libc, home = ctypes.CDLL(None), os.open('/proc/self/ns/net', os.O_RDONLY)
            assert libc.setns(os.open('/run/netns/' + sys.argv[1], os.O_RDONLY), 0) == 0
            inside = socket.create_server(('127.0.0.1', 3128))
            assert libc.setns(home, 0) == 0
            async def pipe(reader, writer):
                try:
                    while data := await reader.read(65536): writer.write(data); await writer.drain()
                except OSError: pass
                finally: writer.close()
            async def serve(reader, writer):
                try:
                    head = await reader.readuntil(b'\\r\\n\\r\\n')
                    method, target, version = head.split(b'\\r\\n')[0].decode().split()
                    if method == 'CONNECT':
                        host, port = target.rsplit(':', 1)
                        far_reader, far_writer = await asyncio.open_connection(host, int(port))
                        writer.write(b'HTTP/1.1 200 OK\\r\\n\\r\\n')
                    else:
                        url = urllib.parse.urlsplit(target)
                        far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port or 80)
                        # One request per connection: the next may be for another host.
                        lines = [l for l in head.split(b'\\r\\n')[1:-2] if not l.lower().startswith((b'connection:', b'proxy-'))]
                        path = (url.path or '/') + ('?' + url.query if url.query else '')
                        far_writer.write(f'{method} {path} HTTP/1.1\\r\\n'.encode() + b'\\r\\n'.join(lines) + b'\\r\\nConnection: close\\r\\n\\r\\n')
                    await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))
                except (OSError, EOFError, ValueError): pass
                finally: writer.close()
            async def main():
                async with await asyncio.start_server(serve, sock=inside) as server: await server.serve_forever()
            asyncio.run(main())
            """
        let proxy = try Background(
            "/usr/bin/python3", ["-c", script, namespace], log: "\(directory)/log/proxy.log")
        try Pace.wait(10, until: "the proxy listens") {
            try lab("exec", "ss", "-Hltn").contains("127.0.0.1:3128")
        }
        return proxy
    }

    func killServer() throws {
        let pid = try serverProcess()
        kill(pid, SIGKILL)
        try waitUntil("the server is dead", seconds: 10) { kill(pid, 0) != 0 }
    }

    /// `roost` with arguments, against the laboratory's server.
    @discardableResult
    func roost(_ arguments: String...) throws -> String {
        try Self.run(Self.roost, arguments, environment: ["ROOST_SOCKET": Self.socket])
    }

    /// Publishes what is at `path` as the next version of an image, and returns the command's output.
    @discardableResult
    func importImage(_ image: String, _ path: String, _ more: String..., cache: String = BootLab.cache) throws
        -> String
    {
        try Self.run(
            Self.roost,
            [
                "image", "import", image, path, "--state-directory", Self.stateDirectory, "--cache", cache,
            ] + more, environment: ["ROOST_SOCKET": Self.socket])
    }

    /// Processes of a program in the laboratory's namespace. It does not see those of other lanes.
    func processes(of program: String) throws -> [Int32] {
        try Self.run("ip", ["netns", "pids", Self.namespace]).split(whereSeparator: \.isWhitespace)
            .compactMap { Int32($0) }
            .filter { pid in
                let words = (try? text("/proc/\(pid)/cmdline"))?.split(separator: "\0") ?? []
                return words.prefix(2).contains { $0.split(separator: "/").last?.hasPrefix(program) == true }
            }
    }

    /// The laboratory's administrator, whose password is that of all tests.
    static let administrator = "ann"

    func addAdministrator() throws {
        let known = try roost("admin", "list")
        guard !known.contains(Self.administrator) else { return }
        try Self.run(
            "sh",
            ["-c", "echo '\(CenterServer.password)' | \(Self.roost) admin add \(Self.administrator) admin"],
            environment: ["ROOST_SOCKET": Self.socket])
    }

    func json(_ arguments: String...) throws -> Any {
        let text = try Self.run(
            Self.roost, arguments + ["--json"], environment: ["ROOST_SOCKET": Self.socket])
        return try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// Fails unless the server's answer matches its own OpenAPI document: one `schema`, or a list of them.
    static func requireDocumented(_ path: String, _ schema: String, socket: String = BootLab.socket) throws {
        try run(
            "env",
            [
                "PYTHONPATH=\(repository)/.build/python", "/usr/bin/python3", "-c",
                """
                import json, subprocess, sys, jsonschema_rs, yaml
                def get(path):
                    url = "http://localhost/api/v1/" + path
                    return subprocess.run(["curl", "-sf", "--unix-socket", sys.argv[1], url], check=True, capture_output=True).stdout
                document, answer = yaml.safe_load(get("openapi.yaml")), json.loads(get(sys.argv[2]))
                schema = {"$ref": "#/components/schemas/" + sys.argv[3], "components": document["components"]}
                found = answer if isinstance(answer, list) else [answer]
                assert found, "an empty answer shows nothing"
                for one in found: jsonschema_rs.Draft202012Validator(schema).validate(one)
                """, socket, path, schema,
            ])
    }

    // MARK: Machines

    /// Powers a machine on and waits until its console shows the last of `expecting`; it keeps running.
    @discardableResult
    func boot(_ name: String, mac: String, _ options: [String] = [], expecting: [String], timeout: Int = 240)
        throws -> String
    {
        let marks = expecting.flatMap { ["--expect", $0] }
        return try Spans.measure("boot", name + (options.contains("--direct") ? ", direct" : "")) {
            try Self.lab(
                ["boot", name, "--mac", mac, "--timeout", String(Pace.seconds(timeout)), "--keep"] + options
                    + marks)
        }
    }

    /// Powers on a machine for tests that are not about firmware: kernel and initramfs are loaded at once. It keeps running.
    @discardableResult
    func bootDirectly(
        _ name: String, mac: String, _ options: [String] = [], expecting: [String] = [BootLab.handover]
    ) throws -> String {
        try boot(name, mac: mac, ["--direct"] + options, expecting: expecting)
    }

    /// What the console shows when the image's own init starts.
    static let handover = "roost: starting /sbin/init"

    func powerOff(_ name: String) throws { try Self.lab("stop", name) }

    /// The stages that a machine's newest boot has reached.
    func stages(_ node: String) throws -> [String] {
        // Polled while a machine boots: curl costs a tenth of our own command line.
        let text = try Self.run(
            "curl", ["-s", "--unix-socket", Self.socket, "http://roost/api/v1/nodes/\(node)"])
        guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let boots = answer["boots"] as? [[String: Any]],
            let entries = boots.first?["entries"] as? [[String: Any]]
        else { return [] }
        return entries.compactMap { $0["stage"] as? String }
    }

    func waitForStage(_ stage: String, of node: String, seconds: Int = 240) throws {
        try Spans.measure("wait", "\(node) is \(stage)") {
            try waitUntil("\(node) is \(stage)", seconds: seconds) {
                ((try? stages(node)) ?? []).contains(stage)
            }
        }
    }

    /// What a node does now: ready, lost, off …
    func state(of node: String) throws -> String? {
        (try json("node", "show", node) as? [String: Any])?["state"] as? String
    }

    /// The machine's present address.
    func address(of node: String) throws -> String {
        let machines = try json("node", "list") as? [[String: Any]] ?? []
        let machine = machines.first { $0["name"] as? String == node }
        return try #require(machine?["address"] as? String)
    }

    // MARK: Tools

    func log(_ name: String) -> String { (try? text("\(Self.directory)/log/\(name).log")) ?? "" }
    func console(_ name: String) -> String { (try? text("\(Self.directory)/log/\(name).serial")) ?? "" }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }

    func waitUntil(_ what: String, seconds: Int, _ condition: () throws -> Bool) throws {
        try Pace.wait(seconds, until: what, state: { String(log("roost").suffix(2_000)) }, condition)
    }

    @discardableResult
    static func lab(_ arguments: String...) throws -> String { try lab(arguments) }

    @discardableResult
    static func lab(_ arguments: [String]) throws -> String {
        try run(
            "\(repository)/Lab/lab.sh", arguments, environment: ["LAB_DIR": directory, "LAB_NS": namespace])
    }

    private static func find(_ program: String) -> String? {
        if program.hasPrefix("/") { return program }
        return ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program to its end and returns its standard output.
    @discardableResult
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        in directory: String? = nil
    ) throws -> String {
        if program == roost, arguments.first == "image", let act = arguments.dropFirst().first,
            ["build", "import", "shell", "upgrade", "boot-test"].contains(act)
        {
            return try Spans.measure(act, arguments.dropFirst(2).first ?? "") {
                try runUnmeasured(program, arguments, environment: environment, in: directory)
            }
        }
        return try runUnmeasured(program, arguments, environment: environment, in: directory)
    }

    private static func runUnmeasured(
        _ program: String, _ arguments: [String], environment: [String: String], in directory: String?
    ) throws -> String {
        guard let path = find(program) else {
            throw CommandFailed(command: program, status: 127, output: "not installed")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: a process left running would keep a pipe open.
        let output = try temporaryFile()
        let errors = try temporaryFile()
        defer { for file in [output, errors] { try? FileManager.default.removeItem(atPath: file) } }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try process.start()
        let status = process.waitForEnd().status
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self)
        guard status == 0 else {
            let said = String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self)
            throw CommandFailed(
                command: ([program] + arguments).joined(separator: " "), status: status,
                output: String((text + said).suffix(4_000)))
        }
        return text
    }

    private static func temporaryFile() throws -> String {
        let path = NSTemporaryDirectory() + "roost-e2e-" + UUID().uuidString
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw CommandFailed(command: "create \(path)", status: 1, output: "")
        }
        return path
    }
}
