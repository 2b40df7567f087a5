import Foundation
import NodeWork
import Testing
import Wire

/// Changed steps that a running node carries out.
@Suite final class RunningNodeTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func step(_ name: String, _ phase: StepPhase, _ path: String, _ failure: StepFailure = .goOn)
        -> AppliedStep
    {
        AppliedStep(
            phase: phase, mark: "m-\(name)",
            work: StepWork(
                name: name, failure: failure, attempts: 1, secondLimit: 9,
                acts: [
                    path.isEmpty
                        ? .mounted(path: "/nowhere") : .write(path: path, mode: 0o600, content: [65])
                ]))
    }

    @Test func `they are carried out in order, and each is told with its phase and mark`() throws {
        let run = StepRun(.late, root: root, wait: { _ in })
        let results = RunningNode.carryOut(
            [
                step("a", .beforeInit, "/etc/a"), step("b", .atInit, "", .stop), step("c", .late, "/etc/c"),
            ], run)
        #expect(results.map(\.phase) == [.beforeInit, .atInit, .late])
        #expect(results.map(\.result.outcome) == [.done, .failed, .skipped])
        #expect(results.map(\.result.mark) == ["m-a", "m-b", "m-c"])
        #expect(FileManager.default.fileExists(atPath: "\(root)/etc/a"))
        #expect(!FileManager.default.fileExists(atPath: "\(root)/etc/c"))
        #expect(StepReports.json(results.map(\.result)).text.contains(#""mark":"m-b""#))
    }

    @Test func `what was applied is sent behind what the start told, and as an addition`() throws {
        let reports = StepReports(directory: "\(root)/results")
        let done = StepRun.Result(name: "a", outcome: .done, attempts: 1, milliseconds: 1, output: [])
        try reports.keep([done], of: .late, isAddition: true)
        try reports.keep([done], of: .late)
        var sent: [Bool] = []
        try reports.send { _, phase, isAddition in
            #expect(phase == .late)
            sent.append(isAddition)
        }
        #expect(sent == [false, true])
    }

    @Test func `marks are read by the names of their steps, which may have blanks`() {
        let marks = StepMarks(text: "0a1b command 10 x\nff hosts\n\nno-name\n")
        #expect(marks["command 10 x"] == "0a1b" && marks["hosts"] == "ff" && marks["no-name"] == nil)
    }
}
