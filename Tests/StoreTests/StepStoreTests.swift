import Fleet
import Foundation
import Testing
import Wire

@testable import StoreSQLite

/// How the steps of nodes ended, in the store.
@Suite final class StepStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func results(_ boot: String, _ phase: StepPhase, _ outcome: StepOutcome) -> PhaseResults {
        PhaseResults(
            machine: machine, boot: boot, phase: phase,
            told: [
                StepResult(name: "a", outcome: outcome, attempts: 2, milliseconds: 7, output: ["x", "y"])
            ])
    }

    private func begin(_ boot: String, in store: SQLiteStore) async throws {
        try await store.append([
            BootEvent(boot: boot, macAddress: machine, stage: .dhcp, at: 5, detail: "")
        ])
    }

    @Test func `a phase told again replaces what it told before, and what failed is found by last boots`()
        async throws
    {
        let store = try SQLiteStore(path: path)
        try await begin("one", in: store)
        try await store.save([results("one", .late, .failed), results("one", .beforeInit, .done)])
        #expect(
            try await store.steps(of: machine, in: "one") == [
                results("one", .beforeInit, .done), results("one", .late, .failed),
            ])
        #expect(try await store.failedSteps() == [results("one", .late, .failed)])
        try await store.save([results("one", .late, .done)])
        #expect(try await store.failedSteps().isEmpty)
        try await store.save([results("one", .late, .timedOut)])
        #expect(try await store.failedSteps() == [results("one", .late, .timedOut)])
        try await begin("two", in: store)
        #expect(try await store.failedSteps().isEmpty)
    }

    @Test func `steps that were applied to a running node are added, and survive with their marks`()
        async throws
    {
        let store = try SQLiteStore(path: path)
        try await begin("one", in: store)
        func told(_ name: String, _ outcome: StepOutcome, _ mark: String, _ took: Int = 3) -> StepResult {
            StepResult(name: name, outcome: outcome, milliseconds: took, mark: mark)
        }
        func phase(_ told: [StepResult], isAddition: Bool) -> PhaseResults {
            PhaseResults(machine: machine, boot: "one", phase: .late, told: told, isAddition: isAddition)
        }
        try await store.save([phase([told("a", .failed, "1"), told("b", .done, "2", 9)], isAddition: false)])
        try await store.save([phase([told("c", .done, "3"), told("a", .done, "4")], isAddition: true)])
        #expect(
            try await store.steps(of: machine, in: "one") == [
                phase(
                    [told("a", .done, "4"), told("b", .done, "2", 9), told("c", .done, "3")],
                    isAddition: false)
            ])
        #expect(try await store.failedSteps().isEmpty)
        // To a phase that told nothing.
        let early = PhaseResults(
            machine: machine, boot: "one", phase: .atInit, told: [told("d", .failed, "5")], isAddition: true)
        try await store.save([early])
        #expect(try await store.failedSteps().map(\.phase) == [.atInit])
    }

    @Test func `durations are those of steps that were done in last boots`() async throws {
        let store = try SQLiteStore(path: path)
        let other = MACAddress(rawValue: 0x5254_0000_0002)
        func save(_ machine: MACAddress, _ boot: String, _ outcome: StepOutcome, _ took: Int) async throws {
            try await store.append([
                BootEvent(boot: boot, macAddress: machine, stage: .dhcp, at: 5, detail: "")
            ])
            try await store.save([
                PhaseResults(
                    machine: machine, boot: boot, phase: .late,
                    told: [StepResult(name: "a", outcome: outcome, milliseconds: took)])
            ])
        }
        try await save(machine, "one", .done, 100)
        try await save(machine, "two", .done, 7)
        try await save(other, "three", .done, 9)
        #expect(try await store.stepDurations(of: [machine, other])["a"]?.sorted() == [7, 9])
        #expect(try await store.stepDurations(of: [machine]) == ["a": [7]])
        #expect(try await store.stepDurations(of: []).isEmpty)
        try await save(other, "four", .failed, 60_000)
        #expect(try await store.stepDurations(of: [other]).isEmpty)
    }

    @Test func `of each machine the last ten boots are kept`() async throws {
        let store = try SQLiteStore(path: path)
        for number in 1...14 {
            try await store.save([
                results("\(number)", .beforeInit, .done), results("\(number)", .late, .done),
            ])
        }
        for number in 1...14 {
            let count = try await store.steps(of: machine, in: "\(number)").count
            #expect(count == (number > 4 ? 2 : 0), "\(number)")
        }
    }

    @Test func `results survive a downgrade and the way up again`() async throws {
        do {
            let store = try SQLiteStore(path: path)
            try await begin("one", in: store)
            try await store.save([results("one", .late, .failed)])
        }
        try SchemaSteps.downgrade(path: path, to: 12)
        #expect(try SchemaSteps.current(path: path) == 12)
        let store = try SQLiteStore(path: path)
        #expect(try await store.failedSteps() == [results("one", .late, .failed)])
    }
}
