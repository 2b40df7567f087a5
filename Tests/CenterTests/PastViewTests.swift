import API
import Fleet
import Testing
import Wire

@testable import Center

/// What is shown of the past: as it was, in its order, and what can be undone of it.
@Suite struct PastViewTests {
    private let name: NodeName
    private let card = MACAddress(rawValue: 0x5254_0000_0001)

    init() throws { name = try NodeName("pc-1") }

    private func acts(_ directory: TemporaryDirectory) async throws -> Acts {
        let services = try await CenterServices.alone(in: directory)
        let ann = Caller(name: "ann", grants: [Grant(.admin, in: .site)], proof: .token(1))
        let (name, card) = (name, card)
        try await services.fleet.change(by: "ann") { _ in
            [.node(name, Node(name: name, macAddresses: [card]))]
        }
        return Acts(services: services, caller: ann)
    }

    @Test func `a list of nodes has the boots of its time`() async throws {
        var acts = try await acts(try TemporaryDirectory())
        let start = Clock.second * 1_000 + 100_000
        let stages: [(BootStage, Int)] = [(.dhcp, 0), (.kernel, 2_000), (.ready, 9_000), (.off, 60_000)]
        let events = stages.map { stage, after in
            BootEvent(boot: "one", macAddress: card, stage: stage, at: start + after, detail: "")
        }
        try await acts.services.fleet.store.append(events)
        try await acts.services.fleet.note(events)
        for (after, state) in [(-1, MachineState.unseen), (3, .booting), (10, .ready), (61, .off)] {
            acts.at = start / 1_000 + after
            let row = try #require(try await acts.nodes("", offset: 0, limit: 9).rows.first)
            #expect(row.state == state && row.heardAt == nil && row.address == nil, "\(after)")
            #expect(try await acts.node("pc-1").state == state, "\(after)")
            #expect(try await acts.names("state=\(state.rawValue)") == [name], "\(after)")
        }
    }

    @Test func `lines of a second stay in their order`() async throws {
        // It is removed with the last who knows of it.
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let acts = try await acts(directory)
        let texts = [1, 10, 2, 11, 3].map { "attempt \($0)" }
        acts.services.logs.append(
            texts.enumerated().map {
                NodeLogs.Line(
                    machine: card, at: 1_000_000 + $0.offset,
                    message: LogMessage(severity: .notice, text: $0.element))
            }
        ) { _ in true }
        let lines = try await acts.log("pc-1", lineCount: 9).lines
        #expect(lines.count == 5)
        for (line, text) in zip(lines, texts) { #expect(line.hasSuffix(text), "\(line)") }
    }

    @Test func `undo is offered while the records are as the change left them`() async throws {
        let acts = try await acts(try TemporaryDirectory())
        let (name, card) = (name, card)
        let first = try await acts.services.fleet.change(by: "ann") { _ in
            [.node(name, Node(name: name, macAddresses: [card], tags: ["a"]))]
        }.revision
        #expect(try await acts.undoableRevision(first, offset: 0, limit: 0).undoProblem == nil)
        let second = try await acts.services.fleet.change(by: "ann") { _ in
            [.node(name, Node(name: name, macAddresses: [card], tags: ["b"]))]
        }.revision
        #expect(
            try await acts.undoableRevision(first, offset: 0, limit: 0).undoProblem?.english.contains(
                "was changed since") == true)
        #expect(try await acts.undoableRevision(second, offset: 0, limit: 0).undoProblem == nil)
    }
}
