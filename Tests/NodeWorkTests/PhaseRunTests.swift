import Foundation
import NodeWork
import Testing
import Wire

/// A phase of a node's steps: where it is read from, what is told of it, and what it stops.
@Suite final class PhaseRunTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func step(_ name: String, fails: Bool = false, _ failure: StepFailure = .goOn) -> StepWork {
        StepWork(
            name: name, failure: failure, attempts: 1, secondLimit: 9,
            acts: [
                fails
                    ? .mounted(path: "/nowhere") : .write(path: "/etc/\(name)", mode: 0o600, content: [65])
            ])
    }

    private func run(_ steps: StepWork..., marks: String = "") -> PhaseRun {
        PhaseRun(steps, StepMarks(text: marks), StepRun(.late, root: root, wait: { _ in }))
    }

    @Test func `each step is told with the mark that the server gave it`() {
        let run = run(step("a"), step("b"), marks: "m-b b\nm-x x\n")
        #expect(run.results.map(\.name) == ["a", "b"] && run.results.map(\.mark) == [nil, "m-b"])
        #expect(run.results.map(\.outcome) == [.done, .done] && run.stopReason == nil)
    }

    @Test func `a failed step stops what follows only where that is its policy, and says why`() throws {
        let goesOn = run(step("a", fails: true), step("b"))
        #expect(goesOn.stopReason == nil && goesOn.results.map(\.outcome) == [.failed, .done])
        let stops = run(step("a", fails: true, .stop), step("b"))
        #expect(stops.results.map(\.outcome) == [.failed, .skipped])
        let reason = try #require(stops.results[0].output.first)
        #expect(stops.stopReason == "step a: \(reason)")
    }

    @Test func `steps before init are where they were delivered, others where they were kept`() {
        #expect(StepPhase.beforeInit.listPath == "/run/roost/configuration/steps/before-init")
        #expect(StepPhase.beforeInit.marksPath.hasPrefix("/run/roost/configuration/"))
        for phase in StepPhase.allCases where phase != .beforeInit {
            #expect(phase.listPath == "/run/roost/steps/\(phase.rawValue)")
            #expect(phase.marksPath == "/run/roost/marks")
        }
    }

    @Test func `a node without steps of a phase has nothing to do, and a damaged list is an error`() throws {
        #expect(try StepPhase.steps(in: "\(root)/none") == nil)
        try Data([0xff, 0xff, 0xff]).write(to: URL(fileURLWithPath: "\(root)/damaged"))
        #expect(throws: WireError.self) { try StepPhase.steps(in: "\(self.root)/damaged") }
    }
}
