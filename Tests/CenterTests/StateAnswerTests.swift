import API
import Fleet
import Foundation
import Testing
import Wire

/// States and stages in JSON are words of a closed set, for programs; sentences are made only for people.
@Suite struct StateAnswerTests {
    private func object(_ value: some Encodable) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }

    private static let machines: [(MachineState, BootStage?, failure: String?, words: String)] = [
        (.booting, .kernel, nil, "at kernel"), (.stuck, .initialised, nil, "at init"),
        (.ready, .ready, nil, "ready"), (.failed, .failed, "no root", "failed: no root"),
        (.unseen, nil, nil, ""), (.lost, .ready, nil, "lost"), (.off, .off, nil, "off"),
    ]

    @Test(arguments: machines)
    func `a machine has separate members for state, stage and failure`(
        state: MachineState, stage: BootStage?, failure: String?, words: String
    ) throws {
        let machine = MachineAnswer(
            name: try NodeName("pc-1"), isKnown: true, tags: [], state: state, stage: stage, failure: failure)
        let json = try object(machine)
        #expect(json["state"] as? String == state.rawValue)
        #expect(json["stage"] as? String == stage?.rawValue)
        #expect(json["failure"] as? String == failure)
        #expect(machine.stageInWords == words)
    }

    @Test func `figures by state and stage are objects with these words as keys`() throws {
        let figures = FiguresAnswer(
            states: [.ready: 2, .stuck: 1], unknownCount: 0, bootCount: 2, stages: [.initialised: 900],
            minutes: [], troubles: [], limited: [])
        let json = try object(figures)
        #expect(json["states"] as? [String: Int] == ["ready": 2, "stuck": 1])
        #expect(json["stages"] as? [String: Int] == ["init": 900])
    }
}
