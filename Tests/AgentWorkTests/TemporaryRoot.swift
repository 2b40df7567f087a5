import Foundation
import Synchronization

@testable import AgentWork

/// A directory that an agent takes for its whole machine; removed with its owner.
final class TemporaryRoot: Sendable {
    let path = NSTemporaryDirectory() + "roost-agent-" + UUID().uuidString

    init(_ files: [String: String] = [:]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for directory in [AgentPlaces.stateDirectory, AgentPlaces.runDirectory] {
            try FileManager.default.createDirectory(
                atPath: path + directory, withIntermediateDirectories: true)
        }
        for (name, text) in files { try write(text, to: name) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var places: AgentPlaces { AgentPlaces(root: path) }

    func write(_ text: String, to name: String) throws {
        let file = URL(fileURLWithPath: path + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: path + name, encoding: .utf8) }
}

/// Programs that only note that they were called, and succeed unless a test says otherwise.
final class NotedPrograms: AgentPrograms {
    private let calls = Mutex<[String]>([])
    private let outputs: [String: String]
    private let failing: Set<String>

    init(outputs: [String: String] = [:], failing: Set<String> = []) {
        (self.outputs, self.failing) = (outputs, failing)
    }

    var all: [String] { calls.withLock { $0 } }

    func run(_ program: String, _ arguments: [String], input: [UInt8], seconds: Int) throws -> ProgramEnd {
        calls.withLock { $0.append(([program] + arguments).joined(separator: " ")) }
        return ProgramEnd(
            status: failing.contains(program) ? 1 : 0, output: Array((outputs[program] ?? "").utf8))
    }
}
