import API
import Foundation
import Testing

/// The agent of a terminal server with one session, made of openssl and curl: enough for pages that list sessions and give orders.
final class SessionAgent {
    private let directory: String
    private let port: Int
    private let orders: Process

    /// Joins a control center, reports the session of `user`, and listens for orders.
    init(of server: CenterServer, named name: String, port: Int, session user: String) throws {
        directory = "\(server.directory)/\(name)"
        self.port = port
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let command = try server.roost("server", "token", name)
        let token = try #require(command.firstMatch(of: /join \S+ (\S+)/)?.1)
        try BootLab.run(
            "openssl",
            [
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", "\(directory)/key", "-out", "\(directory)/request", "-subj", "/CN=\(name)",
            ])
        let wish: [String: Any] = [
            "token": String(token), "name": name, "address": "127.0.0.1", "ports": ["rdp": 3389],
            "certificateRequest": try String(contentsOfFile: "\(directory)/request", encoding: .utf8),
        ]
        let answer = try server.ask("POST", "/api/v1/agents/join", body: Self.text(wish)).body
        let joined = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
        let certificate = try #require(joined?["certificate"] as? String)
        try Data(certificate.utf8).write(to: URL(fileURLWithPath: "\(directory)/certificate"))
        let lines = "\(directory)/orders"
        try Data().write(to: URL(fileURLWithPath: lines))
        orders = Process()
        orders.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        orders.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: lines))
        orders.standardInput = FileHandle.nullDevice
        orders.arguments = ["curl", "-N"] + arguments(for: "orders")
        let report: [String: Any] = [
            "version": "1", "bootID": "1", "abilities": AgentAbility.allCases.map(\.rawValue),
            "load": [
                "processorCount": 4, "loadAverage": 0.5, "memoryByteCount": 8 << 30,
                "usedMemoryByteCount": 1 << 30, "idleMemoryByteCount": 1 << 30, "sessionCount": 1,
            ],
            "rooms": [], "ports": ["rdp": 3389], "hostKeys": [], "troubles": [], "events": [],
            "sessions": [
                [
                    "id": "s1", "user": user, "kind": "rdp", "display": ":10", "age": 60, "idle": 3,
                    "isConnected": true, "from": "",
                ]
            ],
        ]
        // The port opens once an agent is expected.
        try Pace.wait(10, until: "the agent reports") { try self.post("report", report) != nil }
        try orders.start()
    }

    func end() {
        kill(orders.processIdentifier, SIGKILL)
        orders.waitForEnd()
    }

    /// Says that the next order was carried out, as soon as it comes; does not wait for it: what gives orders waits for that.
    func carryOutNextOrder() throws {
        let script = #"""
            for _ in $(seq 300); do
              id=$(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$1" | head -n 1)
              [ -z "$id" ] || break
              sleep 0.1
            done
            shift
            exec curl -f -m 30 -H 'Content-Type: application/json' --data-binary "{\"order\":\"$id\",\"problem\":\"\"}" "$@"
            """#
        let answer = Process()
        answer.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        answer.arguments = ["sh", "-c", script, "sh", "\(directory)/orders"] + arguments(for: "results")
        answer.standardInput = FileHandle.nullDevice
        answer.standardOutput = FileHandle.nullDevice
        answer.standardError = FileHandle.nullDevice
        try answer.start()
    }

    /// The orders that have come, a line each.
    var given: String {
        get throws { try String(contentsOfFile: "\(directory)/orders", encoding: .utf8) }
    }

    /// Nil while the port does not answer.
    private func post(_ path: String, _ body: [String: Any]) throws -> String? {
        let text = try Self.text(body)
        return try? BootLab.run(
            "curl",
            ["-f", "-m", "30", "-H", "Content-Type: application/json", "--data-binary", text]
                + arguments(for: path))
    }

    private func arguments(for path: String) -> [String] {
        [
            "-sk", "--cert", "\(directory)/certificate", "--key", "\(directory)/key",
            "https://127.0.0.1:\(port)/agent/v1/\(path)",
        ]
    }

    private static func text(_ object: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }
}
